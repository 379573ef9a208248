"""What a clip's causal convolutions remember from one slice of time to the next.

A convolution reads a window: the frames of this slice, and in front of them the last ones of the slice before; where
the clip begins copies of its first frame, or zeros, whichever its network was trained with. Whoever makes the frames
writes them straight into the window, so that nothing is padded or joined afterwards. Memory does not grow with the
clip: each convolution keeps two frames at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Frames that a convolution is about to read.

    whole: (front + frames, height, width, channels).  front: frames in it of the past.  start: how many frames of the
    clip this convolution has read before.
    """

    whole: Tensor
    front: int
    start: int

    @property
    def frames(self) -> Tensor:
        """Those of this slice, to be written: (frames, height, width, channels)."""
        return self.whole[self.front :]


class CausalMemory:
    """Of one clip on its way through a network, slice by slice in order.

    zeros: stand in front of the clip's first frame, not copies of it.  last: nothing comes after what is read now, so
    nothing is kept any more. Set by whoever cuts the slices.
    """

    def __init__(self, *, zeros: bool = False) -> None:
        self.zeros = zeros
        self.last = False
        self._kept: dict[nn.Module, Tensor] = {}
        self._read: dict[nn.Module, int] = {}

    @property
    def held(self) -> int:
        """Bytes of what is kept now."""
        return sum(kept.nbytes for kept in self._kept.values())

    def carried(self, reader: nn.Module, room: Callable[[], Tensor]) -> Tensor | None:
        """What a convolution left for its next slice, None at the beginning of a clip. room: makes a tensor like it."""
        return self._kept.get(reader)

    def carry(self, reader: nn.Module, left: Tensor) -> None:
        """Keep for the next slice, if there is one, what a convolution leaves in place of frames."""
        if self.last:
            self._kept.pop(reader, None)
        else:
            self._kept[reader] = left

    def open(self, reader: nn.Module, like: Tensor, channels: int, *, first: int, later: int) -> Window:
        """Room for frames in front of a convolution, the past already there.

        reader: the convolution.  like: (frames, height, width, any), of the type and on the device that are wanted.
        first, later: frames of the past that are read at the beginning of a clip, and afterwards.
        """
        start = self._read.get(reader, 0)
        front = later if start else first
        frames, height, width, _ = like.shape
        window = Window(like.new_empty(front + frames, height, width, channels), front, start)
        if start and later:
            window.whole[:front] = self._kept[reader]
        return window

    def close(self, reader: nn.Module, window: Window, later: int) -> Tensor:
        """The whole window, once its frames are written; its last ``later`` frames are kept for the next slice."""
        if not window.start:
            window.whole[: window.front] = 0 if self.zeros else window.frames[:1]
        if self.last:
            self._kept.pop(reader, None)
            return window.whole
        self._read[reader] = window.start + len(window.frames)
        if later:
            tail = window.whole[-later:]
            kept = self._kept.get(reader)
            self._kept[reader] = tail.clone() if kept is None else kept.copy_(tail)
        return window.whole
