"""RunPod's resources, typed: endpoints with their releases and workers, pods, templates, volumes, registries, prices.

>>> with Transport.of(settings) as transport:
...     RunPod(transport).endpoints.list()
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pydantic import ValidationError

from greenroom.ship.runpod.errors import AnswerStrange, NotThere, ReplyLost
from greenroom.ship.runpod.types import (
    CpuType,
    Endpoint,
    GpuType,
    LogLine,
    Named,
    Pod,
    Registry,
    ReleaseList,
    Resource,
    Template,
    Volume,
    WorkerList,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from greenroom.ship.runpod.transport import Transport

T = TypeVar("T", bound=Named)
R = TypeVar("R", bound=Resource)
PodAction = Literal["start", "stop", "restart"]
Product = Literal["SERVERLESS", "POD"]

# A creation whose reply got lost is looked for before it is sent again, and that is not done for ever.
_CREATIONS = 3


class Collection(Generic[T]):
    """One kind of resource. path: ``/serverless``.  wrapped: the name under which lists come."""

    def __init__(self, transport: Transport, path: str, wrapped: str, kind: type[T]) -> None:
        self._transport = transport
        self._path = path
        self._wrapped = wrapped
        self._kind = kind

    def list(self) -> tuple[T, ...]:
        """All of this account. Raises RunPodError."""
        return _listed(self._kind, self._transport.get(self._path), self._wrapped, self._path)

    def get(self, identity: str) -> T:
        """One by its id. Raises NotThere, RunPodError."""
        return read(self._kind, self._transport.get(self._of(identity)), self._of(identity))

    def find(self, identity: str) -> T | None:
        """One by its id, or None. Raises RunPodError."""
        try:
            return self.get(identity)
        except NotThere:
            return None

    def create(self, body: Mapping[str, Any], is_it: Callable[[T], bool] | None = None) -> T:
        """Make one. Raises RunPodError.

        is_it: knows the new one among all, by something that no other has. With it a lost reply is no loss: the list
        says whether the request had its effect, and only if not it is sent again. Without it ReplyLost is raised.
        """
        for left in range(_CREATIONS - 1, -1, -1):
            try:
                return read(self._kind, self._transport.send("POST", self._path, dict(body)).body, self._path)
            except ReplyLost:
                if is_it is None:
                    raise
                if (there := next(filter(is_it, self.list()), None)) is not None:
                    return there
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def change(self, identity: str, values: Mapping[str, Any]) -> T:
        """Set values; those that are not named stay. Raises RunPodError."""
        answer = self._transport.send("PATCH", self._of(identity), dict(values))
        return read(self._kind, answer.body, self._of(identity))

    def delete(self, identity: str) -> bool:
        """Delete one; False where it was not there any more. Raises RunPodError."""
        try:
            self._transport.send("DELETE", self._of(identity))
        except NotThere:
            return False
        return True

    def _of(self, identity: str) -> str:
        return f"{self._path}/{identity}"


class Endpoints(Collection[Endpoint]):
    """Serverless endpoints, with what they run."""

    def releases(self, identity: str) -> ReleaseList:
        """Versions, newest first, and how far the newest is. Raises RunPodError."""
        path = f"{self._of(identity)}/releases"
        return read(ReleaseList, self._transport.get(path), path)

    def workers(self, identity: str) -> WorkerList:
        """Workers at this moment. Raises RunPodError."""
        path = f"{self._of(identity)}/workers"
        return read(WorkerList, self._transport.get(path), path)

    def worker_logs(
        self, identity: str, worker: str, *, tail: int = 100, after: str = "", quiet_s: float | None = None
    ) -> Iterator[LogLine]:
        """The log of a worker as it grows. Raises RunPodError.

        after: the ``ts`` to go on from.  quiet_s: ends when so long nothing was said.
        """
        path = f"{self._of(identity)}/workers/{worker}/logs"
        yield from _log_lines(self._transport, path, tail, after, quiet_s)


class Pods(Collection[Pod]):
    """Pods, with what can be done to them."""

    def act(self, identity: str, action: PodAction) -> Pod:
        """Start, stop or restart one; ``delete`` ends it. Raises RunPodError."""
        path = f"{self._of(identity)}/action"
        # To start what is started is refused, and changes nothing; a second restart is a second restart.
        answer = self._transport.send("POST", path, {"action": action}, repeatable=action != "restart")
        return read(Pod, answer.body, path)

    def logs(
        self, identity: str, *, tail: int = 100, after: str = "", quiet_s: float | None = None
    ) -> Iterator[LogLine]:
        """The log of a pod as it grows; as of a worker. Raises RunPodError."""
        yield from _log_lines(self._transport, f"{self._of(identity)}/logs", tail, after, quiet_s)


class RunPod:
    """Everything of one account."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.endpoints = Endpoints(transport, "/serverless", "endpoints", Endpoint)
        self.pods = Pods(transport, "/pods", "pods", Pod)
        self.templates = Collection(transport, "/templates", "templates", Template)
        self.volumes = Collection(transport, "/network-volumes", "networkVolumes", Volume)
        self.registries = Collection(transport, "/registries", "registries", Registry)

    def gpus(self, product: Product = "SERVERLESS") -> tuple[GpuType, ...]:
        """The catalogue of GPUs, with prices and what this product has of them now. Raises RunPodError."""
        asked = {"include": "AVAILABILITY", "product": product}
        return _listed(GpuType, self.transport.get("/catalog/gpus", asked), "gpus", "/catalog/gpus")

    def cpus(self) -> tuple[CpuType, ...]:
        """The catalogue of CPUs, with prices. Raises RunPodError."""
        return _listed(CpuType, self.transport.get("/catalog/cpus"), "cpus", "/catalog/cpus")


def read(kind: type[R], said: Any, place: str) -> R:
    """An answer as its type. Raises AnswerStrange; values stay out of its words, since they may be secret."""
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False, include_input=False)[0]["loc"]))
        raise _strange(place, f"{where or 'the whole'} is missing or of the wrong kind") from None


def _listed(kind: type[R], said: Any, wrapped: str, place: str) -> tuple[R, ...]:
    """A list as it comes, under its name. Raises AnswerStrange."""
    items = said.get(wrapped) if isinstance(said, dict) else None
    if not isinstance(items, list):
        raise _strange(place, f"it has no list {wrapped}")
    return tuple(read(kind, item, place) for item in items)


def _strange(place: str, why: str) -> AnswerStrange:
    return AnswerStrange(
        f"RunPod's answer about {place} is not what its interface promises: {why}",
        mend="look for a newer greenroom, since the interface may have changed",
    )


def _log_lines(transport: Transport, path: str, tail: int, after: str, quiet_s: float | None) -> Iterator[LogLine]:
    """Server-sent events; comments and fields other than data are passed over."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
    for line in transport.lines(path, {"tail": str(tail)}, headers, quiet_s):
        name, _, value = line.partition(":")
        if name == "data":
            try:
                said = json.loads(value)
            except ValueError:
                raise _strange(path, "an event is not JSON") from None
            yield read(LogLine, said, path)
