"""The causal video autoencoder of Wan 2.1: clips to the latents that the denoiser takes, and back.

Both ways go piece by piece in time: what each convolution saw last stays in a ``CausalMemory``, so that memory does not
grow with the clip, and any cut of it gives the same result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.steadydancer.vae.config import WanVaeConfig
from greenroom.models.steadydancer.vae.decoder import Decoder
from greenroom.models.steadydancer.vae.encoder import Encoder
from greenroom.models.steadydancer.vae.headroom import give_headroom
from greenroom.models.steadydancer.vae.resampling import Down, Up
from greenroom.nn.causal_memory import CausalMemory
from greenroom.nn.channel_norm import Pending
from greenroom.nn.norms import summing
from greenroom.nn.pieces import computing, cut, refined, split
from greenroom.nn.slices import Slices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_COLOURS = 3

USUAL = Slices(1, 4)
"""The pieces of a clip where nobody says other ones."""


class WanVae(nn.Module):
    """Encoder and decoder, by the names of the published checkpoint. Clips are (3, frames, height, width) in -1..1."""

    def __init__(self, config: WanVaeConfig | None = None) -> None:
        super().__init__()
        self.config = config or WanVaeConfig()
        latent = self.config.latent
        self.encoder = Encoder(self.config)
        self.conv1 = nn.Conv3d(2 * latent, 2 * latent, 1)
        self.conv2 = nn.Conv3d(latent, latent, 1)
        self.decoder = Decoder(self.config)

    @classmethod
    def of(
        cls,
        weights: Mapping[str, Tensor],
        config: WanVaeConfig | None = None,
        dtype: torch.dtype = torch.float32,
        sums: torch.dtype | None = None,
    ) -> Self:
        """An autoencoder of weights, on their device.

        weights: best in float32, since some are sums of others.  dtype: that convolutions take; norms and biases stay
        as given, and so does what stands next to the latents.  sums: of frames between residual blocks, float32 where
        it is None.
        """
        with torch.device("meta"):
            vae = cls(config)
        vae.load_state_dict(dict(weights), assign=True)
        vae.eval().requires_grad_(False)
        halves = vae.encoder, vae.decoder
        if dtype == torch.float16:
            for half in halves:
                give_headroom(half)
        for module in vae.modules():
            if isinstance(module, (Down, Up)):
                module.compose(dtype)
        for half in halves:
            half.sums = sums or torch.float32
            for module in half.modules():
                weight = getattr(module, "weight", None)
                if weight is not None:
                    layout = torch.channels_last_3d if weight.ndim == 5 else torch.contiguous_format
                    weight.data = weight.data.to(dtype, memory_format=layout)
        return vae

    @property
    def dtype(self) -> torch.dtype:
        """The type that convolutions take."""
        return self.decoder.conv1.weight.dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.conv2.weight.device

    def encode(self, video: Tensor, slices: Slices = USUAL) -> Tensor:
        """A whole clip to its latents.

        video: (3, 4n + 1, height, width), on any device, height and width multiples of 8.  slices: as which it goes.
        Returns (16, n + 1, height / 8, width / 8), float32, normalised as the denoiser takes them.
        """
        frames, height, width = video.shape[1:]
        space = self.config.space
        shape = self.config.latent, self.config.latent_frames(frames), height // space, width // space
        out = torch.empty(shape, dtype=summing(self.dtype), device=self.device)
        done = 0
        for piece in self.encoded([video], slices):
            out[:, done : done + piece.shape[1]] = piece
            done += piece.shape[1]
        return out

    def decode(self, latents: Tensor, slices: Slices = USUAL) -> Tensor:
        """A whole clip of its latents.

        latents: (16, n, h, w), as ``encode`` gives them, on any device.  Returns (3, 4n - 3, 8 h, 8 w), float32.
        """
        count, height, width = latents.shape[1:]
        space = self.config.space
        shape = _COLOURS, self.config.frames(count), height * space, width * space
        out = torch.empty(shape, dtype=summing(self.dtype), device=self.device)
        done = 0
        for piece in self.decoded(latents, slices):
            out[:, done : done + piece.shape[1]] = piece
            done += piece.shape[1]
        return out

    def encoded(self, video: Iterable[Tensor], slices: Slices = USUAL) -> Iterator[Tensor]:
        """Latents of a clip, a piece at a time, while its later frames are still to come.

        video: in pieces of any length, each (3, frames, height, width), on any device.  Yields (16, latent frames,
        height / 8, width / 8).  Raises ValueError for other heights and widths than multiples of 8, and at the end of
        a clip that is not of 4n + 1 frames.
        """
        memory = CausalMemory(zeros=True)
        pieces = (piece.movedim(0, -1) for piece in video)
        for piece, last in cut(pieces, slices.latents * self.config.time, self.config.time):
            if any(size % self.config.space for size in piece.shape[1:3]):
                raise ValueError(f"frames of {piece.shape[2]}x{piece.shape[1]} are no multiples of {self.config.space}")
            with computing():
                latents = self._encode(piece, slices.frames, memory, last=last)
            yield latents

    def decoded(self, latents: Tensor, slices: Slices = USUAL) -> Iterator[Tensor]:
        """Frames of a clip, a few at a time, while later ones are still to be decoded.

        latents: (16, n, h, w), as ``encode`` gives them, on any device.  Yields (3, frames, 8 h, 8 w) in -1..1, of
        frames whose colours lie innermost in memory.
        """
        memory = CausalMemory(zeros=True)
        first, count = 0, latents.shape[1]
        while first < count:
            stop = first + slices.latents + (1 if first == 0 else 0)
            last = stop >= count
            with computing():
                memory.last = last
                coarse = self.decoder.coarse(self._raw(latents[:, first:stop]), memory)
            frames = refined(self.decoder, coarse, slices.frames, memory, doubles=True, last=last)
            yield from map(_colours_first, frames)
            first = stop

    def _encode(self, frames: Tensor, at_once: int, memory: CausalMemory, *, last: bool) -> Tensor:
        """The latents of a piece. frames: (frames, height, width, 3).  last: nothing comes after it."""
        made: list[Pending] = []
        pieces = split(frames, at_once)
        for number, piece in enumerate(pieces):
            memory.last = last and number == len(pieces) - 1
            made.append(self.encoder.fine(piece, memory))
        memory.last = last
        given = made[0] if len(made) == 1 else Pending(torch.cat([each.x for each in made]), made[0].shift)
        del made
        moments = self.encoder.coarse(given, memory)
        mean = _pointwise(moments, self.conv1, self.config.latent)
        centre, spread = self._scales(mean)
        return ((mean - centre) / spread).movedim(-1, 0)

    def _raw(self, latents: Tensor) -> Tensor:
        """What the decoder reads of latents: (frames, height, width, 16)."""
        z = latents.to(self.device, self.conv2.weight.dtype).movedim(0, -1)
        centre, spread = self._scales(z)
        return _pointwise(z * spread + centre, self.conv2, self.config.latent).to(self.dtype)

    def _scales(self, like: Tensor) -> tuple[Tensor, Tensor]:
        return like.new_tensor(self.config.mean), like.new_tensor(self.config.spread)


def _colours_first(frames: Tensor) -> Tensor:
    return frames.movedim(-1, 0)


def _pointwise(x: Tensor, conv: nn.Conv3d, count: int) -> Tensor:
    """The first outputs of a 1 x 1 x 1 convolution. x: (frames, height, width, inputs)."""
    bias = None if conv.bias is None else conv.bias[:count]
    return functional.linear(x, conv.weight[:count].flatten(1), bias)
