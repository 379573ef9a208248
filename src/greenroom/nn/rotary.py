"""Rotary position embedding (RoFormer, arXiv 2104.09864), in interleaved pairs as GPT-J has it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from greenroom.nn.tables import table

BASE = 10_000.0


class RotaryTables(NamedTuple):
    """Cosines and sines of the angles, each float32, (length, width / 2)."""

    cos: Tensor
    sin: Tensor


class Rotary(nn.Module):
    """Tables of angles for heads of a width.

    ``inv_freq`` stands in published checkpoints, so it is in the state dict; the tables never read it. They come from
    the formula in float32: angles of half precision are off by 0.65 rad at 1400 positions.
    """

    inv_freq: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("inv_freq", table(lambda: frequencies(width), width // 2))

    def tables(self, length: int, device: torch.device | str | None = None, *, offset: int = 0) -> RotaryTables:
        """Tables for positions ``offset`` to ``offset + length``."""
        angles = self.angles(length, device, offset=offset)
        return RotaryTables(angles.cos(), angles.sin())

    def angles(self, length: int, device: torch.device | str | None = None, *, offset: int = 0) -> Tensor:
        """Position times frequency: float32, (length, width / 2)."""
        positions = torch.arange(offset, offset + length, dtype=torch.float32, device=device)
        return torch.outer(positions, frequencies(self.width, device))


def frequencies(width: int, device: torch.device | str | None = None) -> Tensor:
    """Radians per position of each pair: float32, (width / 2,)."""
    return 1.0 / BASE ** (torch.arange(0, width, 2, dtype=torch.float32, device=device) / width)


def rotate(x: Tensor, tables: RotaryTables, heads: int | None = None) -> Tensor:
    """Turn each pair (2i, 2i + 1) of the last axis by its angle.

    x: (batch, heads, length, width).  heads: how many of the first heads are turned, None for all.  Computed in float32
    at least, returned as ``x`` came.
    """
    if heads is not None:
        return torch.cat((rotate(x[:, :heads], tables), x[:, heads:]), dim=1)
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack((even * tables.cos - odd * tables.sin, odd * tables.cos + even * tables.sin), dim=-1)
    return turned.flatten(-2).to(x.dtype)
