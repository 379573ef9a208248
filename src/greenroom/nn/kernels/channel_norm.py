"""Sums of video frames and their norm by length for CUDA, in one pass; see ``nn/channel_norm.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.nn.channel_norm import Pending

_TILE = 8192  # numbers that a program holds at a time
_ROUNDS = 4  # tiles a program does one after another
_WARPS = 8


@triton.jit
def summed(
    x, shift, residual, at, channel, inside, known,
    with_shift: tl.constexpr, with_residual: tl.constexpr,
):  # fmt: skip
    """A tile of the sum, in float32. at: of each of its numbers.  known: which channels there are."""
    total = tl.load(x + at, mask=inside, other=0.0).to(tl.float32)
    if with_shift:
        total += tl.load(shift + channel, mask=known, other=0.0).to(tl.float32)[None, :]
    if with_residual:
        total += tl.load(residual + at, mask=inside, other=0.0).to(tl.float32)
    return total


@triton.jit
def scaled(total, gain, channel, known, usual, silu: tl.constexpr):
    """The norm of a tile. usual: the length that a position is brought to, the root of how many channels it has."""
    # 1e-12 is the least length: its square is no normal float32, and is not looked for.
    length = tl.maximum(tl.sqrt(tl.sum(total * total, 1)), 1e-12)
    scale = tl.load(gain + channel, mask=known, other=0.0).to(tl.float32) * usual
    y = total / length[:, None] * scale[None, :]
    if silu:
        y = y / (1.0 + tl.exp(-y))
    return y


@triton.jit
def _settle(
    x, shift, residual, gain, total, normed, positions, usual,
    channels: tl.constexpr, padded: tl.constexpr, rows: tl.constexpr, rounds: tl.constexpr,
    with_shift: tl.constexpr, with_residual: tl.constexpr,
    with_total: tl.constexpr, with_norm: tl.constexpr, silu: tl.constexpr,
):  # fmt: skip
    channel = tl.arange(0, padded)
    known = channel < channels
    for turn in range(rounds):
        row = (tl.program_id(0).to(tl.int64) * rounds + turn) * rows + tl.arange(0, rows)
        inside = (row < positions)[:, None] & known[None, :]
        at = row[:, None] * channels + channel[None, :]
        value = summed(x, shift, residual, at, channel, inside, known, with_shift, with_residual)
        if with_total:
            tl.store(total + at, value.to(total.dtype.element_ty), mask=inside)
        if with_norm:
            y = scaled(value, gain, channel, known, usual, silu)
            tl.store(normed + at, y.to(normed.dtype.element_ty), mask=inside)


def settle(given: Pending, gain: Tensor | None, *, total: Tensor | None, normed: Tensor | None, silu: bool) -> None:
    """See ``greenroom.nn.channel_norm.normalise``; without a gain there is no norm, and the sum alone is written."""
    x, shift, residual = given.x, given.shift, given.residual
    for tensor in (x, residual, total, normed):
        if tensor is not None and (tensor.shape != x.shape or not tensor.is_contiguous()):
            raise ValueError(f"frames of {tuple(x.shape)} wanted, contiguous; given {tuple(tensor.shape)}")
    channels = x.shape[-1]
    positions = x.numel() // channels
    padded = triton.next_power_of_2(channels)
    rows = max(1, _TILE // padded)
    _settle[(triton.cdiv(positions, rows * _ROUNDS),)](
        x, x if shift is None else shift, x if residual is None else residual, x if gain is None else gain,
        x if total is None else total, x if normed is None else normed, positions, channels**0.5,
        channels, padded, rows, _ROUNDS,
        shift is not None, residual is not None, total is not None, normed is not None, silu, num_warps=_WARPS,
    )  # fmt: skip
