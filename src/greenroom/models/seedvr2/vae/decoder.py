"""Latents to video: four levels up, each a slice of time after the other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from torch import Tensor, nn

from greenroom.models.seedvr2.vae.blocks import MidBlock, Normed, Resnet, norm_of
from greenroom.models.seedvr2.vae.upsample import Upsample
from greenroom.nn import group_norm, pixels
from greenroom.nn.causal_conv import CausalConv3d

if TYPE_CHECKING:
    from greenroom.models.seedvr2.vae.config import VAEConfig
    from greenroom.nn.causal_memory import CausalMemory


class ToPixels(CausalConv3d):
    """The last convolution, to pictures, and the norm before it. Its bias is added."""

    def picture(self, x: Tensor, given: Tensor, norm: nn.GroupNorm, memory: CausalMemory) -> Tensor:
        """x: (frames, height, width, inputs).  given: its statistics.  Returns (frames, height, width, outputs)."""
        room = partial(pixels.pending_of, x, len(self.weight))
        pending = memory.carried(self, room)
        begins = pending is None
        if pending is None:
            pending = room()
        made = pixels.to_pixels(x, given, norm, self.weight, self.bias, pending, begins=begins)
        memory.carry(self, pending)
        return made


class UpBlock(nn.Module):
    """One level: residual blocks, and the way to the next level. Levels are counted from the coarsest."""

    def __init__(self, config: VAEConfig, level: int) -> None:
        super().__init__()
        widths = config.widths[::-1]
        inputs, outputs = widths[max(level - 1, 0)], widths[level]
        self.resnets = nn.ModuleList(
            Resnet(config, outputs if layer else inputs, outputs) for layer in range(config.layers + 1)
        )
        finest = level == len(widths) - 1
        self.upsamplers = nn.ModuleList([] if finest else [Upsample(outputs, timed=level < config.timed)])

    def level(self, x: Tensor, given: Tensor, memory: CausalMemory) -> Normed:
        """Its residual blocks alone."""
        for resnet in self.resnets:
            x, given = resnet(x, given, memory)
        return x, given

    def rise(self, x: Tensor, memory: CausalMemory) -> Tensor:
        """The way to the next level alone, of any of the frames that ``level`` gave."""
        up = cast("Upsample", self.upsamplers[0])
        window = up.open(memory, x)
        window.frames[:] = x
        made: Tensor = up(window, memory)
        return made

    def forward(self, x: Tensor, given: Tensor, memory: CausalMemory) -> Normed:
        """x: (frames, height, width, inputs).  given: its statistics."""
        if not self.upsamplers:
            return self.level(x, given, memory)
        *resnets, last = cast("list[Resnet]", list(self.resnets))
        for resnet in resnets:
            x, given = resnet(x, given, memory)
        up = cast("Upsample", self.upsamplers[0])
        h = last.branch(x, given, memory)
        window = up.open(memory, x)
        last.join(x, h, out=window.frames)
        del h
        x = up(window, memory)
        return x, group_norm.statistics(x, last.norm2)


class Decoder(nn.Module):
    """In parts, which may go at their own pace: ``coarse`` takes latent frames, ``rise`` and ``fine`` any number."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        self.conv_in = CausalConv3d(config.latent, config.widths[-1])
        self.mid_block = MidBlock(config)
        self.up_blocks = nn.ModuleList(UpBlock(config, level) for level in range(len(config.widths)))
        self.conv_norm_out = norm_of(config, config.widths[0])
        self.conv_out = ToPixels(config.widths[0], 3)

    def coarse(self, latents: Tensor, memory: CausalMemory) -> Tensor:
        """The levels that double time, but for the last doubling.

        latents: (n, height, width, latent).  Returns frames for ``rise``: 2n - 1 at the beginning of a clip, 2n
        afterwards.
        """
        window = self.conv_in.open(memory, latents)
        window.frames[:] = latents
        x = self.conv_in(window, memory)
        given = group_norm.add(x, self.conv_in.bias, self.conv_norm_out, out=x)
        x, given = self.mid_block(x, given, memory)
        timed = cast("list[UpBlock]", list(self.up_blocks[: self.config.timed]))
        for block in timed[:-1]:
            x, given = block(x, given, memory)
        for block in timed[-1:]:
            x, given = block.level(x, given, memory)
        made: Tensor = x
        return made

    def rise(self, x: Tensor, memory: CausalMemory) -> Tensor:
        """The last doubling of time.

        x: of ``coarse``.  Returns frames for ``fine``: of the clip's first frame one, of every other two.
        """
        if not self.config.timed:
            return x
        return cast("UpBlock", self.up_blocks[self.config.timed - 1]).rise(x, memory)

    def fine(self, x: Tensor, memory: CausalMemory) -> Tensor:
        """The levels that know every frame. x: from ``rise``.  Returns (frames, height, width, 3), about -1..1."""
        given = group_norm.statistics(x, self.conv_norm_out)
        for block in self.up_blocks[self.config.timed :]:
            x, given = block(x, given, memory)
        return self.conv_out.picture(x, given, self.conv_norm_out, memory)
