"""Frames of windows joined to those of a shot, and frames regrouped; all while later ones are still being made."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import torch

from greenroom.models.seedvr2.vae.overlap import cross_faded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from torch import Tensor


def joined(windows: Sequence[tuple[int, Iterable[Tensor]]], overlap: int) -> Iterator[Iterator[Tensor]]:
    """The frames of a shot from those of its windows, in pieces of any length; those of a window before the next one's.

    windows: how many frames each has, and these in pieces.  overlap: frames that each shares with the next, of which
    the last ones of the one fade into the first ones of the other, and are given with the other. What is given for a
    window has to be taken to its end before the next is asked for.
    """
    tail: list[Tensor] = []
    for number, (frames, made) in enumerate(windows):
        pieces = _faded(torch.cat(tail), made) if tail else iter(made)
        tail = []
        kept = overlap if number + 1 < len(windows) else 0
        yield _without_end(pieces, frames - kept, tail)


def regrouped(pieces: Iterable[Tensor], length: int) -> Iterator[Tensor]:
    """The same frames in pieces of ``length``; the last one may be shorter."""
    held: list[Tensor] = []
    for piece in pieces:
        held.append(piece)
        while sum(map(len, held)) >= length:
            together = torch.cat(held)
            yield together[:length]
            held = [together[length:]]
    rest = torch.cat(held) if held else None
    if rest is not None and len(rest):
        yield rest


def _faded(tail: Tensor, pieces: Iterable[Tensor]) -> Iterator[Tensor]:
    """A window's frames, of which the first ones come out of the last ones of the window before."""
    following = iter(pieces)
    held: list[Tensor] = []
    while sum(map(len, held)) < len(tail):
        held.append(next(following))
    together = torch.cat(held)
    return chain([cross_faded(tail, together[: len(tail)]), together[len(tail) :]], following)


def _without_end(pieces: Iterator[Tensor], left: int, end: list[Tensor]) -> Iterator[Tensor]:
    """So many frames; those behind them are put into ``end``."""
    for piece in pieces:
        if left > 0:
            yield piece[:left]
        if len(piece) > left:
            end.append(piece[max(left, 0) :])
        left -= len(piece)
