"""Encoding and decoding in overlapping tiles, for frames that fit in no other way.

The result is not that of the whole frame: norms and attention see a tile alone. Where tiles overlap, one fades into the
other along half a cosine, and what they add up to is divided by the weights' sum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import torch

from greenroom.errors import InputInvalid
from greenroom.models.seedvr2.streaming import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from greenroom.models.seedvr2.vae import VideoVAE
    from greenroom.models.seedvr2.vae_slices import Slices


CELL = 8
"""Pixels of a latent cell's side, in every published autoencoder."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """Squares of ``side`` pixels, each ``overlap`` pixels within its neighbour. Both are multiples of a latent cell."""

    side: int = 1024
    overlap: int = 128

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.side or self.side % CELL or self.overlap % CELL:
            raise InputInvalid(
                f"tiles of {self.side} pixels that overlap by {self.overlap} cannot be laid",
                mend=f"give multiples of {CELL}, the overlap being smaller than the tile",
            )


@dataclass(frozen=True, slots=True)
class _Span:
    """Of one tile along one axis, in latent cells. before, after: whether another tile lies there."""

    start: int
    stop: int
    before: bool
    after: bool


@torch.inference_mode()
def encode_tiled(vae: VideoVAE, pixels: Tensor, tiles: Tiles, slices: Slices | None = None) -> Tensor:
    """A whole clip to its moments, tile by tile; arguments and result are those of ``streaming.encode``."""
    return _tiled(pixels, tiles, vae, lambda tile: encode(vae, tile, slices), into=1, of=vae.config.space)


@torch.inference_mode()
def decode_tiled(vae: VideoVAE, latents: Tensor, tiles: Tiles, slices: Slices | None = None) -> Tensor:
    """A whole clip to its pixels, tile by tile; arguments and result are those of ``streaming.decode``."""
    return _tiled(latents, tiles, vae, lambda tile: decode(vae, tile, slices), into=vae.config.space, of=1)


def _tiled(
    given: Tensor, tiles: Tiles, vae: VideoVAE, work: Callable[[Tensor], Tensor], *, into: int, of: int
) -> Tensor:
    """Join what ``work`` makes of each tile. into, of: rows of the result, and of what is given, to a latent cell."""
    cell = vae.config.space
    side, overlap = tiles.side // cell, tiles.overlap // cell
    height, width = given.shape[1] // of, given.shape[2] // of
    total = weights = None
    for rows, columns in product(_spans(height, side, overlap), _spans(width, side, overlap)):
        tile = given[:, rows.start * of : rows.stop * of, columns.start * of : columns.stop * of]
        made = work(tile).float()
        faded = [_fade(span, overlap, into, made.device) for span in (rows, columns)]
        weight = faded[0][:, None, None] * faded[1][None, :, None]
        if total is None or weights is None:
            total = made.new_zeros(len(made), height * into, width * into, made.shape[-1])
            weights = made.new_zeros(height * into, width * into, 1)
        place = slice(rows.start * into, rows.stop * into), slice(columns.start * into, columns.stop * into)
        total[:, *place] += made * weight
        weights[place] += weight
    if total is None or weights is None:
        raise ValueError("frames without a pixel have no tile")
    return total.div_(weights)


def _spans(count: int, side: int, overlap: int) -> list[_Span]:
    """Tiles along an axis; the last may be smaller. One that would lie within the overlap before it is left out."""
    starts = [start for start in range(0, count, side - overlap) if not start or start + overlap < count]
    return [_Span(start, min(start + side, count), start > 0, start + side < count) for start in starts]


def _fade(span: _Span, overlap: int, into: int, device: torch.device) -> Tensor:
    """The weight of each row of a tile: 1, and a ramp from 0 where another tile overlaps."""
    weight = torch.ones((span.stop - span.start) * into, device=device)
    length = min(overlap * into, len(weight))
    ramp = 0.5 - 0.5 * torch.cos(math.pi * torch.linspace(0, 1, length, device=device))
    if span.before and length:
        weight[:length] *= ramp
    if span.after and length:
        weight[-length:] *= ramp.flip(0)
    return weight
