"""Encoding and decoding slice by slice in time: memory stays the same however long the clip is, and so does the result.

What each convolution saw last stays in a ``CausalMemory``, so that any cut of the clip is as good as none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.nn.causal_memory import CausalMemory
from greenroom.nn.pieces import computing, cut, refined, split
from greenroom.nn.slices import Slices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor

    from greenroom.models.seedvr2.vae.decoder import Decoder
    from greenroom.models.seedvr2.vae.vae import VideoVAE


@torch.inference_mode()
def encode(vae: VideoVAE, pixels: Tensor, slices: Slices | None = None) -> Tensor:
    """A whole clip to its moments.

    pixels: (4n + 1, height, width, 3) in -1..1.  slices: None for the clip in one.  Returns (n + 1, height / 8, width
    / 8, 2 * latent).
    """
    slices = slices or _whole(vae, len(pixels))
    return torch.cat(list(encoding(vae, [pixels], slices)))


@torch.inference_mode()
def decode(vae: VideoVAE, latents: Tensor, slices: Slices | None = None) -> Tensor:
    """A whole clip to its pixels.

    latents: (n, height, width, latent), not scaled for the transformer.  slices: None for the clip in one.  Returns
    (4n - 3, 8 * height, 8 * width, 3), about -1..1.
    """
    slices = slices or _whole(vae, vae.config.frames(len(latents)))
    return torch.cat(list(decoding(vae, latents, slices)))


def encoding(vae: VideoVAE, pixels: Iterable[Tensor], slices: Slices) -> Iterator[Tensor]:
    """Moments of a clip, a slice at a time, while its later frames are still to come.

    pixels: in pieces of any length, each (frames, height, width, 3) in -1..1, on any device.  Yields (latent frames,
    height / 8, width / 8, 2 * latent).  Raises ValueError at the end of a clip that is not of 4n + 1 frames.
    """
    memory = CausalMemory()
    for piece, last in cut(pixels, slices.latents * vae.config.time, vae.config.time):
        with computing():
            moments = encode_slice(vae, piece, slices.frames, memory, last=last)
        yield moments


def decoding(vae: VideoVAE, latents: Tensor, slices: Slices) -> Iterator[Tensor]:
    """Frames of a clip, a few at a time, while later ones are still to be decoded.

    latents: (n, height, width, latent), not scaled for the transformer, on any device.  Yields (frames, 8 * height,
    8 * width, 3), about -1..1.
    """
    memory = CausalMemory()
    first = 0
    while first < len(latents):
        stop = first + slices.latents + (1 if first == 0 else 0)
        last = stop >= len(latents)
        with computing():
            memory.last = last
            coarse = vae.decoder.coarse(latents[first:stop].to(vae.device, vae.dtype), memory)
        yield from fine(vae.decoder, coarse, slices.frames, memory, last=last)
        first = stop


def fine(decoder: Decoder, coarse: Tensor, at_once: int, memory: CausalMemory, *, last: bool) -> Iterator[Tensor]:
    """The frames of a slice whose levels that double time are done. at_once: frames.  last: nothing comes after it."""
    return refined(decoder, coarse, at_once, memory, doubles=bool(decoder.config.timed), last=last)


def encode_slice(vae: VideoVAE, pixels: Tensor, at_once: int, memory: CausalMemory, *, last: bool) -> Tensor:
    """The moments of a slice. pixels: on any device.  at_once: frames.  last: nothing comes after it."""
    made = []
    pieces = split(pixels, at_once)
    for number, piece in enumerate(pieces):
        memory.last = last and number == len(pieces) - 1
        made.append(vae.encoder.fine(piece.to(vae.device, vae.dtype), memory))
    memory.last = last
    x, given = made[0] if len(made) == 1 else (torch.cat(parts) for parts in zip(*made, strict=True))
    del made
    return vae.encoder.coarse(x, given, memory)


def _whole(vae: VideoVAE, frames: int) -> Slices:
    return Slices(vae.config.latent_frames(frames), frames)
