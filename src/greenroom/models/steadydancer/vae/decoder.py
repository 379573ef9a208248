"""Latents to video: four levels up, each a piece of time after the other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from greenroom.models.steadydancer.vae.blocks import Gain, Resnet
from greenroom.models.steadydancer.vae.encoder import middle_of, through
from greenroom.models.steadydancer.vae.resampling import Up
from greenroom.nn import pixels
from greenroom.nn.causal_conv import CausalConv3d
from greenroom.nn.channel_norm import Pending, add

if TYPE_CHECKING:
    from greenroom.models.steadydancer.vae.config import WanVaeConfig
    from greenroom.nn.causal_memory import CausalMemory

_COLOURS = 3


class ToPixels(CausalConv3d):
    """The last convolution, to pictures, and the norm before it. Its bias is added."""

    def picture(self, given: Pending, gain: Tensor, memory: CausalMemory) -> Tensor:
        """Returns (frames, height, width, 3), in float32 at least."""
        room = partial(pixels.pending_of, given.x, len(self.weight))
        pending = memory.carried(self, room)
        if pending is None:
            pending = room().zero_()
        made = pixels.lengths_to_pixels(given, gain, self.weight, self.bias, pending)
        memory.carry(self, pending)
        return made


class Decoder(nn.Module):
    """In parts, which may go at their own pace: ``coarse`` takes latent frames, ``rise`` and ``fine`` any number.

    sums: the type of frames between residual blocks.
    """

    sums: torch.dtype = torch.float32

    def __init__(self, config: WanVaeConfig) -> None:
        super().__init__()
        widths = config.widths[::-1]
        self.conv1 = CausalConv3d(config.latent, widths[0])
        self.middle = middle_of(widths[0])
        blocks: list[nn.Module] = []
        for level, width in enumerate(widths):
            inputs = widths[level - 1] // 2 if level else width
            blocks += [Resnet(width if block else inputs, width) for block in range(config.blocks + 1)]
            if level == config.timed - 1:
                self._rise = len(blocks)
            if level < len(widths) - 1:
                blocks.append(Up(width, timed=level < config.timed))
        self.upsamples = nn.ModuleList(blocks)
        self.head = nn.ModuleDict({"0": Gain(widths[-1], 3), "2": ToPixels(widths[-1], _COLOURS)})

    def coarse(self, latents: Tensor, memory: CausalMemory) -> Tensor:
        """The levels that double time, but for the last doubling.

        latents: (n, height, width, latent), of which the network's ``conv2`` made what is read here.  Returns frames
        for ``rise``: 2n - 1 at the beginning of a clip, 2n afterwards.
        """
        window = self.conv1.open(memory, latents)
        window.frames[:] = latents
        given = Pending(self.conv1(window, memory), self.conv1.bias)
        given = through((*self.middle, *self.upsamples[: self._rise]), given, memory, self.sums)
        add(given, given.x)
        return given.x

    def rise(self, x: Tensor, memory: CausalMemory) -> Tensor:
        """The last doubling of time.

        x: of ``coarse``.  Returns frames for ``fine``: of the clip's first frame one, of every other two.
        """
        made: Pending = self.upsamples[self._rise](Pending(x), memory, self.sums)
        return made.x

    def fine(self, x: Tensor, memory: CausalMemory) -> Tensor:
        """The levels that know every frame. x: from ``rise``.  Returns (frames, height, width, 3) in -1..1."""
        given = Pending(x)
        del x  # it is there until something else stands in its place
        given = through(self.upsamples[self._rise + 1 :], given, memory, self.sums)
        return cast("ToPixels", self.head["2"]).picture(given, cast("Gain", self.head["0"]).flat, memory).clamp_(-1, 1)
