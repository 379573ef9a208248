"""What the decoder gives, as files take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


def to_whole(frames: Tensor, *, white: int = 255) -> Tensor:
    """Real numbers in -1..1, cut where they are beyond, to whole ones from 0 to ``white``; the nearest, ties to even.

    Returns uint8 for a white of 255, uint16 for a larger one.
    """
    unit = frames.float().clamp(-1, 1) * 0.5 + 0.5
    return (unit * white).round_().to(torch.uint8 if white == 255 else torch.uint16)
