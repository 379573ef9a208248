"""Phases of an upsampled video to their places: what a convolution computed for each position of a 2 x 2 (x 2) cell.

Frames are (frames, height, width, channels), contiguous, as in ``group_norm.py``; on a GPU this is one pass of a
kernel.
"""

from __future__ import annotations

import torch
from torch import Tensor


def interleave(phases: Tensor, bias: Tensor, out: Tensor) -> None:
    """Write each phase, with its bias, to the positions of its kind.

    phases: (frames, h + 1, w + 1, times * 2 * 2 * channels), the channels of a phase together and phases in the order
    (time, row, column); row h + row of a phase holds what belongs to row 2 h + row of ``out``, and likewise columns.
    bias: (times, 2, 2, 2, 2, channels), the last two being whether the position lies in the outermost row, and column.
    out: (frames * times, 2 h, 2 w, channels).
    """
    if phases.is_cuda:
        from greenroom.nn.kernels import interleave as kernel

        kernel.interleave(phases, bias, out)
        return
    times, channels = bias.shape[0], bias.shape[-1]
    height, width = out.shape[1] // 2, out.shape[2] // 2
    parts = phases.view(*phases.shape[:-1], times, 2, 2, channels)
    cells = out.view(-1, times, height, 2, width, 2, channels)
    for time in range(times):
        for row in range(2):
            for column in range(2):
                part = parts[:, row : row + height, column : column + width, time, row, column]
                edges = _outermost(height, row)[:, None], _outermost(width, column)[None, :]
                cells[:, time, :, row, :, column] = part + bias[time, row, column][edges]


def _outermost(count: int, side: int) -> Tensor:
    """Which of ``count`` places of one side of their cells is the outermost one: 1, else 0."""
    places = torch.zeros(count, dtype=torch.long)
    places[-side] = 1  # the first of those on side 0, the last of those on side 1
    return places
