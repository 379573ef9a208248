"""Keys: each has jobs of its own and limits of its own; an administrator sees all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from greenroom.serve.keys import new_key
from tests.media import media_files
from tests.serve.routes.asking import NOOP, SLEEPER, SLOW, post_job, until
from tests.serve.servers import MODELS, RunningServer, running_server


@dataclass
class Keyed:
    """A server whose file of keys names ann, bob, a slow one and an administrator."""

    server: RunningServer
    keys: dict[str, str]

    def client(self, name: str) -> httpx.Client:
        return self.server.client(self.keys[name])


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    folder = tmp_path_factory.mktemp("access")
    made = {
        "ann": new_key("ann", concurrency=2),
        "bob": new_key("bob"),
        "slow": new_key("slow", requests_per_minute=1),
        "root": new_key("root", admin=True),
    }
    (folder / "keys.toml").write_text("\n".join(entry for _, entry in made.values()))
    arguments = ("--keys", str(folder / "keys.toml"))
    with running_server(folder, "Noop", "Sleeper", "TakesMedia", arguments=arguments) as server:
        yield Keyed(server, {name: key for name, (key, _) in made.items()})


@pytest.fixture
def clients(keyed: Keyed) -> Iterator[dict[str, httpx.Client]]:
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(keyed.client(name)) for name in keyed.keys}


@pytest.mark.parametrize(
    "path", ["/v1/jobs", "/v1/models", "/v1/audio/voices", "/v1/videos", "/health", "/metrics", "/v2/x/health"]
)
def test_who_has_no_key_gets_nothing(keyed: Keyed, path: str) -> None:
    with keyed.server.client() as nobody, keyed.server.client("gr_wrong") as wrong:
        for client in (nobody, wrong):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_whether_it_lives_is_no_secret(keyed: Keyed) -> None:
    with keyed.server.client() as nobody:
        assert [nobody.get(path).status_code for path in ("/livez", "/readyz", "/", "/openapi.json")] == [200] * 4
        assert nobody.get("/openapi.json").json()["security"] == [{"key": []}]


def test_a_key_sees_its_own_jobs_and_an_administrator_all(clients: dict[str, httpx.Client]) -> None:
    ann, bob, root = clients["ann"], clients["bob"], clients["root"]
    of_ann, of_bob = post_job(ann)["id"], post_job(bob)["id"]
    until(ann, of_ann)
    until(bob, of_bob)

    def ids(client: httpx.Client) -> set[str]:
        return {job["id"] for job in client.get("/v1/jobs?limit=100").json()["data"]}

    assert of_ann in ids(ann)
    assert of_ann not in ids(bob)
    assert {of_ann, of_bob} <= ids(root)
    for method, path in [
        ("GET", f"/v1/jobs/{of_ann}"), ("GET", f"/v1/jobs/{of_ann}/events"), ("POST", f"/v1/jobs/{of_ann}/cancel"),
        ("POST", f"/v1/jobs/{of_ann}/retry"), ("DELETE", f"/v1/jobs/{of_ann}"), ("GET", f"/status/{of_ann}"),
        ("GET", f"/stream/{of_ann}"), ("POST", f"/cancel/{of_ann}"), ("GET", f"/v1/videos/{of_ann}"),
        ("GET", f"/v1/videos/{of_ann}/content"), ("DELETE", f"/v1/videos/{of_ann}"),
        ("GET", f"/v1/jobs?after={of_ann}"),
    ]:  # fmt: skip
        assert bob.request(method, path).status_code == 404, path
    assert ann.get(f"/v1/jobs/{of_ann}").status_code == 200
    assert root.delete(f"/v1/jobs/{of_ann}").status_code == 204


def test_a_file_needs_its_own_key_or_a_link(keyed: Keyed, clients: dict[str, httpx.Client]) -> None:
    ann = clients["ann"]
    [artifact] = until(ann, post_job(ann, SLEEPER, {"steps": 1, "step_s": 0})["id"])["artifacts"]
    bare = f"/v1/artifacts/{artifact['id']}"
    with keyed.server.client() as nobody:
        assert nobody.get(bare).status_code == 401
        assert nobody.get(artifact["url"]).text == "1 steps"
        assert nobody.get(f"{artifact['url']}x").status_code == 403
    assert ann.get(bare).status_code == 200
    assert clients["bob"].get(bare).status_code == 404
    assert clients["root"].get(bare).status_code == 200


def test_an_upload_is_its_sender_s(clients: dict[str, httpx.Client], tmp_path_factory: pytest.TempPathFactory) -> None:
    ann, bob = clients["ann"], clients["bob"]
    with media_files.wav(tmp_path_factory.mktemp("own") / "a.wav", seconds=0.1).open("rb") as file:
        kept = ann.post("/v1/uploads", files={"file": file}).json()["id"]
    model = f"{MODELS}:TakesMedia"
    assert bob.get(f"/v1/uploads/{kept}").status_code == 404
    assert bob.delete(f"/v1/uploads/{kept}").status_code == 404
    assert bob.post("/v1/jobs", json={"model": model, "input": {"sound": kept}}).status_code == 422
    assert bob.post(f"/v1/models/{model}/generate", json={"sound": kept}).status_code == 422
    assert until(ann, post_job(ann, model, {"sound": kept})["id"])["status"] == "succeeded"


def test_a_key_has_so_many_jobs_at_once(clients: dict[str, httpx.Client]) -> None:
    ann = clients["ann"]
    ended = post_job(ann, SLEEPER, SLOW)["id"]
    ann.post(f"/v1/jobs/{ended}/cancel")
    until(ann, ended)
    jobs = [post_job(ann, SLEEPER, SLOW)["id"] for _ in range(2)]
    for path, body in [
        ("/v1/jobs", {"model": NOOP, "input": {}}), ("/run", {"input": {}}), ("/v1/videos", {"model": NOOP}),
    ]:  # fmt: skip
        answer = ann.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (429, "too-many-jobs"), path
        assert int(answer.headers["retry-after"]) > 0
    for path in (f"/v1/jobs/{ended}/retry", f"/retry/{ended}"):
        assert ann.post(path).json()["code"] == "too-many-jobs", path
    assert post_job(clients["bob"])["status"] == "queued"
    for job_id in jobs:
        ann.post(f"/v1/jobs/{job_id}/cancel")
    for job_id in jobs:
        until(ann, job_id)
    allowed = ann.post("/v1/jobs", json={"model": NOOP, "input": {}})
    assert allowed.status_code == 202
    until(ann, allowed.json()["id"])  # or it would count among the jobs of the next test


def test_a_job_that_is_asked_for_again_is_no_job_more(clients: dict[str, httpx.Client]) -> None:
    ann = clients["ann"]
    body, headers = {"model": SLEEPER, "input": SLOW}, {"Idempotency-Key": "at the limit"}
    first = ann.post("/v1/jobs", json=body, headers=headers).json()["id"]
    second = post_job(ann, SLEEPER, SLOW)["id"]
    again = ann.post("/v1/jobs", json=body, headers=headers)
    assert (again.status_code, again.json().get("id")) == (200, first)
    for job_id in (first, second):
        ann.post(f"/v1/jobs/{job_id}/cancel")
        until(ann, job_id)


def test_a_key_asks_so_often(clients: dict[str, httpx.Client]) -> None:
    answers = [clients["slow"].get("/v1/models") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200, 429}
    refused = answers[-1]
    assert refused.json()["code"] == "rate-limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert clients["bob"].get("/v1/models").status_code == 200


def test_an_idempotency_key_is_each_caller_s(clients: dict[str, httpx.Client]) -> None:
    headers = {"Idempotency-Key": "shared words"}
    made = [
        clients[name].post("/v1/jobs", json={"model": NOOP, "input": {"text": name}}, headers=headers)
        for name in ("ann", "bob")
    ]
    assert [answer.status_code for answer in made] == [202, 202]


def test_no_key_is_in_the_log(keyed: Keyed, clients: dict[str, httpx.Client]) -> None:
    clients["bob"].get("/v1/jobs")
    for key in keyed.keys.values():
        assert key not in keyed.server.log()
