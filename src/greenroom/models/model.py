"""What every model is to whoever serves it: loaded once, warmed up, then asked many times.

>>> class Echo(Model):
...     inputs = EchoInputs
...
...     @classmethod
...     def load(cls, device: str) -> Self:
...         return cls()
...
...     def generate(self, inputs: EchoInputs, work: Work) -> Generated:
...         work.step("echoing", 0, 1)
...         return Generated({"said": inputs.text})
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from greenroom.inputs import Inputs


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that a model made, in the folder of its work."""

    path: Path
    media_type: str


def untold(kind: str, data: Mapping[str, Any]) -> None:
    """Tell nobody."""


def unshown(file: MadeFile) -> None:
    """Show it to nobody."""


@dataclass(frozen=True, slots=True)
class Work:
    """Where and how one request is done.

    folder: exists, is empty, belongs to this request alone; files are made there.  step: reports progress, and raises
    Cancelled once the work should stop; call it between sampler steps.  small: an attempt ran out of memory, so take
    the smaller plan.  hand_on: given when the result is wanted while it is made; takes its bytes in order.
    kept: a folder that outlives an attempt: what was finished before a crash is found there by the next attempt at
    the same request; None where nothing outlives.  tell: a fact worth an event of its own, by a kind such as ``plan``,
    with data as JSON holds them.  show: a file of ``folder`` to be looked at before the result is there; it is taken
    when this returns, and a later one of the same name takes its place.  Both raise ModelFailed for what they do not
    take, and Cancelled as ``step`` does.
    """

    folder: Path
    step: Step = silent
    small: bool = False
    hand_on: Callable[[bytes], None] | None = None
    kept: Path | None = None
    tell: Callable[[str, Mapping[str, Any]], None] = untold
    show: Callable[[MadeFile], None] = unshown


@dataclass(frozen=True, slots=True)
class Generated:
    """What a request gave. output: facts about it, as JSON holds them.  files: the first one is the result itself."""

    output: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[MadeFile, ...] = ()


class Model(ABC):
    """A model on a device, in a process of its own.

    inputs: what it takes.  concurrency: how many requests it does at once; above 1, ``generate`` is called from so many
    threads at the same time, and must be safe for that.  memory: bytes that it takes on its device while it does all
    of them, 0 for nothing worth counting.  least_memory: with which it does a usual one on a device that has less for
    models; 0 where it takes the same anywhere.
    sleeps: it can move its weights to the host's memory; others are unloaded instead.  has_smaller_plan: it can do the
    same work in less memory.  streams: it can hand on its result while it makes it; ``stream_type`` says as what.
    gangs: it can be put on several devices that work together, ``cuda:0+cuda:1``.
    timeout_s: how long a job of it may run whose caller does not say: long beside its longest sound work.
    silent_s: a request of it that neither steps, tells, shows nor hands on anything for so long is taken for hung, and
    its process is ended; long beside its longest step.
    stages: of its work that count the same, such as frames, one after another or by turns, by the share of each in the
    time; none where one stage counts the whole.
    """

    inputs: ClassVar[type[Inputs]]
    concurrency: ClassVar[int] = 1
    memory: ClassVar[int] = 0
    least_memory: ClassVar[int] = 0
    sleeps: ClassVar[bool] = False
    has_smaller_plan: ClassVar[bool] = False
    streams: ClassVar[bool] = False
    gangs: ClassVar[bool] = False
    timeout_s: ClassVar[float] = 1800.0
    silent_s: ClassVar[float] = 1800.0
    stages: ClassVar[Mapping[str, float]] = {}

    @classmethod
    @abstractmethod
    def load(cls, device: str) -> Self:
        """Put the model on a device, ``cpu`` or ``cuda:0``."""

    @abstractmethod
    def generate(self, inputs: Any, work: Work) -> Generated:
        """Do one request. inputs: a checked value of the class ``inputs``. Raises GreenroomError, Cancelled.

        With a ``concurrency`` of 1 it runs in the main thread, as everything else always does: ``load``, ``warm_up``,
        ``sleep`` and ``wake``, none of which is called while a request runs.
        """

    def warm_up(self, work: Work) -> None:  # noqa: B027 - a model that needs no warming has nothing to say here
        """Do a real request, so that the first user does not wait for kernels and caches."""

    @classmethod
    def stream_type(cls, inputs: Any) -> str:
        """The media type of what ``hand_on`` gets."""
        return "application/octet-stream"

    def sleep(self) -> None:
        """Move the weights from the device to the host's memory. Only asked of a model that ``sleeps``."""
        raise NotImplementedError(f"{type(self).__name__} does not sleep")

    def wake(self) -> None:
        """Move the weights back to the device. Only asked of a model that ``sleeps``."""
        raise NotImplementedError(f"{type(self).__name__} does not sleep")
