"""Webhooks from a server to a receiver on this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from greenroom.jobs.signing import SignatureInvalid, new_webhook_secret, verify_webhook
from tests.serve.routes.asking import SLEEPER, post_job, until
from tests.serve.servers import running_server


@dataclass
class Receiver:
    """Takes messages. url: where it listens.  got: headers and body of each, in order."""

    url: str
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def wait(self, count: int, seconds: float = 60.0) -> list[dict[str, Any]]:
        """The messages, once there are so many."""
        end = time.monotonic() + seconds
        while len(self.got) < count:
            assert time.monotonic() < end, f"{len(self.got)} of {count} came"
            time.sleep(0.02)
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        found = Receiver(f"http://127.0.0.1:{listening.server_port}/hook")
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield found
        listening.shutdown()
        thread.join()


def test_the_end_of_a_job_is_told_signed_and_with_its_files(http: httpx.Client, receiver: Receiver) -> None:
    secret = new_webhook_secret()
    asked = {"url": receiver.url, "secret": secret}
    job = post_job(http, SLEEPER, {"steps": 2, "step_s": 0}, webhook=asked, metadata={"for": "the hook"})
    assert secret not in json.dumps(http.get(f"/v1/jobs/{job['id']}").json())
    [message] = receiver.wait(1)
    headers, body = receiver.got[0]
    verify_webhook([secret], headers, body)
    with pytest.raises(SignatureInvalid):
        verify_webhook([new_webhook_secret()], headers, body)
    with pytest.raises(SignatureInvalid):
        verify_webhook([secret], headers, body + b" ")
    assert headers["content-type"] == "application/json"
    assert message["type"] == "job.succeeded"
    assert message["data"]["id"] == job["id"]
    assert message["data"]["metadata"] == {"for": "the hook"}
    # Its receiver has no key of ours, and is not on our page: the address is whole, and signed.
    assert httpx.get(message["data"]["artifacts"][0]["url"], trust_env=False).text == "2 steps"


def test_the_events_that_are_asked_for_are_told_each_once(http: httpx.Client, receiver: Receiver) -> None:
    asked = {"url": receiver.url, "secret": new_webhook_secret(), "events": ["queued", "started", "cancelled"]}
    job_id = post_job(http, SLEEPER, {"steps": 1000}, webhook=asked)["id"]
    until(http, job_id, "running")
    http.post(f"/v1/jobs/{job_id}/cancel")
    until(http, job_id)
    messages = receiver.wait(3)
    assert sorted(message["type"] for message in messages) == ["job.cancelled", "job.queued", "job.started"]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 3


def test_a_trace_goes_with_the_message(http: httpx.Client, receiver: Receiver) -> None:
    trace = f"00-{'ab' * 16}-{'cd' * 8}-01"
    for given in (trace, "no trace at all\u00e9"):
        body = {"model": SLEEPER, "input": {"steps": 1, "step_s": 0}, "webhook": {"url": receiver.url}}
        headers = [(b"traceparent", given.encode("latin-1"))]
        assert http.post("/v1/jobs", json=body, headers=headers).status_code == 202
    receiver.wait(2)
    traces = [headers.get("traceparent") for headers, _ in receiver.got]
    assert [one.split("-")[1] if one else None for one in traces].count("ab" * 16) == 1


def test_runpod_s_webhook_is_the_same(http: httpx.Client, receiver: Receiver) -> None:
    asked = {"input": {"steps": 1, "step_s": 0}, "webhook": receiver.url}
    job_id = http.post(f"/v2/{SLEEPER}/run", json=asked).json()["id"]
    assert receiver.wait(1)[0]["data"]["id"] == job_id


def test_private_addresses_are_refused_unless_allowed(
    receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running_server(tmp_path_factory.mktemp("public"), "Noop") as server, server.client() as http:
        for url in (receiver.url, "http://169.254.169.254/latest", "http://[::1]:80/", "http://10.0.0.1/"):
            body = {"model": "tests.serve.models:Noop", "input": {}, "webhook": {"url": url}}
            answer = http.post("/v1/jobs", json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "url-refused"), url
        run = http.post("/run", json={"input": {}, "webhook": receiver.url})
        assert run.status_code == 422
    assert receiver.got == []
