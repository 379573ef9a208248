"""The public interface of one endpoint: jobs of a queue, or the health of a load balancer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.ship.runpod.client import read
from greenroom.ship.runpod.errors import AnswerStrange
from greenroom.ship.runpod.types import Job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.ship.runpod.transport import Answer, Transport
    from greenroom.ship.runpod.types import Endpoint, RequestUrls

_PING = "/ping"


class Queue:
    """Jobs of one endpoint of the type QUEUE."""

    def __init__(self, transport: Transport, endpoint: Endpoint) -> None:
        self._transport = transport
        self._urls = endpoint.request_urls
        self._name = endpoint.name

    def run(self, inputs: Mapping[str, Any], *, timeout_ms: int) -> Job:
        """Hand in a job, once: a lost reply raises ReplyLost, since no name would find the job again.

        timeout_ms: of its running, and of its waiting before that. Raises RunPodError.
        """
        policy = {"executionTimeout": max(timeout_ms, 5_000), "ttl": max(timeout_ms * 2, 10_000)}  # the least allowed
        url = self._url("run")
        return read(Job, self._transport.send("POST", url, {"input": dict(inputs), "policy": policy}).body, url)

    def status(self, job: Job) -> Job:
        """How a job stands. Raises RunPodError."""
        url = _of(self._url("status"), job.id)
        return read(Job, self._transport.get(url), url)

    def cancel(self, job: Job) -> None:
        """Stop a job. Raises RunPodError."""
        self._transport.send("POST", _of(self._url("cancel"), job.id), repeatable=True)

    def waiting(self) -> int:
        """Jobs that have not ended. Raises RunPodError."""
        jobs = self.health().get("jobs") or {}
        return sum(int(jobs.get(name) or 0) for name in ("inQueue", "inProgress"))

    def health(self) -> dict[str, Any]:
        """Counts of jobs and workers. Raises RunPodError."""
        said = self._transport.get(self._url("health"))
        return said if isinstance(said, dict) else {}

    def _url(self, name: str) -> str:
        return _required(self._urls, name, self._name)


class Balancer:
    """An endpoint of the type LOAD_BALANCER: its workers answer HTTP of their own."""

    def __init__(self, transport: Transport, endpoint: Endpoint) -> None:
        self._transport = transport
        self._base = _required(endpoint.request_urls, "base", endpoint.name).rstrip("/")
        self._health = endpoint.env.get("HEALTH_CHECK_PATH", _PING)

    def ping(self) -> bool:
        """Whether a worker is ready: 200, where 204 is one that starts. Raises RunPodError."""
        return self._transport.send("GET", f"{self._base}{self._health}").status == 200

    def post(self, path: str, body: Any) -> Answer:
        """Ask a worker something. Raises RunPodError."""
        return self._transport.send("POST", f"{self._base}/{path.lstrip('/')}", body)


def _required(urls: RequestUrls, name: str, endpoint: str) -> str:
    url: str | None = getattr(urls, name)
    if url is None:
        raise AnswerStrange(
            f"RunPod names no address {name} of the endpoint {endpoint}",
            mend="check that its type is the one that was deployed",
        )
    return url


def _of(url: str, job: str) -> str:
    """``.../status/{job_id}`` with the job's id."""
    head, brace, _ = url.partition("{")
    return f"{head}{job}" if brace else f"{url.rstrip('/')}/{job}"
