"""The platform's behaviour without its network: endpoints, versions, workers and jobs, by a clock that is given."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from greenroom.ship.runpod.fake.catalogue import cpus, gpus
from greenroom.ship.runpod.fake.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from greenroom.ship.runpod.fake.pods import Pod

# What makes a new version when it changes, with the platform's own word for it in the release's diff; the rest acts at
# once.
_RELEASED = {
    "image": "template.imageName",
    "env": "template.env",
    "args": "template.dockerArgs",
    "disk": "template.containerDiskInGb",
    "ports": "template.ports",
    "registry": "template.containerRegistryAuthId",
    "gpu": "gpuIds",
    "cpu": "instanceIds",
    "dataCenterIds": "locations",
    "networkVolumes": "networkVolumeIds",
    "flashboot": "flashBootType",
}
_DEFAULTS: dict[str, Any] = {
    "args": "", "disk": 20, "ports": [], "env": {}, "registry": None, "dataCenterIds": [], "networkVolumes": [],
    "timeout": 300_000, "flashboot": "OFF",
}  # fmt: skip
_WORKERS = {"min": 0, "max": 3, "idleTimeout": 10}


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How workers and pods of an image are.

    starts: whether they become healthy.  answers: whether their jobs succeed.  is_ready: whether a pod's port says so.
    """

    boot_s: float = 2.0
    job_s: float = 1.0
    starts: bool = True
    answers: bool = True
    is_ready: bool = True


@dataclass(slots=True)
class Job:
    """One job of a queue."""

    id: str
    inputs: Any
    status: str = "IN_QUEUE"
    worker: str | None = None
    output: Any = None
    error: str | None = None


@dataclass(slots=True)
class Worker:
    """One worker. due: when its next change comes by itself."""

    id: str
    version: int
    image: str
    behaviour: Behaviour
    gpu: str | None
    gpus: int
    status: str
    due: float
    born: float
    job: Job | None = None


@dataclass(slots=True)
class Endpoint:
    """One endpoint. config: as the interface writes it.  asked: requests of a load balancer that want a worker."""

    id: str
    config: dict[str, Any]
    version: int = 1
    releases: list[dict[str, Any]] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    asked: int = 0

    @property
    def queued(self) -> list[Job]:
        """Jobs that wait, the oldest first."""
        return [job for job in self.jobs.values() if job.status == "IN_QUEUE"]

    def is_stale(self, worker: Worker) -> bool:
        """Whether a worker runs an older version."""
        return worker.version != self.version


