"""Encoding and decoding in overlapping tiles, for frames that fit in no other way.

The result is not that of the whole frame: norms and attention see a tile alone. Where tiles overlap, one fades into the
other along half a cosine, and what they add up to is divided by the weights' sum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import torch

from greenroom.errors import InputInvalid
from greenroom.models.seedvr2.planning.way import tiles_along
from greenroom.models.seedvr2.vae.streaming import decoding, encode
from greenroom.nn.slices import Slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from greenroom.models.seedvr2.vae.vae import VideoVAE

CELL = 8
"""Pixels of a latent cell's side, in every published autoencoder."""

_COLOURS = 3


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
    space = vae.config.space
    laid = _laid(pixels.shape[1] // space, pixels.shape[2] // space, tiles, space, vae.device, into=1)
    total: Tensor | None = None
    for tile in laid:
        made = encode(vae, pixels[:, *tile.of(space)], slices).float()
        if total is None:
            total = made.new_zeros(len(made), *tile.whole, made.shape[-1])
        total[:, *tile.of(1)] += made * tile.weight
    if total is None:
        raise ValueError("frames without a pixel have no tile")
    return total


@torch.inference_mode()
def decode_tiled(vae: VideoVAE, latents: Tensor, tiles: Tiles, slices: Slices | None = None) -> Tensor:
    """A whole clip to its pixels, tile by tile; arguments and result are those of ``streaming.decode``."""
    frames = vae.config.frames(len(latents))
    return torch.cat(list(decoding_tiled(vae, latents, tiles, slices or Slices(len(latents), frames))))


def decoding_tiled(vae: VideoVAE, latents: Tensor, tiles: Tiles, slices: Slices) -> Iterator[Tensor]:
    """The same, a few frames at a time while those of the last tile are still to be decoded; all others are held."""
    space = vae.config.space
    *tiles_before, last = _laid(latents.shape[1], latents.shape[2], tiles, space, vae.device, into=space)
    total = torch.zeros(vae.config.frames(len(latents)), *last.whole, _COLOURS, device=vae.device)
    for tile in tiles_before:
        for _ in _added(total, tile, vae, latents, slices):
            pass
    yield from _added(total, last, vae, latents, slices)


def _added(total: Tensor, tile: _Tile, vae: VideoVAE, latents: Tensor, slices: Slices) -> Iterator[Tensor]:
    """A tile's frames added to those of the whole: these, so far."""
    done = 0
    for piece in decoding(vae, latents[:, *tile.of(1)], slices):
        frames = total[done : done + len(piece)]
        frames[:, *tile.of(vae.config.space)] += piece.float() * tile.weight
        yield frames
        done += len(piece)


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    """A tile of a frame. weight: of each of its rows and columns, with all others' there 1.  whole: of the frame."""

    rows: _Span
    columns: _Span
    weight: Tensor
    whole: tuple[int, int]

    def of(self, cell: int) -> tuple[slice, slice]:
        """Its rows and columns, so many to a latent cell."""
        rows, columns = (slice(span.start * cell, span.stop * cell) for span in (self.rows, self.columns))
        return rows, columns


def _laid(height: int, width: int, tiles: Tiles, space: int, device: torch.device, *, into: int) -> list[_Tile]:
    """All tiles of a frame. height, width: latent cells.  into: rows of what is made of one."""
    side, overlap = tiles.side // space, tiles.overlap // space
    places = list(product(_spans(height, side, overlap), _spans(width, side, overlap)))
    whole = height * into, width * into
    laid = []
    total = torch.zeros(*whole, 1, device=device)
    for place in places:
        along, across = (_fade(span, overlap, into, device) for span in place)
        tile = _Tile(*place, along[:, None, None] * across[None, :, None], whole)
        total[tile.of(into)] += tile.weight
        laid.append(tile)
    return [replace(tile, weight=tile.weight / total[tile.of(into)]) for tile in laid]


def _spans(count: int, side: int, overlap: int) -> list[_Span]:
    """Tiles along an axis."""
    return [_Span(start, stop, start > 0, stop < count) for start, stop in tiles_along(count, side, overlap)]


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
