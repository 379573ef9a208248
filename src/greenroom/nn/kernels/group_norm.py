"""Group norm of video frames for CUDA: statistics, the residual sum, and the norm with SiLU; see ``nn/group_norm.py``.

Statistics are taken in parts of a frame, each around a value of its own, and joined by Chan's rule (Chan, Golub and
LeVeque, 1983, "Algorithms for computing the sample variance"): nothing cancels where a mean is large beside its spread,
and without atomic sums the result is the same every time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

_TILE = 8192  # numbers that a program holds at a time
_PARTS = 256  # of a frame at most: enough programs for any card, few enough to be joined by one
_ROUNDS = 4  # tiles a program writes one after another, where nothing is summed
_WARPS = 8


@triton.jit
def _sum_part(
    x, shift, residual, out, parts, positions, part, many,
    channels: tl.constexpr, groups: tl.constexpr, rows: tl.constexpr,
    with_shift: tl.constexpr, with_residual: tl.constexpr, writes: tl.constexpr,
):  # fmt: skip
    number, frame = tl.program_id(0), tl.program_id(1)
    channel = tl.arange(0, channels)
    start = number * part
    stop = tl.minimum(start + part, positions)
    base = frame.to(tl.int64) * positions * channels
    moved = tl.zeros([channels], tl.float32)
    if with_shift:
        moved += tl.load(shift + channel).to(tl.float32)
    # The part's first position, about which it is summed.
    about_at = base + start.to(tl.int64) * channels + channel
    about = tl.load(x + about_at).to(tl.float32)
    if with_residual:
        about += tl.load(residual + about_at).to(tl.float32)
    if writes:
        about += moved
        # ``out`` may be what was just read: no warp writes before all have it.
        tl.debug_barrier()
    total = tl.zeros([rows, channels], tl.float32)
    squares = tl.zeros([rows, channels], tl.float32)
    for first in range(start, stop, rows):
        row = first + tl.arange(0, rows)
        inside = (row < stop)[:, None]
        at = base + row.to(tl.int64)[:, None] * channels + channel[None, :]
        value = tl.load(x + at, mask=inside, other=0.0).to(tl.float32)
        if with_residual:
            value += tl.load(residual + at, mask=inside, other=0.0).to(tl.float32)
        if writes:
            # What is counted is what the norm will read: rounded.
            rounded = (value + moved[None, :]).to(out.dtype.element_ty)
            tl.store(out + at, rounded, mask=inside)
            value = rounded.to(tl.float32)
        value = tl.where(inside, value - about[None, :], 0.0)
        total += value
        squares += value * value
    count = (stop - start).to(tl.float32)
    each = tl.sum(total, 0) / count
    spread = tl.maximum(tl.sum(squares, 0) - count * each * each, 0.0)
    mean_of = each + about
    if not writes:
        mean_of += moved
    size: tl.constexpr = channels // groups
    grouped = tl.reshape(mean_of, [groups, size])
    mean = tl.sum(grouped, 1) / size
    apart = grouped - mean[:, None]
    deviation = tl.sum(tl.reshape(spread, [groups, size]), 1) + count * tl.sum(apart * apart, 1)
    to = parts + ((frame * many + number) * groups + tl.arange(0, groups)) * 2
    tl.store(to, mean)
    tl.store(to + 1, deviation)


@triton.jit
def _join_parts(
    parts, out, positions, part, many, eps,
    channels: tl.constexpr, groups: tl.constexpr, padded: tl.constexpr,
):  # fmt: skip
    frame = tl.program_id(0)
    number = tl.arange(0, padded)
    group = tl.arange(0, groups)
    inside = (number < many)[:, None]
    at = parts + ((frame * many + number)[:, None] * groups + group[None, :]) * 2
    mean = tl.load(at, mask=inside, other=0.0)
    deviation = tl.load(at + 1, mask=inside, other=0.0)
    count = tl.maximum(tl.minimum(positions - number * part, part), 0).to(tl.float32)[:, None]
    joined = tl.sum(mean * count, 0) / positions
    apart = mean - joined[None, :]
    size: tl.constexpr = channels // groups
    variance = (tl.sum(deviation, 0) / size + tl.sum(apart * apart * count, 0)) / positions
    to = out + (frame * groups + group) * 2
    tl.store(to, joined)
    tl.store(to + 1, tl.rsqrt(variance + eps))


@triton.jit
def _normalise(
    x, given, weight, bias, shift, out, positions,
    channels: tl.constexpr, groups: tl.constexpr, rows: tl.constexpr, rounds: tl.constexpr,
    with_shift: tl.constexpr, silu: tl.constexpr,
):  # fmt: skip
    frame = tl.program_id(1)
    channel = tl.arange(0, channels)
    stats = given + (frame * groups + channel // (channels // groups)) * 2
    scale = tl.load(stats + 1) * tl.load(weight + channel).to(tl.float32)
    mean = tl.load(stats)
    if with_shift:
        mean -= tl.load(shift + channel).to(tl.float32)
    lift = tl.load(bias + channel).to(tl.float32)
    base = frame.to(tl.int64) * positions * channels
    for turn in range(rounds):
        row = (tl.program_id(0) * rounds + turn) * rows + tl.arange(0, rows)
        inside = (row < positions)[:, None]
        at = base + row.to(tl.int64)[:, None] * channels + channel[None, :]
        y = (tl.load(x + at, mask=inside, other=0.0).to(tl.float32) - mean[None, :]) * scale[None, :] + lift[None, :]
        if silu:
            y = y / (1.0 + tl.exp(-y))
        tl.store(out + at, y.to(out.dtype.element_ty), mask=inside)


def statistics(x: Tensor, groups: int, eps: float, shift: Tensor | None) -> Tensor:
    """See ``greenroom.nn.group_norm.statistics``. Channels and groups are powers of two."""
    return _gather(x, shift, None, None, groups, eps)


def add(x: Tensor, shift: Tensor, residual: Tensor | None, out: Tensor, groups: int, eps: float) -> Tensor:
    """See ``greenroom.nn.group_norm.add``. Channels and groups are powers of two."""
    return _gather(x, shift, residual, out, groups, eps)


def normalise(
    x: Tensor, given: Tensor, weight: Tensor, bias: Tensor, shift: Tensor | None, out: Tensor, *, silu: bool
) -> None:
    """See ``greenroom.nn.group_norm.normalise``. Channels and groups are powers of two."""
    frames, positions, channels = _sizes(x, out)
    rows = max(1, _TILE // channels)
    _normalise[(triton.cdiv(positions, rows * _ROUNDS), frames)](
        x, given, weight, bias, weight if shift is None else shift, out, positions,
        channels, given.shape[1], rows, _ROUNDS, shift is not None, silu, num_warps=_WARPS,
    )  # fmt: skip


def _gather(
    x: Tensor, shift: Tensor | None, residual: Tensor | None, out: Tensor | None, groups: int, eps: float
) -> Tensor:
    frames, positions, channels = _sizes(x, *(tensor for tensor in (residual, out) if tensor is not None))
    rows = max(1, _TILE // channels)
    part = triton.cdiv(triton.cdiv(positions, rows), _PARTS) * rows
    many = triton.cdiv(positions, part)
    parts = torch.empty(frames, many, groups, 2, dtype=torch.float32, device=x.device)
    _sum_part[(many, frames)](
        x, x if shift is None else shift, x if residual is None else residual, x if out is None else out, parts,
        positions, part, many, channels, groups, rows,
        shift is not None, residual is not None, out is not None, num_warps=_WARPS,
    )  # fmt: skip
    given = torch.empty(frames, groups, 2, dtype=torch.float32, device=x.device)
    _join_parts[(frames,)](
        parts, given, positions, part, many, eps, channels, groups, triton.next_power_of_2(many), num_warps=_WARPS
    )
    return given


def _sizes(*tensors: Tensor) -> tuple[int, int, int]:
    """Frames, positions of a frame, channels. All tensors have the same, and lie in that order without gaps."""
    frames, height, width, channels = tensors[0].shape
    for tensor in tensors:
        if tensor.shape != tensors[0].shape or not tensor.is_contiguous():
            raise ValueError(f"frames of {tuple(tensors[0].shape)} wanted, contiguous; given {tuple(tensor.shape)}")
    return frames, height * width, channels
