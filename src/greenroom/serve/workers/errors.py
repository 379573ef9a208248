"""What can go wrong between a request and the process that does it.

GreenroomError
├── WorkerFailure   the process died while it did the request
├── WorkerSilent    the process said nothing for so long that it was ended
├── ModelUnready    no device can do it: the model failed there, or everything is stopping
├── Busy            too many wait already
├── GangUnfit       the model does not run on several devices together
├── ModelFailed     the model met a mistake of its own
├── OutOfMemory     the request does not fit the device
├── DiskFull        the machine's disk took no more of what the model wrote
└── DeviceLost      the device refuses everything; its process is started anew
"""

from __future__ import annotations

import functools

import msgspec

from greenroom.errors import (
    Cancelled,
    ExtraMissing,
    FileUnreadable,
    GreenroomError,
    InputInvalid,
    OutputUnwritable,
    UnknownName,
)
from greenroom.runtime.residency import in_gigabytes


class WorkerFailure(GreenroomError):
    """The process died while it did the request."""

    code = "worker-crashed"
    retryable = True

    def __init__(self, reason: str = "its process ended", *, blameless: bool = False) -> None:
        super().__init__(
            f"the worker was lost while it did this{' and more' if blameless else ''}: {reason}",
            mend="try again; the server's log says why",
        )
        self.blameless = blameless


class WorkerSilent(GreenroomError):
    """The process said nothing of the request for so long that it was taken for hung, and ended."""

    code = "worker-unresponsive"
    retryable = True

    def __init__(self, model: str, seconds: float) -> None:
        super().__init__(
            f"{model} said nothing for {seconds:g} s while it did this, and its worker was ended",
            mend="try again; the server's log says what it did last",
        )


class DiskFull(GreenroomError):
    """The disk of the machine has no room for what the model writes."""

    code = "storage-full"
    retryable = True

    def __init__(self, model: str) -> None:
        super().__init__(f"the disk is full: {model} could not write", mend="free some of the server's disk, try again")


class ModelUnready(GreenroomError):
    """No device can do the request."""

    code = "model-unready"
    retryable = True
    blameless = True

    def __init__(self, model: str, reason: str, mend: str = "try again later; /readyz says when it is ready") -> None:
        super().__init__(f"{model} is not ready: {reason}", mend=mend)


class GangUnfit(GreenroomError):
    """The model runs on one device at a time."""

    code = "gang-unfit"

    def __init__(self, model: str, device: str) -> None:
        super().__init__(
            f"{model} runs on one device, not on {device} together",
            mend="name its devices with commas: each of them then serves it",
        )


class Busy(GreenroomError):
    """As many requests wait as may wait."""

    code = "busy"
    retryable = True

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} requests wait already", mend="try again in a moment, or make it a job")


class ModelFailed(GreenroomError):
    """The model met a mistake of its own, whose words stay in the log."""

    code = "model-failed"

    def __init__(self, model: str, what: str) -> None:
        super().__init__(f"{model} failed ({what})", mend="the server's log says more")


class OutOfMemory(GreenroomError):
    """The request does not fit the device."""

    code = "out-of-memory"

    def __init__(self, model: str, device: str, plan: int, free: int | None, *, tried_small: bool) -> None:
        numbers = [f"its plan is {in_gigabytes(plan)}"] if plan else []
        numbers += [f"{in_gigabytes(free)} were free on {device}"] if free is not None else [f"on {device}"]
        small = ", and a smaller plan did not help" if tried_small else ""
        super().__init__(
            f"{model} ran out of memory{small}: {', '.join(numbers)}",
            mend="ask for less: shorter, smaller or fewer; or serve it on a larger device",
        )


class DeviceLost(GreenroomError):
    """The device refuses everything from now on; the process is started anew."""

    code = "device-lost"
    retryable = True

    def __init__(self, model: str, device: str) -> None:
        super().__init__(f"{device} stopped answering while {model} ran", mend="try again; its worker starts anew")


class Problem(msgspec.Struct, frozen=True, array_like=True):
    """An error on its way between processes. invalid: what was asked for is at fault.  blameless: see the error."""

    code: str
    message: str
    mend: str
    retryable: bool
    invalid: bool
    blameless: bool

    @classmethod
    def of(cls, error: GreenroomError) -> Problem:
        """What of an error goes to the other process."""
        invalid = isinstance(error, InputInvalid)
        return cls(error.code, error.message, error.mend, error.retryable, invalid, error.blameless)

    def error(self) -> GreenroomError:
        """The error again, as its class where the class is known by its code."""
        kind = _KNOWN.get(self.code) or _kind(self.code, self.retryable, self.invalid)
        error = kind.__new__(kind)
        GreenroomError.__init__(error, self.message, mend=self.mend)
        error.blameless = self.blameless
        return error


_KNOWN: dict[str, type[GreenroomError]] = {
    kind.code: kind
    for kind in (
        *(Cancelled, ExtraMissing, FileUnreadable, InputInvalid, OutputUnwritable, UnknownName),
        *(DeviceLost, ModelFailed, ModelUnready, OutOfMemory),
    )
}


@functools.lru_cache(maxsize=256)
def _kind(code: str, retryable: bool, invalid: bool) -> type[GreenroomError]:
    """A class with the code and the manner of the one that was raised in the worker."""
    base = InputInvalid if invalid else GreenroomError
    return type("WorkerError", (base,), {"code": code, "retryable": retryable})
