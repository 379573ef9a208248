"""Failures of the device in words, where no server stands by that knows what to do about them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError
from greenroom.runtime.memory import is_device_lost, is_out_of_memory, release

if TYPE_CHECKING:
    from collections.abc import Iterator


class MemoryRanOut(GreenroomError):
    """The device, or the host, had less memory than was needed."""

    code = "out-of-memory"


class DeviceLost(GreenroomError):
    """The device refuses everything from now on; only a new process can use it."""

    code = "device-lost"
    retryable = True


@contextlib.contextmanager
def in_words(model: str, device: str) -> Iterator[None]:
    """Say what a device did. Raises MemoryRanOut, DeviceLost, and whatever else was raised."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            release(error)
            raise MemoryRanOut(
                f"{model} ran out of memory on {device}",
                mend="end what else uses the device, or take fewer --samples, or --model hunyuanvideo-foley-xl",
            ) from error
        if is_device_lost(error):
            raise DeviceLost(f"{device} stopped answering while {model} ran", mend="run it again") from error
        raise
