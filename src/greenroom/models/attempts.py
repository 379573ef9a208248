"""Long work where no server stands by: without memory it is tried once more by the smaller plan, and failures of the
device are said in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from greenroom.errors import GreenroomError
from greenroom.runtime.memory import is_device_lost, is_out_of_memory, release
from greenroom.runtime.residency import MemoryShort

if TYPE_CHECKING:
    from collections.abc import Callable

Made = TypeVar("Made")


class MemoryRanOut(GreenroomError):
    """The device, or the host, had less than was planned with; by the smaller plan it did, too, or there was none."""

    code = "out-of-memory"

    def __init__(self, model: str, device: str, mend: str) -> None:
        super().__init__(f"{model} ran out of memory on {device}, and a smaller plan did not help", mend=mend)


class DeviceLost(GreenroomError):
    """The device refuses everything from now on; only a new process can use it."""

    code = "device-lost"
    retryable = True

    def __init__(self, model: str, device: str, mend: str) -> None:
        super().__init__(f"{device} stopped answering while {model} ran", mend=mend)


@dataclass(frozen=True, slots=True)
class Mends:
    """What helps, by the flags of whoever asks. memory: where there is too little.  lost: where the device is gone."""

    memory: str
    lost: str


def attempted(
    work: Callable[[bool], Made], model: str, device: str, mends: Mends, notice: Callable[[str], None]
) -> Made:
    """What ``work`` gives; it is told whether to take the smaller plan.

    notice: told before a second attempt. Raises MemoryRanOut, DeviceLost, and what ``work`` raises.
    """
    for small in (False, True):
        try:
            return work(small)
        except Exception as error:
            if small and isinstance(error, MemoryShort):  # of the part that it may take: what there is, is no less
                raise MemoryRanOut(model, device, mends.memory) from error
            if isinstance(error, GreenroomError) and not is_out_of_memory(error):  # it may in another rank
                raise
            if is_device_lost(error):
                raise DeviceLost(model, device, mends.lost) from error
            if not is_out_of_memory(error):
                raise
            if small:
                raise MemoryRanOut(model, device, mends.memory) from error
            release(error)
        notice("memory ran out: once more, by the smaller plan")
    raise AssertionError("both attempts ended")
