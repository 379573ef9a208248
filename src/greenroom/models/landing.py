"""Frames from the device to the host, beside the device's work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from greenroom.errors import GreenroomError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Pixels = NDArray[np.unsignedinteger[Any]]


class FramesNotFinite(GreenroomError):
    """The networks computed something that is no number."""

    code = "frames-not-finite"


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    """Frames under way. done: when they are there; None for at once.  finite: whether all of them are numbers."""

    frames: Tensor
    finite: Tensor
    done: torch.cuda.Event | None


def landed(pieces: Iterable[tuple[Tensor, Tensor]]) -> Iterator[Pixels]:
    """Frames one by one, each (height, width, 3). See ``landed_together``."""
    for frames in landed_together(pieces):
        yield from frames


def landed_together(pieces: Iterable[tuple[Tensor, Tensor]]) -> Iterator[Pixels]:
    """Frames as they come, (frames, height, width, 3).

    pieces: whole numbers, (frames, height, width, 3), and whether what they were made of was finite. The next piece is
    asked for before the one before it is handed on: the device works while the host writes. Raises FramesNotFinite.
    """
    before: _Sent | None = None
    for frames, finite in pieces:
        sent = _send(frames, finite)
        if before is not None:
            yield _arrived(before)
        before = sent
    if before is not None:
        yield _arrived(before)


def _send(frames: Tensor, finite: Tensor) -> _Sent:
    if frames.device.type != "cuda":
        return _Sent(frames, finite, None)
    there = torch.empty(frames.shape, dtype=frames.dtype, pin_memory=True)
    said = torch.empty(finite.shape, dtype=finite.dtype, pin_memory=True)
    there.copy_(frames, non_blocking=True)
    said.copy_(finite, non_blocking=True)
    done = torch.cuda.Event()  # type: ignore[no-untyped-call]  # torch gives its constructor no types
    done.record(torch.cuda.current_stream(frames.device))
    return _Sent(there, said, done)


def _arrived(sent: _Sent) -> Pixels:
    if sent.done is not None:
        sent.done.synchronize()
    if not sent.finite:
        raise FramesNotFinite(
            "the networks computed frames that are no numbers",
            mend="check the weights with greenroom weights verify; half precision may be too coarse for this card",
        )
    return sent.frames.numpy()
