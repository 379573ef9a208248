"""Snake in one pass over the largest tensors of a decoder of sound; see ``nn/snake.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

_TILE = 2048
_WARPS = 4


@triton.jit
def _snake(given, alphas, made, channels, steps, tile: tl.constexpr):
    tiles = tl.cdiv(steps, tile)
    row = tl.program_id(0) // tiles
    step = tl.program_id(0) % tiles * tile + tl.arange(0, tile)
    inside = step < steps
    at = row.to(tl.int64) * steps + step
    alpha = tl.load(alphas + row % channels).to(tl.float32)
    x = tl.load(given + at, mask=inside, other=0.0).to(tl.float32)
    wave = tl.sin(alpha * x)
    tl.store(made + at, (x + wave * wave / (alpha + 1e-9)).to(made.dtype.element_ty), mask=inside)


def snake(x: Tensor, alpha: Tensor) -> Tensor:
    """See ``greenroom.nn.snake.snake``."""
    x = x.contiguous()
    batch, channels, steps = x.shape
    made = torch.empty_like(x)
    # One axis of programs: a second one could have no more than 65 535.
    programs = batch * channels * triton.cdiv(steps, _TILE)
    _snake[(programs,)](x, alpha, made, channels, steps, _TILE, num_warps=_WARPS)
    return made
