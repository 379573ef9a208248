"""Video to the moments of its latent: four levels down, each a slice of time after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.seedvr2.vae.blocks import MidBlock, Normed, Resnet, norm_of, normed_convolution
from greenroom.nn import group_norm
from greenroom.nn.causal_conv import CausalConv3d, convolve
from greenroom.nn.from_pixels import FromPixels

if TYPE_CHECKING:
    from greenroom.models.seedvr2.vae.config import VAEConfig
    from greenroom.nn.causal_memory import CausalMemory, Window


class Downsample(nn.Module):
    """Halves space, and time too if told so. It reads a row of zeros below the frame and a column on its right."""

    def __init__(self, channels: int, *, timed: bool) -> None:
        super().__init__()
        kernel, stride = ((3, 3, 3), (2, 2, 2)) if timed else ((1, 3, 3), (1, 2, 2))
        self.conv = CausalConv3d(channels, channels, kernel, stride)

    def forward(self, window: Window, memory: CausalMemory) -> Tensor:
        """Read a window of an even height and width. Returns them halved, without the bias."""
        whole = memory.close(self.conv, window, self.conv.later)
        # Libraries pad both sides alike. Zero weights that shift the kernel are best, but slow at a stride in time.
        if self.conv.stride[0] == 1:
            return convolve(whole, functional.pad(self.conv.weight, (1, 0, 1, 0)), self.conv.stride)
        return convolve(functional.pad(whole, (0, 0, 0, 1, 0, 1)), self.conv.weight, self.conv.stride, zeros=0)


class DownBlock(nn.Module):
    """One level: residual blocks, and the way to the next level."""

    def __init__(self, config: VAEConfig, level: int) -> None:
        super().__init__()
        inputs, outputs = config.widths[max(level - 1, 0)], config.widths[level]
        self.resnets = nn.ModuleList(
            Resnet(config, outputs if layer else inputs, outputs) for layer in range(config.layers)
        )
        coarsest = level == len(config.widths) - 1
        self.downsamplers = nn.ModuleList([] if coarsest else [Downsample(outputs, timed=level >= config.untimed)])

    def forward(self, x: Tensor, given: Tensor, memory: CausalMemory) -> Normed:
        """x: (frames, height, width, inputs).  given: its statistics."""
        *resnets, last = cast("list[Resnet]", list(self.resnets))
        for resnet in resnets:
            x, given = resnet(x, given, memory)
        if not self.downsamplers:
            result: Normed = last(x, given, memory)
            return result
        down = cast("Downsample", self.downsamplers[0])
        h = last.branch(x, given, memory)
        window = down.conv.open(memory, x)
        last.join(x, h, out=window.frames)
        del h
        h = down(window, memory)
        return h, group_norm.add(h, down.conv.bias, last.norm2, out=h)


class Encoder(nn.Module):
    """In two parts with a pace of their own: ``fine`` takes any number of frames, ``coarse`` what makes latents."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        self.conv_in = FromPixels(3, config.widths[0])
        self.down_blocks = nn.ModuleList(DownBlock(config, level) for level in range(len(config.widths)))
        self.mid_block = MidBlock(config)
        self.conv_norm_out = norm_of(config, config.widths[-1])
        self.conv_out = CausalConv3d(config.widths[-1], 2 * config.latent)

    def fine(self, frames: Tensor, memory: CausalMemory) -> Normed:
        """The levels that know every frame.

        frames: (frames, height, width, 3) in -1..1, height and width multiples of ``config.space``.
        """
        window = self.conv_in.open(memory, frames)
        window.frames[:] = frames
        x = self.conv_in(window, memory)
        given = group_norm.add(x, self.conv_in.bias, self.conv_norm_out, out=x)
        for block in self.down_blocks[: self.config.untimed]:
            x, given = block(x, given, memory)
        return x, given

    def coarse(self, x: Tensor, given: Tensor, memory: CausalMemory) -> Tensor:
        """The levels that halve time, and what follows them.

        x, given: of ``fine``: of 4n + 1 frames at the beginning of a clip, of 4n afterwards.  Returns the mean, then
        the logarithm of the variance: (n + 1 or n, height / 8, width / 8, 2 * latent).
        """
        for block in self.down_blocks[self.config.untimed :]:
            x, given = block(x, given, memory)
        x, given = self.mid_block(x, given, memory)
        moments: Tensor = normed_convolution(x, given, self.conv_norm_out, self.conv_out, memory)
        return moments + self.conv_out.bias
