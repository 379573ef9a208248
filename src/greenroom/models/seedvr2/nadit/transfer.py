"""Rows of a tensor on the host to a device and back, beside the device's work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

if TYPE_CHECKING:
    from greenroom.nn.heads import Placement


class Lane(Protocol):
    """The way between host and device."""

    def send(self, source: Tensor, index: Tensor, placement: Placement) -> tuple[Tensor, Placement]:
        """Rows of a tensor on the host, and their placement, on the device; what it does next waits for them.

        source: (n, width).  index: int64 (rows,), on the host.  placement: its angles are on the device.
        """

    def mark(self) -> object:
        """The moment when all that was asked of the device so far is done."""

    def fetch(self, values: Tensor, done: object, target: Tensor, index: Tensor) -> None:
        """Write rows of the device, once they are done, to rows of a tensor on the host, and wait for that."""


class HostLane:
    """On the CPU: copies."""

    def send(self, source: Tensor, index: Tensor, placement: Placement) -> tuple[Tensor, Placement]:
        """See ``Lane``."""
        return source[index], placement

    def mark(self) -> None:
        """See ``Lane``."""

    def fetch(self, values: Tensor, done: object, target: Tensor, index: Tensor) -> None:
        """See ``Lane``."""
        target[index] = values


class CudaLane:
    """To a GPU: through pinned memory, on two streams of its own."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        # torch gives these constructors no types.
        self._to = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._back = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pinned: dict[str, Tensor] = {}
        self._sent = torch.cuda.Event()  # type: ignore[no-untyped-call]

    def send(self, source: Tensor, index: Tensor, placement: Placement) -> tuple[Tensor, Placement]:
        """See ``Lane``."""
        self._sent.synchronize()  # the memory that it passes was read by the copy before
        passing = self._passing("to", source, len(index))
        torch.index_select(_words(source), 0, index, out=_words(passing))
        current = torch.cuda.current_stream(self._device)
        with torch.cuda.stream(self._to):
            values = passing.to(self._device, non_blocking=True)
            moved = placement.to(self._device)
            self._sent.record()
        current.wait_event(self._sent)
        for tensor in (values, moved.turns, moved.places):
            tensor.record_stream(current)
        return values, moved

    def mark(self) -> torch.cuda.Event:
        """See ``Lane``."""
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self._device))
        return event

    def fetch(self, values: Tensor, done: object, target: Tensor, index: Tensor) -> None:
        """See ``Lane``."""
        assert isinstance(done, torch.cuda.Event)  # noqa: S101 - ours, see ``mark``
        passing = self._passing("back", values, len(index))
        with torch.cuda.stream(self._back):
            self._back.wait_event(done)
            passing.copy_(values, non_blocking=True)
            values.record_stream(self._back)
        self._back.synchronize()
        _words(target).index_copy_(0, index, _words(passing))

    def _passing(self, way: str, like: Tensor, rows: int) -> Tensor:
        """Pinned memory for so many rows; there is one for each way, which grows."""
        held = self._pinned.get(way)
        if held is None or len(held) < rows:
            self._pinned[way] = held = torch.empty(rows, like.shape[1], dtype=like.dtype, pin_memory=True)
        return held[:rows]


def lane_to(device: torch.device) -> Lane:
    """The way to a device."""
    return CudaLane(device) if device.type == "cuda" else HostLane()


def _words(rows: Tensor) -> Tensor:
    """The same rows as whole numbers of 32 bits: torch moves rows of these faster than of halves."""
    return rows.view(torch.int32)
