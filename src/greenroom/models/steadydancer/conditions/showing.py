"""Pictures on their way to the device, one by one, and frames on their way from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from greenroom.progress import Step

Picture = NDArray[np.uint8] | Tensor
"""uint8 (height, width, 3)."""

POSING = "posing"
"""The stage's name in what is told of it."""

_GREYS = 127.5  # half of what there are


class Shown(Sequence[Tensor]):
    """Pictures of poses that a window shows, each brought to the device when it is asked for."""

    def __init__(
        self,
        poses: Sequence[Picture],
        places: Sequence[int],
        device: torch.device,
        step: Step,
        done: int,
        total: int,
    ) -> None:
        """places: of those that are shown.  done, total: how many were asked for before, and will be, for ``step``."""
        self._poses, self._places, self._device = poses, places, device
        self._step, self._done, self._total = step, done, total

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, place: Any) -> Any:
        shown = self._places[place]
        self._step(POSING, self._done + place, self._total)
        return tensor_of(self._poses[shown]).to(self._device)


def tensor_of(picture: Picture) -> Tensor:
    """A picture as torch has it, in its own memory where that may be written to."""
    if isinstance(picture, Tensor):
        return picture
    return torch.from_numpy(picture if picture.flags.writeable else picture.copy())  # torch warns of the others


def whole(frames: Tensor) -> tuple[Tensor, Tensor]:
    """Frames in -1..1, (3, n, height, width), as files take them, cut off as the original does it: (n, height, width,
    3), and whether all are numbers. They are written over."""
    finite = frames.isfinite().all()
    return frames.add_(1).mul_(_GREYS).to(torch.uint8).movedim(0, -1).contiguous(), finite
