"""Phases of an upsampled video to their places, for CUDA: one read and one write; see ``nn/interleave.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor

_TILE = 8192  # numbers that a program moves
_WARPS = 8


@triton.jit
def _interleave(
    phases, bias, out, height, width,
    times: tl.constexpr, channels: tl.constexpr, padded: tl.constexpr, columns: tl.constexpr,
):  # fmt: skip
    row, frame = tl.program_id(1), tl.program_id(2)
    column = tl.program_id(0) * columns + tl.arange(0, columns)
    channel = tl.arange(0, padded)[None, :]
    inside = (column < 2 * width)[:, None] & (channel < channels)
    time, below, beside = frame % times, row % 2, column % 2
    phase = (time * 2 + below) * 2 + beside
    position = ((frame // times).to(tl.int64) * (height + 1) + row // 2 + below) * (width + 1) + column // 2 + beside
    at = (position * (times * 4) + phase)[:, None] * channels + channel
    row_edge = row == below * (2 * height - 1)
    column_edge = column == beside * (2 * width - 1)
    edges = (phase * 2 + row_edge.to(tl.int32)) * 2 + column_edge.to(tl.int32)
    value = tl.load(phases + at, mask=inside, other=0.0).to(tl.float32)
    value += tl.load(bias + edges[:, None] * channels + channel, mask=inside, other=0.0).to(tl.float32)
    to = ((frame.to(tl.int64) * (2 * height) + row) * (2 * width) + column)[:, None] * channels + channel
    tl.store(out + to, value.to(out.dtype.element_ty), mask=inside)


def interleave(phases: Tensor, bias: Tensor, out: Tensor) -> None:
    """See ``greenroom.nn.interleave.interleave``. All tensors are contiguous."""
    frames, rows, across, channels = out.shape
    padded = triton.next_power_of_2(channels)
    columns = max(1, _TILE // padded)
    _interleave[(triton.cdiv(across, columns), rows, frames)](
        phases, bias, out, rows // 2, across // 2, bias.shape[0], channels, padded, columns, num_warps=_WARPS
    )
