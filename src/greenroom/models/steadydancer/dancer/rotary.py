"""Rotary positions of tokens in a video (RoFormer, arXiv 2104.09864): in time, in height, in width.

The pairs of a head are dealt out among the three, the time's first: 22, 21 and 21 of 64. The two frames of references
stand behind the last one of the video.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from greenroom.models.steadydancer.architecture import PATCH
from greenroom.nn.rotary import BASE, RotaryTables

if TYPE_CHECKING:
    from torch import Tensor

_AXES = 3
_REFERENCES = 2  # frames behind the video's


class Grid(NamedTuple):
    """Of tokens: frames, height, width; the video's alone."""

    frames: int
    height: int
    width: int

    @classmethod
    def of(cls, latents: Tensor) -> Grid:
        """Of latents (channels, frames, height, width), whole patches."""
        frames, height, width = latents.shape[1:]
        return cls(frames // PATCH[0], height // PATCH[1], width // PATCH[2])

    @property
    def video(self) -> int:
        """Tokens of the video."""
        return self.frames * self.height * self.width

    @property
    def tokens(self) -> int:
        """Of the video and its references."""
        return self.video + _REFERENCES * self.height * self.width


def tables_of(grid: Grid, head_dim: int, device: torch.device | str = "cpu") -> RotaryTables:
    """The angles of each token, of the references too: float32 (tokens, head_dim / 2).

    Computed on the host, in float64, so that every device has the same.
    """
    sizes = grid.frames + _REFERENCES, grid.height, grid.width
    side = head_dim // 2 // _AXES
    pairs = head_dim // 2 - (_AXES - 1) * side, side, side
    lines = [_angles(size, count) for size, count in zip(sizes, pairs, strict=True)]
    spread = [
        line.view(*(-1 if own == axis else 1 for own in range(_AXES)), count).expand(*sizes, count)
        for axis, (line, count) in enumerate(zip(lines, pairs, strict=True))
    ]
    angles = torch.cat(spread, dim=-1).flatten(0, -2)
    return RotaryTables(angles.cos().float().to(device), angles.sin().float().to(device))


def _angles(size: int, pairs: int) -> Tensor:
    """Position times frequency along one axis: float64 (size, pairs)."""
    powers = torch.arange(pairs, dtype=torch.float64) / pairs
    return torch.outer(torch.arange(size, dtype=torch.float64), BASE**-powers)
