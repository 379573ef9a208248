"""A host that starts steps faster than its device takes them, held back, so that what it says of them is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable


class Abreast:
    """Keeps the host one step ahead of the device: enough for it never to idle, and no more.

    Otherwise all steps would be waiting before the first has ended: a work would seem done when it has hardly begun,
    and whoever asks it to stop would be heard too late.
    """

    def __init__(self, device: torch.device, event: Callable[[], torch.cuda.Event] | None = None) -> None:
        """device: where it is no GPU, steps have ended when they return.  event: for tests."""
        if event is None and device.type == "cuda":
            event = _blocking
        self._event = event
        self._before: torch.cuda.Event | None = None

    def started(self) -> None:
        """Note that a step was started on the current stream, and wait for the end of the one before it."""
        if self._event is None:
            return
        mark = self._event()
        mark.record()
        if self._before is not None:
            self._before.synchronize()
        self._before = mark


def _blocking() -> torch.cuda.Event:
    # The processor sleeps meanwhile.
    return torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]  # torch gives its constructor no types
