"""A module's weights as one row of bytes: on the host while they are away, and anywhere on the device as views.

Storage order and strides stay what they are, so that a weight laid out for a kernel comes back laid out for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

PIECE = 8 << 20
"""Bytes of host memory that are taken at a time.

torch pins memory in powers of two: a block of 135 MiB as one tensor would take 256. In pieces of a power of two no
more is lost than a piece, and what is given back is of the size that the next one asks for.
"""

_ALIGNMENT = 256  # of a weight in its row: any kernel may read it there


class Lane(Protocol):
    """The way between host and device."""

    def piece(self, size: int) -> Tensor:
        """Memory of the host: uint8 (size,)."""

    def fetch(self, source: Tensor, target: Tensor) -> None:
        """Have bytes of the device copied to a piece of the host. ``finish`` waits for it."""

    def send(self, pieces: Sequence[Tensor], target: Tensor) -> object:
        """Have pieces copied to memory of the device, one behind the other, beside what it does; tells the moment when
        they are there. What was asked of the device before may still read that memory: the copy waits for it."""

    def wait(self, sent: object) -> None:
        """Have what is asked of the device next wait for that moment."""

    def finish(self) -> None:
        """Wait for all that was asked of the device."""


class HostLane:
    """On the CPU: copies."""

    def piece(self, size: int) -> Tensor:
        """See ``Lane``."""
        return torch.empty(size, dtype=torch.uint8)

    def fetch(self, source: Tensor, target: Tensor) -> None:
        """See ``Lane``."""
        target.copy_(source)

    def send(self, pieces: Sequence[Tensor], target: Tensor) -> object:
        """See ``Lane``."""
        for piece, part in zip(pieces, _parts(pieces, target), strict=True):
            part.copy_(piece)
        return None

    def wait(self, sent: object) -> None:
        """See ``Lane``."""

    def finish(self) -> None:
        """See ``Lane``."""


class CudaLane:
    """To a GPU: from pinned memory, on a stream of its own.

    Memory of the device belongs to the caller's stream; torch is told that this one writes it too, so that it is
    nobody else's before that has been done, also where work broke off. What is sent while the caller's stream is
    recorded becomes a branch of the graph: it is to be waited for before the record ends. Torch is told nothing then: a
    replay is of the stream that it is started on alone.

    Of pinned memory torch notes who reads it, and asks this stream when it is given up, which knows nothing of
    replays: that is done behind ``finish``, and never while something is recorded.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch gives it no types

    def piece(self, size: int) -> Tensor:
        """See ``Lane``."""
        return torch.empty(size, dtype=torch.uint8, pin_memory=True)

    def fetch(self, source: Tensor, target: Tensor) -> None:
        """See ``Lane``."""
        target.copy_(source, non_blocking=True)  # on the caller's stream, which may be writing the source

    def send(self, pieces: Sequence[Tensor], target: Tensor) -> object:
        """See ``Lane``."""
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        if not torch.cuda.is_current_stream_capturing():
            target.record_stream(self._stream)
        with torch.cuda.stream(self._stream):
            for piece, part in zip(pieces, _parts(pieces, target), strict=True):
                part.copy_(piece, non_blocking=True)
            sent = torch.cuda.Event()  # type: ignore[no-untyped-call]  # torch gives it no types
            sent.record(self._stream)
        return sent

    def wait(self, sent: object) -> None:
        """See ``Lane``."""
        assert isinstance(sent, torch.cuda.Event)  # noqa: S101 - ours, see ``send``
        torch.cuda.current_stream(self._device).wait_event(sent)

    def finish(self) -> None:
        """See ``Lane``."""
        torch.cuda.synchronize(self._device)


