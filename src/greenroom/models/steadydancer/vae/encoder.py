"""Video to the mean of its latent: four levels down, each a piece of time after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from greenroom.models.steadydancer.vae.blocks import Attention, Gain, Resnet, normed_convolution
from greenroom.models.steadydancer.vae.resampling import Down
from greenroom.nn.causal_conv import CausalConv3d
from greenroom.nn.channel_norm import Pending
from greenroom.nn.from_pixels import FromPixels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenroom.models.steadydancer.vae.config import WanVaeConfig
    from greenroom.nn.causal_memory import CausalMemory

_COLOURS = 3


class Encoder(nn.Module):
    """In two parts with a pace of their own: ``fine`` takes any number of frames, ``coarse`` what makes latents.

    sums: the type of frames between residual blocks.
    """

    sums: torch.dtype = torch.float32

    def __init__(self, config: WanVaeConfig) -> None:
        super().__init__()
        widths = config.widths
        self.conv1 = FromPixels(_COLOURS, widths[0])
        blocks: list[nn.Module] = []
        for level, width in enumerate(widths):
            if level:
                blocks.append(Down(widths[level - 1], timed=level > config.untimed))
                if level == config.untimed:
                    self._fine = len(blocks)
            blocks += [
                Resnet(widths[max(level - 1, 0)] if not block else width, width) for block in range(config.blocks)
            ]
        self.downsamples = nn.ModuleList(blocks)
        self.middle = middle_of(widths[-1])
        self.head = nn.ModuleDict({"0": Gain(widths[-1], 3), "2": CausalConv3d(widths[-1], 2 * config.latent)})

    def fine(self, frames: Tensor, memory: CausalMemory) -> Pending:
        """The levels that know every frame.

        frames: (frames, height, width, 3) in -1..1, on any device, height and width multiples of ``config.space``.
        """
        return through(self.downsamples[: self._fine], self._begun(frames, memory), memory, self.sums)

    def coarse(self, given: Pending, memory: CausalMemory) -> Tensor:
        """The levels that halve time, and what follows them.

        given: of ``fine``: 4n + 1 frames at the beginning of a clip, 4n afterwards.  Returns (n + 1 or n, height / 8,
        width / 8, 2 * latent) in float32 at least, which the network's ``conv1`` makes into a mean.
        """
        given = through((*self.downsamples[self._fine :], *self.middle), given, memory, self.sums)
        conv = cast("CausalConv3d", self.head["2"])
        made = normed_convolution(given, cast("Gain", self.head["0"]), conv, memory, None)
        return made.to(conv.bias.dtype) + conv.bias

    def _begun(self, frames: Tensor, memory: CausalMemory) -> Pending:
        weight = self.conv1.weight
        window = self.conv1.open(memory, weight.new_empty(*frames.shape[:3], 0))
        window.frames.copy_(frames)
        return Pending(self.conv1(window, memory), self.conv1.bias)


def middle_of(width: int) -> nn.ModuleList:
    """Residual block, attention, residual block."""
    return nn.ModuleList([Resnet(width, width), Attention(width), Resnet(width, width)])


def through(blocks: Iterable[nn.Module], given: Pending, memory: CausalMemory, sums: torch.dtype) -> Pending:
    """Frames through blocks, one after the other. sums: the type of frames between residual blocks."""
    given = given.moved()  # whoever gave them has them no longer
    for block in blocks:
        given = block(given, memory, sums)
    return given
