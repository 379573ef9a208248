"""Convolutions of 3 x 3 x 3 from pictures and to pictures, for CUDA: three channels on one side leave libraries' idle.

From a picture, all that a position sees is one row of a product. To a picture it is the other way round: one product
gives what a position says to each of its neighbours, for all of their channels, and a second pass sums what each heard.
Sums are float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import triton
import triton.language as tl

from greenroom.nn.kernels.channel_norm import scaled, summed

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from greenroom.nn.channel_norm import Pending

_COLOURS = 3
_TAPS = 27  # of a kernel of 3 x 3 x 3
_COLUMNS = 128  # positions that a program takes
_ROWS = 256  # of a frame whose neighbours are spoken to at a time: what is said takes 81 numbers a position
_WARPS = 8


@triton.jit
def _see(
    frames, weight, out, height, width,
    outputs: tl.constexpr, wide: tl.constexpr, seen: tl.constexpr, padded: tl.constexpr, columns: tl.constexpr,
):  # fmt: skip
    row, frame = tl.program_id(1), tl.program_id(2)
    column = tl.program_id(0) * columns + tl.arange(0, columns)
    number, output = tl.arange(0, padded), tl.arange(0, wide)
    known = output < outputs
    colour, across, up, time = number % 3, number // 3 % 3, number // 9 % 3, number // 27
    y = row + up - 1
    x = column[:, None] + across[None, :] - 1
    inside = ((number < seen) & (y >= 0) & (y < height))[None, :] & (x >= 0) & (x < width)
    start = ((frame + time).to(tl.int64) * height + y) * width
    picture = tl.load(frames + (start[None, :] + x) * 3 + colour[None, :], mask=inside, other=0.0)
    real = (number < seen)[:, None] & known[None, :]
    taps = tl.load(weight + number[:, None] * outputs + output[None, :], mask=real, other=0.0)
    value = tl.dot(picture, taps)
    at = ((frame.to(tl.int64) * height + row) * width + column)[:, None] * outputs + output[None, :]
    tl.store(out + at, value.to(out.dtype.element_ty), mask=(column < width)[:, None] & known[None, :])


@triton.jit
def _say(
    x, given, gain, lift, weight, said, positions,
    channels: tl.constexpr, groups: tl.constexpr, taps: tl.constexpr, padded: tl.constexpr, columns: tl.constexpr,
):  # fmt: skip
    position = tl.program_id(0) * columns + tl.arange(0, columns)
    channel = tl.arange(0, channels)
    inside = position < positions
    stats = given + channel // (channels // groups) * 2
    scale = tl.load(stats + 1) * tl.load(gain + channel).to(tl.float32)
    at = position.to(tl.int64)[:, None] * channels + channel[None, :]
    y = tl.load(x + at, mask=inside[:, None], other=0.0).to(tl.float32)
    y = (y - tl.load(stats)[None, :]) * scale[None, :] + tl.load(lift + channel).to(tl.float32)[None, :]
    y = y / (1.0 + tl.exp(-y))
    _tell(y, weight, said, position, channel, inside, channel < channels, positions, channels, taps, padded)


@triton.jit
def _say_by_length(
    x, shift, residual, gain, weight, said, positions, usual,
    channels: tl.constexpr, wide: tl.constexpr, taps: tl.constexpr, padded: tl.constexpr, columns: tl.constexpr,
    with_shift: tl.constexpr, with_residual: tl.constexpr,
):  # fmt: skip
    position = tl.program_id(0) * columns + tl.arange(0, columns)
    channel = tl.arange(0, wide)
    inside, known = position < positions, channel < channels
    at = position.to(tl.int64)[:, None] * channels + channel[None, :]
    there = inside[:, None] & known[None, :]
    total = summed(x, shift, residual, at, channel, there, known, with_shift, with_residual)
    y = scaled(total, gain, channel, known, usual, True)
    _tell(y, weight, said, position, channel, inside, known, positions, channels, taps, padded)


@triton.jit
def _tell(
    y, weight, said, position, channel, inside, known, positions,
    channels: tl.constexpr, taps: tl.constexpr, padded: tl.constexpr,
):  # fmt: skip
    number = tl.arange(0, padded)
    real = number < taps
    there = real[:, None] & known[None, :]
    kernel = tl.load(weight + number[:, None] * channels + channel[None, :], mask=there, other=0.0)
    value = tl.dot(kernel, tl.trans(y.to(kernel.dtype)))
    to = said + number.to(tl.int64)[:, None] * positions + position[None, :]
    tl.store(to, value, mask=real[:, None] & inside[None, :])


@triton.jit
def _hear(
    said, bias, pending, out, first, above, height, width, plane, frame,
    begins: tl.constexpr, columns: tl.constexpr,
):  # fmt: skip
    row = first + tl.program_id(1)
    column = tl.program_id(0) * columns + tl.arange(0, columns)
    inside = column < width
    for colour in tl.static_range(3):
        at = (row.to(tl.int64) * width + column) * 3 + colour
        now = tl.zeros([columns], tl.float32) + tl.load(bias + colour).to(tl.float32)
        soon = tl.zeros([columns], tl.float32)
        later = tl.zeros([columns], tl.float32)
        for up in tl.static_range(3):
            y = tl.zeros([columns], tl.int32) + (row + up - 1)
            for across in tl.static_range(3):
                x = column + across - 1
                heard = (x >= 0) & (x < width) & (y >= 0) & (y < height)
                place = said + ((up * 3 + across) * 3 + colour) * plane + (y - above) * width + x
                later += tl.load(place, mask=heard, other=0.0)
                soon += tl.load(place + 27 * plane, mask=heard, other=0.0)
                now += tl.load(place + 54 * plane, mask=heard, other=0.0)
        if begins:
            # The frames before are copies of this one.
            soon += later
            now += soon
        else:
            now += tl.load(pending + at, mask=inside, other=0.0)
            soon += tl.load(pending + frame + at, mask=inside, other=0.0)
        tl.store(out + at, now, mask=inside)
        tl.store(pending + at, soon, mask=inside)
        tl.store(pending + frame + at, later, mask=inside)


def from_pixels(window: Tensor, weight: Tensor) -> Tensor:
    """Convolve pictures, (frames + 2, height, width, 3), contiguous, to (frames, height, width, outputs).

    weight: (outputs, 3, 3, 3, 3).  outputs: 16 at least.
    """
    frames, height, width, _ = window.shape
    outputs, seen = weight.shape[0], _TAPS * _COLOURS
    out = window.new_empty(frames - 2, height, width, outputs)
    rows = weight.permute(2, 3, 4, 1, 0).reshape(seen, outputs).contiguous()
    _see[(triton.cdiv(width, _COLUMNS), height, frames - 2)](
        window, rows, out, height, width,
        outputs, triton.next_power_of_2(outputs), seen, triton.next_power_of_2(seen), _COLUMNS, num_warps=_WARPS,
    )  # fmt: skip
    return out


def to_pixels(
    x: Tensor, given: Tensor, norm: nn.GroupNorm, weight: Tensor, bias: Tensor, pending: Tensor, *, begins: bool
) -> Tensor:
    """See ``greenroom.nn.pixels.to_pixels``. Channels are a power of two from 16; x is contiguous."""
    channels = x.shape[-1]
    rows = _rows_of(weight)

    def say(frame: int, above: int, below: int, said: Tensor) -> None:
        positions = (below - above) * x.shape[2]
        _say[(triton.cdiv(positions, _COLUMNS),)](
            x[frame, above:below], given[frame], norm.weight, norm.bias, rows, said, positions,
            channels, given.shape[1], len(rows), triton.next_power_of_2(len(rows)), _COLUMNS, num_warps=_WARPS,
        )  # fmt: skip

    return _heard(x, say, len(rows), bias, pending, begins=begins)


def lengths_to_pixels(given: Pending, gain: Tensor, weight: Tensor, bias: Tensor, pending: Tensor) -> Tensor:
    """See ``greenroom.nn.pixels.lengths_to_pixels``. All frames are contiguous."""
    x, shift, residual = given.x, given.shift, given.residual
    channels = x.shape[-1]
    rows = _rows_of(weight)

    def say(frame: int, above: int, below: int, said: Tensor) -> None:
        positions = (below - above) * x.shape[2]
        part = x[frame, above:below]
        _say_by_length[(triton.cdiv(positions, _COLUMNS),)](
            part, part if shift is None else shift, part if residual is None else residual[frame, above:below],
            gain, rows, said, positions, channels**0.5,
            channels, triton.next_power_of_2(channels), len(rows), triton.next_power_of_2(len(rows)), _COLUMNS,
            shift is not None, residual is not None, num_warps=_WARPS,
        )  # fmt: skip

    return _heard(x, say, len(rows), bias, pending, begins=False)


def _rows_of(weight: Tensor) -> Tensor:
    """A kernel to pictures as the rows of one product: (27 * 3, channels)."""
    return weight.permute(2, 3, 4, 0, 1).reshape(_TAPS * _COLOURS, -1).contiguous()


def _heard(
    x: Tensor, say: Callable[[int, int, int, Tensor], None], taps: int, bias: Tensor, pending: Tensor, *, begins: bool
) -> Tensor:
    """Pictures, band by band. say: of a frame, a band's first row and the one behind its last, where to write it."""
    frames, height, width, _ = x.shape
    out = torch.empty(frames, height, width, _COLOURS, dtype=torch.float32, device=x.device)
    said = torch.empty(taps * min(_ROWS + 2, height) * width, dtype=torch.float32, device=x.device)
    for frame in range(frames):
        for first in range(0, height, _ROWS):
            last = min(first + _ROWS, height)
            above, below = max(first - 1, 0), min(last + 1, height)
            say(frame, above, below, said)
            _hear[(triton.cdiv(width, _COLUMNS), last - first)](
                said, bias, pending, out[frame], first, above, height, width,
                (below - above) * width, height * width * _COLOURS, begins and frame == 0, _COLUMNS, num_warps=_WARPS,
            )  # fmt: skip
    return out