def lane_to(device: torch.device) -> Lane:
    """The way to a device."""
    return CudaLane(device) if device.type == "cuda" else HostLane()


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where a weight lies in the row: from a byte on."""

    first: int
    length: int
    dtype: torch.dtype
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    def view(self, row: Tensor) -> Tensor:
        numbers = row.narrow(0, self.first, self.length).view(self.dtype)
        return numbers.as_strided(self.shape, self.stride)


class Packed:
    """Weights that have left their device. length: of the row, in bytes."""

    def __init__(self, weights: Sequence[Tensor], lane: Lane) -> None:
        """Copy weights to the host, and give back the device's memory. Two names of one weight must not be given."""
        self._weights = tuple(weights)
        data = [_dense(weight.data) for weight in self._weights]
        self._places = tuple(_places(data))
        last = self._places[-1] if self._places else None
        self.length = last.first + last.length if last else 0
        self.pieces = [lane.piece(min(PIECE, self.length - first)) for first in range(0, self.length, PIECE)]
        for tensor, place in zip(data, self._places, strict=True):
            self._fetch(_bytes_of(tensor), place.first, lane)
        lane.finish()
        self.empty()

    @property
    def held(self) -> int:
        """Bytes of the host, which torch pins in powers of two."""
        return sum(_pinned(piece) for piece in self.pieces)

    def views(self, row: Tensor) -> list[Tensor]:
        """The weights in memory that holds the row. row: uint8, ``length`` or more."""
        return [place.view(row) for place in self._places]

    def point(self, views: Sequence[Tensor]) -> None:
        """Have the weights be ``views``."""
        for weight, view in zip(self._weights, views, strict=True):
            weight.data = view

    def empty(self) -> None:
        """Have the weights be nothing: whoever asks for them now fails, and does not read what is another's."""
        for weight in self._weights:
            weight.data = weight.data.new_empty(0)

    def _fetch(self, source: Tensor, first: int, lane: Lane) -> None:
        """Have bytes copied to where they lie in the row."""
        done = 0
        while done < len(source):
            piece, place = divmod(first + done, PIECE)
            count = min(len(source) - done, PIECE - place)
            lane.fetch(source.narrow(0, done, count), self.pieces[piece].narrow(0, place, count))
            done += count


def gather(weights: Sequence[Tensor]) -> None:
    """Have weights of a device lie side by side in memory of their own, whatever else came while they were loaded.

    torch gives memory back in pages of several weights, and only those in which nothing is left: weights that are
    scattered among those of others may give back little when they leave. They lie there twice for a moment.
    """
    data = [_dense(weight.data) for weight in weights]
    places = tuple(_places(data))
    if not places:
        return
    with torch.inference_mode(mode=False):  # tensors that were made in it cannot take the weights' place
        row = torch.empty(places[-1].first + places[-1].length, dtype=torch.uint8, device=data[0].device)
        for weight, tensor, place in zip(weights, data, places, strict=True):
            view = place.view(row)
            view.copy_(tensor)
            weight.data = view
    del data, tensor
    if row.is_cuda:
        torch.cuda.empty_cache()


def _places(data: Sequence[Tensor]) -> Iterator[_Place]:
    first = 0
    for tensor in data:
        yield _Place(first, tensor.nbytes, tensor.dtype, tuple(tensor.shape), tensor.stride())
        first += -(-tensor.nbytes // _ALIGNMENT) * _ALIGNMENT


def _dense(tensor: Tensor) -> Tensor:
    """The same, in memory without gaps, in whatever order it is."""
    steps = sorted((step, size) for step, size in zip(tensor.stride(), tensor.shape, strict=True) if size > 1)
    fills = all(step == prod(size for _, size in steps[:place]) for place, (step, _) in enumerate(steps))
    return tensor if fills else tensor.contiguous()


def _bytes_of(tensor: Tensor) -> Tensor:
    """A dense tensor's memory: uint8 (n,)."""
    return tensor.as_strided((tensor.numel(),), (1,)).view(torch.uint8)


def _parts(pieces: Sequence[Tensor], target: Tensor) -> Iterator[Tensor]:
    """Where each piece belongs in what all of them make."""
    first = 0
    for piece in pieces:
        yield target.narrow(0, first, len(piece))
        first += len(piece)


def _pinned(piece: Tensor) -> int:
    return 1 << (piece.nbytes - 1).bit_length() if piece.is_pinned() else piece.nbytes
