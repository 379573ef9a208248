"""Frames as the two visual encoders take them, equal to the original's to the last bit.

Both are resized in whole numbers of eight bits, on the CPU: between its two directions that resize rounds, which one
in float32 does not, and so it gives other pictures. It is done once, as a frame is decoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

PICTURE_SIDE = 512
"""Pixels of a picture's side for SigLIP 2."""

SYNC_SIDE = 224
"""Pixels of a frame's side for Synchformer."""


def squashed(frames: Tensor) -> Tensor:
    """Frames made square for SigLIP 2, whatever shape they have.

    frames: uint8 (frames, 3, height, width), on the CPU. Returns uint8 (frames, 3, 512, 512).
    """
    return functional.interpolate(frames, (PICTURE_SIDE, PICTURE_SIDE), mode="bilinear", antialias=True)


def centred(frames: Tensor) -> Tensor:
    """The middle of frames for Synchformer, as large a square as there is.

    frames: uint8 (frames, 3, height, width), on the CPU. Returns uint8 (frames, 3, 224, 224).
    """
    height, width = frames.shape[2:]
    shorter = min(height, width)
    sides = [int(SYNC_SIDE * side / shorter) for side in (height, width)]
    resized = functional.interpolate(frames, sides, mode="bicubic", antialias=True)
    top, left = (round((side - SYNC_SIDE) / 2) for side in sides)
    return resized[:, :, top : top + SYNC_SIDE, left : left + SYNC_SIDE]


def normalised(frames: Tensor) -> Tensor:
    """Whole numbers from 0 to 255 to float32 in -1..1, on their device. frames: uint8."""
    return frames.float().div_(255).sub_(0.5).div_(0.5)
