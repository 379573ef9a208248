"""Blocks of the video autoencoder. State-dict names are the published ones.

A block takes frames, (frames, height, width, channels), together with their statistics for the norm that comes next,
and gives both. It writes over the frames that it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn import group_norm
from greenroom.nn.causal_conv import CausalConv3d
from greenroom.nn.wide_attention import attend

if TYPE_CHECKING:
    from greenroom.models.seedvr2.vae.config import VAEConfig
    from greenroom.nn.causal_memory import CausalMemory

Normed = tuple[Tensor, Tensor]
"""Frames, and their statistics (``group_norm.statistics``). All norms have as many groups, so these serve any."""


def norm_of(config: VAEConfig, channels: int) -> nn.GroupNorm:
    """A norm over the groups of one frame: nothing crosses frames in it."""
    return nn.GroupNorm(config.groups, channels, eps=1e-6)


class Resnet(nn.Module):
    """Norm, SiLU, convolution, twice, and the input added."""

    def __init__(self, config: VAEConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm1 = norm_of(config, inputs)
        self.conv1 = CausalConv3d(inputs, outputs)
        self.norm2 = norm_of(config, outputs)
        self.conv2 = CausalConv3d(outputs, outputs)
        self.conv_shortcut = nn.Conv3d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x: Tensor, given: Tensor, memory: CausalMemory) -> Normed:
        """x: (frames, height, width, inputs).  given: its statistics."""
        return self.join(x, self.branch(x, given, memory))

    def branch(self, x: Tensor, given: Tensor, memory: CausalMemory) -> Tensor:
        """What is added to the input, but for its bias."""
        h = normed_convolution(x, given, self.norm1, self.conv1, memory)
        shift: Tensor = self.conv1.bias
        given = group_norm.statistics(h, self.norm2, shift)
        window = self.conv2.open(memory, h)
        group_norm.normalise(h, given, self.norm2, out=window.frames, shift=shift)
        del h  # its room is the next result's
        result: Tensor = self.conv2(window, memory)
        return result

    def join(self, x: Tensor, h: Tensor, out: Tensor | None = None) -> Normed:
        """Add the branch to the input. out: where to write the sum; None for over the input."""
        shift: Tensor = self.conv2.bias
        residual = x
        if self.conv_shortcut is not None:
            residual = functional.linear(x, self.conv_shortcut.weight.flatten(1))
            shift = shift + bias_of(self.conv_shortcut)
        out = residual if out is None else out
        return out, group_norm.add(h, shift, self.norm2, residual, out=out)


def bias_of(conv: nn.Conv3d) -> Tensor:
    """Its bias, which every convolution here has."""
    if conv.bias is None:
        raise ValueError("a convolution of the autoencoder has no bias")
    return conv.bias


def normed_convolution(
    x: Tensor, given: Tensor, norm: nn.GroupNorm, conv: CausalConv3d, memory: CausalMemory
) -> Tensor:
    """Norm, SiLU and a convolution; the norm writes where the convolution reads."""
    window = conv.open(memory, x)
    group_norm.normalise(x, given, norm, out=window.frames)
    out: Tensor = conv(window, memory)
    return out


class Attention(nn.Module):
    """Within a frame, of one head as wide as the channels, and the input added."""

    def __init__(self, config: VAEConfig, channels: int) -> None:
        super().__init__()
        self.group_norm = norm_of(config, channels)
        self.to_q = nn.Linear(channels, channels)
        self.to_k = nn.Linear(channels, channels)
        self.to_v = nn.Linear(channels, channels)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])  # a list: its published name is to_out.0

    def forward(self, x: Tensor, given: Tensor) -> Normed:
        """x: (frames, height, width, channels).  given: its statistics."""
        y = x.new_empty(x.shape)
        group_norm.normalise(x, given, self.group_norm, out=y, silu=False)
        for place, normed in enumerate(y):  # one at a time: scores are positions by positions
            query, key, value = (project(normed).flatten(0, 1) for project in (self.to_q, self.to_k, self.to_v))
            x[place] += self.to_out[0](attend(query, key, value).view_as(normed))
        return x, group_norm.statistics(x, self.group_norm)


class MidBlock(nn.Module):
    """Residual block, attention, residual block, at the coarsest level."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        width = config.widths[-1]
        self.resnets = nn.ModuleList(Resnet(config, width, width) for _ in range(2))
        self.attentions = nn.ModuleList([Attention(config, width)])

    def forward(self, x: Tensor, given: Tensor, memory: CausalMemory) -> Normed:
        """x: (frames, height, width, channels).  given: its statistics."""
        x, given = self.resnets[0](x, given, memory)
        x, given = self.attentions[0](x, given)
        result: Normed = self.resnets[1](x, given, memory)
        return result
