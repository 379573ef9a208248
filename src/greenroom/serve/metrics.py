"""What is counted, for Prometheus: every name and its labels stand in this file.

Labels have few values: models and devices are the server's own, routes are templates. A name from outside becomes
``other``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from greenroom.serve.incidents import Incident, unheard
from greenroom.serve.workers.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from prometheus_client.metrics_core import Metric

    from greenroom.jobs.history import Depth
    from greenroom.serve.incidents import Hear

# From a sampler's step to a long video.
_WORK_S = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0)
_HTTP_S = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0)
_STAGES = frozenset({
    "queue", "wait", "fetch", "prepare", "run", "store", "total", "load", "warm", "wake", "sleep",
})  # fmt: skip
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER = "other"


class _Registry(CollectorRegistry):
    """Leaves out when each series began, which doubles what is sent and which hardly anything reads."""

    def collect(self) -> Iterator[Metric]:
        for family in super().collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
            yield family


class Metrics(Observer):
    """The counts of one server. models: whose names are labels.  Told by the pool, by jobs and by requests.

    Everything is told in the server's event loop.  hear: called there with what went wrong; must not block.
    """

    def __init__(
        self, models: Iterable[str] = (), *, clock: Callable[[], float] = time.time, hear: Hear = unheard
    ) -> None:
        self._models, self._clock, self._hear = frozenset(models), clock, hear
        registry = self._registry = _Registry()
        # Memory and processor time of this process, as greenroom_process_resident_memory_bytes and so on.
        ProcessCollector(namespace="greenroom", registry=registry)

        def counter(name: str, help: str, *labels: str) -> Counter:  # noqa: A002 - Prometheus's word
            return Counter(f"greenroom_{name}", help, labels, registry=registry)

        def gauge(name: str, help: str, *labels: str) -> Gauge:  # noqa: A002 - Prometheus's word
            return Gauge(f"greenroom_{name}", help, labels, registry=registry)

        def histogram(name: str, help: str, buckets: Sequence[float], *labels: str) -> Histogram:  # noqa: A002
            return Histogram(f"greenroom_{name}", help, labels, registry=registry, buckets=buckets)

        self._depth = gauge("queue_depth_jobs", "Jobs that wait.", "model")
        self._running = gauge("running_jobs", "Jobs that run.", "model")
        self._age = gauge("queue_oldest_age_seconds", "How long the oldest job waits.", "model")
        self._in_flight = gauge("in_flight_requests", "Requests that models do now, jobs included.", "model")
        self._free = gauge("free_places", "Requests that could begin now.", "model")
        self._jobs = counter("jobs_finished", "Jobs that ended.", "model", "status")
        self._stage = histogram(
            "stage_duration_seconds", "How long requests and models are in a stage.", _WORK_S, "model", "stage"
        )
        self._requests = counter("http_requests", "Requests that were answered.", "method", "route", "status")
        self._http = histogram(
            "http_response_start_seconds", "From a request to the beginning of its answer.", _HTTP_S, "method", "route"
        )
        self._routes: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._used = gauge("device_memory_used_bytes", "Memory of a device in use, by whomever.", "device")
        self._total = gauge("device_memory_total_bytes", "Memory of a device.", "device")
        self._restarts = counter("worker_restarts", "Workers that ended unasked.", "device")
        self._out_of_memory = counter("out_of_memory", "Attempts that ran out of memory.", "model")
        self._deliveries = counter("webhook_deliveries", "Attempts to deliver a webhook that succeeded.")
        self._undelivered = counter("webhook_failures", "Attempts to deliver a webhook that failed.")
        self._streams = gauge("live_streams", "Streams that clients read now.")
        for model in sorted(self._models):  # a rate needs a beginning: absent is not 0
            self._depth.labels(model)
            self._running.labels(model)
            self._age.labels(model)
            self._in_flight.labels(model)
            self._free.labels(model)
            self._out_of_memory.labels(model)
            for status in ("succeeded", "failed", "cancelled", "timed_out"):
                self._jobs.labels(model, status)

    # What the pool of workers says.

    def restarted(self, device: str, reason: str) -> None:
        """The process of a device ended unasked. reason: stands in the log, and in no label."""
        self._restarts.labels(device).inc()
        self._hear(Incident("worker-lost", device, reason))

    def out_of_memory(self, model: str) -> None:
        """An attempt ran out of memory."""
        self._out_of_memory.labels(self._known(model)).inc()
        self._hear(Incident("out-of-memory", model, "an attempt did not fit the device"))

    def stage(self, model: str, name: str, seconds: float) -> None:
        """How long a request or a model was in a stage."""
        self._stage.labels(self._known(model), name if name in _STAGES else _OTHER).observe(max(0.0, seconds))

    def device_memory(self, device: str, used: int, total: int) -> None:
        """Bytes of a device."""
        self._used.labels(device).set(used)
        self._total.labels(device).set(total)

    def places(self, model: str, *, in_flight: int, free: int) -> None:
        """How many requests a model does now, and how many more could begin, on all devices together."""
        self._in_flight.labels(self._known(model)).set(in_flight)
        self._free.labels(self._known(model)).set(free)

    # What jobs say.

    def job_ended(self, model: str, status: str) -> None:
        """A job came to its end."""
        self._jobs.labels(self._known(model), status).inc()

    def job_given_up(self, job: str, model: str, reason: str) -> None:
        """A job ended without a result, and what it asked for is not at fault. reason: in no label."""
        self._hear(Incident("job-given-up", job, f"{model}: {reason}"))

    def delivered(self, *, succeeded: bool) -> None:
        """An attempt to deliver a webhook ended."""
        (self._deliveries if succeeded else self._undelivered).inc()

    def queues(self, depths: Iterable[Depth]) -> None:
        """The queues as they are now; a model that is not among them has an empty one."""
        found: dict[str, tuple[int, int, float]] = dict.fromkeys(self._models, (0, 0, 0.0))
        for one in depths:
            model = self._known(one.model)
            queued, running, age = found.get(model, (0, 0, 0.0))
            waits = 0.0 if one.oldest_queued_at is None else max(0.0, self._clock() - one.oldest_queued_at / 1000)
            found[model] = queued + one.queued, running + one.running, max(age, waits)
        if _OTHER not in found:  # models of other hosts, gone from the queue
            found[_OTHER] = (0, 0, 0.0)
        for model, (queued, running, age) in found.items():
            self._depth.labels(model).set(queued)
            self._running.labels(model).set(running)
            self._age.labels(model).set(age)

    # What requests say.

    def http(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered. route: its template, such as ``/v1/jobs/{job_id}``."""
        key = (method if method in _METHODS else _OTHER, route, status)
        # Finding a series by its labels takes longer than counting in it.
        found = self._routes.get(key)
        if found is None:
            found = (self._requests.labels(key[0], route, str(status)), self._http.labels(key[0], route))
            self._routes[key] = found
        found[0].inc()
        found[1].observe(seconds)

    def stream_opened(self) -> None:
        """A client began to read a stream."""
        self._streams.inc()

    def stream_closed(self) -> None:
        """A stream ended."""
        self._streams.dec()

    def render(self) -> tuple[bytes, str]:
        """All of it as Prometheus reads it, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4

    def _known(self, model: str) -> str:
        return model if model in self._models else _OTHER