class Platform:
    """All that one account has.

    behave: how images are, by a part of their name; the first that is found counts.  has_capacity: whether new workers
    get a GPU, or wait for one.  keeps_stale: no stale worker leaves.  gpus, cpus: the catalogue.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.clock = clock or ManualClock()
        self.behave: dict[str, Behaviour] = {}
        self.has_capacity = True
        self.keeps_stale = False
        self.gpus = gpus()
        self.cpus = cpus()
        self.endpoints: dict[str, Endpoint] = {}
        self.pods: dict[str, Pod] = {}
        self.templates: dict[str, dict[str, Any]] = {}
        self.volumes: dict[str, dict[str, Any]] = {}
        self.registries: dict[str, dict[str, Any]] = {}
        self._numbers = 0

    def copy(self) -> Platform:
        """The same account once more, at the same clock; from here on each has a life of its own."""
        other = copy.copy(self)
        for name, value in vars(self).items():
            if name in ("gpus", "cpus"):  # large, and plain JSON, which is copied faster so
                setattr(other, name, json.loads(json.dumps(value)))
            elif name != "clock":
                setattr(other, name, copy.deepcopy(value))
        return other

    def new_id(self, kind: str) -> str:
        """An id such as ``ep7``."""
        self._numbers += 1
        return f"{kind}{self._numbers}"

    def behaviour_of(self, image: str) -> Behaviour:
        """How an image is, by a part of its name."""
        return next((said for part, said in self.behave.items() if part in image), Behaviour())

    def create_endpoint(self, body: Mapping[str, Any]) -> Endpoint:
        """A new endpoint, its first version with it."""
        config = {**copy.deepcopy(_DEFAULTS), **copy.deepcopy(dict(body))}
        config["workers"] = {**_WORKERS, **config.get("workers", {})}
        if "gpu" in config:
            config["gpu"] = _whole_gpu(config["gpu"], {})
        endpoint = Endpoint(self.new_id("ep"), config)
        self.endpoints[endpoint.id] = endpoint
        self._release(endpoint, [])
        self._settle(endpoint, self.clock())
        return endpoint

    def change_endpoint(self, endpoint: Endpoint, values: Mapping[str, Any]) -> None:
        """Set values; those that a container sees make a version that rolls."""
        changes: list[dict[str, Any]] = []
        for name, value in values.items():
            old = endpoint.config.get(name)
            new = copy.deepcopy(value)
            if name == "gpu":
                new = _whole_gpu(new, old or {})
            elif name == "workers":
                new = {**(old or {}), **new}
            endpoint.config[name] = new
            if old != new and name in _RELEASED:
                changes.append({"field": _RELEASED[name], "old": old, "new": new})
        if changes:
            endpoint.version += 1
            self._release(endpoint, changes)
        self._settle(endpoint, self.clock())

    def hand_in(self, endpoint: Endpoint, inputs: Any) -> Job:
        """A new job in the queue of an endpoint."""
        job = Job(self.new_id("job"), inputs)
        endpoint.jobs[job.id] = job
        self._settle(endpoint, self.clock())
        return job

    def ask(self, endpoint: Endpoint) -> None:
        """A request to a load balancer, which brings about a worker where there is none."""
        endpoint.asked = 1
        self._settle(endpoint, self.clock())

    def running(self) -> Iterator[tuple[str, Worker]]:
        """Everything that costs money now: names of endpoints, and their workers."""
        for endpoint in self.endpoints.values():
            for worker in endpoint.workers:
                if worker.status != "THROTTLED":
                    yield endpoint.config["name"], worker

    def advance(self) -> None:
        """Let happen what is due, in the order in which it is."""
        now = self.clock()
        while True:
            due = [
                (worker.due, endpoint, worker) for endpoint in self.endpoints.values() for worker in endpoint.workers
            ]
            then, endpoint, worker = min(due, key=lambda one: one[0], default=(math.inf, None, None))
            if endpoint is None or worker is None or then > now:
                break
            self._happen(endpoint, worker)
            self._settle(endpoint, then)
        for endpoint in self.endpoints.values():
            self._settle(endpoint, now)
        for pod in self.pods.values():
            pod.advance(now)

    def _release(self, endpoint: Endpoint, changes: list[dict[str, Any]]) -> None:
        release = {
            "id": self.new_id("rel"), "version": endpoint.version, "source": "MANUAL", "buildId": None,
            "createdByUserId": None, "createdAt": "2026-11-23T12:00:00Z", "diff": changes,
        }  # fmt: skip
        endpoint.releases.insert(0, release)

    def _happen(self, endpoint: Endpoint, worker: Worker) -> None:
        match worker.status:
            case "INITIALIZING":
                worker.status = "IDLE" if worker.behaviour.starts else "UNHEALTHY"
                worker.due = self._idle_until(endpoint, worker.due) if worker.behaviour.starts else math.inf
            case "RUNNING":
                if (job := worker.job) is not None:
                    job.status = "COMPLETED" if worker.behaviour.answers else "FAILED"
                    job.output = {"image": worker.image} if worker.behaviour.answers else None
                    job.error = None if worker.behaviour.answers else '{"code": "failed", "message": "it fails"}'
                worker.job, worker.status = None, "IDLE"
                worker.due = self._idle_until(endpoint, worker.due)
            case "IDLE":
                worker.due = math.inf
                if len(endpoint.workers) > endpoint.config["workers"]["min"]:
                    endpoint.workers.remove(worker)
            case _:
                worker.due = math.inf

    @staticmethod
    def _idle_until(endpoint: Endpoint, now: float) -> float:
        return now + float(endpoint.config["workers"].get("idleTimeout") or _WORKERS["idleTimeout"])

    def _settle(self, endpoint: Endpoint, now: float) -> None:
        """What follows at once: stale workers leave, jobs are taken, workers come and go."""
        least, most = endpoint.config["workers"]["min"], endpoint.config["workers"]["max"]
        if not self.keeps_stale:
            endpoint.workers = [
                worker for worker in endpoint.workers if worker.status == "RUNNING" or not endpoint.is_stale(worker)
            ]
        idle = [worker for worker in endpoint.workers if worker.status != "RUNNING"]
        for worker in idle[: max(0, len(endpoint.workers) - most)]:
            endpoint.workers.remove(worker)
        for worker in endpoint.workers:
            if worker.status == "THROTTLED" and self.has_capacity:
                worker.status, worker.due = "INITIALIZING", now + worker.behaviour.boot_s
            if worker.status == "IDLE" and (queued := endpoint.queued):
                job = queued[0]
                job.status, job.worker = "IN_PROGRESS", worker.id
                worker.job, worker.status, worker.due = job, "RUNNING", now + worker.behaviour.job_s
        busy = sum(worker.status == "RUNNING" for worker in endpoint.workers)
        wanted = min(most, max(least, busy + len(endpoint.queued) + endpoint.asked))
        while len(endpoint.workers) < wanted:
            endpoint.workers.append(self._new_worker(endpoint, now))

    def _new_worker(self, endpoint: Endpoint, now: float) -> Worker:
        image = str(endpoint.config["image"])
        behaviour = self.behaviour_of(image)
        pools = endpoint.config.get("gpu", {}).get("pools", [])
        gpu = next((known["id"] for known in self.gpus if known["pool"] in pools), None)
        return Worker(
            id=self.new_id("w"),
            version=endpoint.version,
            image=image,
            behaviour=behaviour,
            gpu=gpu,
            gpus=endpoint.config.get("gpu", {}).get("count", 0),
            status="INITIALIZING" if self.has_capacity else "THROTTLED",
            due=now + behaviour.boot_s if self.has_capacity else math.inf,
            born=now,
        )


def _whole_gpu(said: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    whole = {"count": 1, "allowedCudaVersions": [], "minCudaVersion": None, **before, **said}
    whole["minCudaVersion"] = whole["minCudaVersion"] or None
    if "pools" in said and "excludedTypes" not in said:
        whole.pop("excludedTypes", None)
    return whole
