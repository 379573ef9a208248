"""Clips in batches of time that overlap, where memory forces it: how one fades into the next, and what pads an end."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_FEWEST = 3  # frames over which a curve is worth it


def cross_faded(before: Tensor, after: Tensor) -> Tensor:
    """One batch's last frames into the next one's first, of the same scene: (frames, ...) each.

    In the first third there is the one alone, in the last third the other; between them lies half a cosine.
    """
    place = torch.linspace(0, 1, len(before), device=before.device)
    curve = 0.5 + 0.5 * torch.cos(math.pi * (3 * (place - 1 / 3)).clamp(0, 1))
    weight = 1 - place if len(before) < _FEWEST else curve
    weight = weight.view(-1, *[1] * (before.ndim - 1))
    return before * weight + after * (1 - weight)


def mirrored(frames: int, count: int = 0, *, before: bool = False) -> list[int]:
    """Which frame stands at each place of a batch that is played back and forth at its end, or its beginning.

    count: so many frames more; 0 for as many as make 4n + 1, where the last one is repeated if there are too few.
    """
    if before:
        return [frames - 1 - place for place in reversed(mirrored(frames, count))]
    places = list(range(frames))
    more = count or -(frames - 1) % 4
    back = places[-2::-1]
    if not count and more > len(back):
        back = []
    end = (back or places)[-1]
    return [*places, *back[:more], *[end] * (more - len(back))]
