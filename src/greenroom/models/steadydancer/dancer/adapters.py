"""What has the base model see poses (SteadyDancer, arXiv 2511.19320): three small networks in front of the transformer.

They are a ten-thousandth of its arithmetic, and everything that follows sees through them: they compute in float32
whatever the blocks do.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Iterator

_SQUEEZED = 4  # channels between those of the spatial extractor
_GROUP_EPS, _LAYER_EPS = 1e-5, 1e-5
_WIDTH, _HEADS = 128, 8  # of the alignment
_AT_ONCE = 2048  # places of a frame that are aligned together: their tensors take some 0.1 GB


@contextmanager
def _in_float32() -> Iterator[None]:
    """For convolutions: of float32 cuDNN takes ten bits behind the point where it may, and torch lets it."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


class _Gate(nn.Module):
    """A vector times what a linear layer makes of it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(width, width, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return x * _hard(self.fc(x))


class SpatialExtractor(nn.Module):
    """A convolution whose kernel is made for each frame of poses, out of the frame's mean."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1, bias=False)
        self.conv_q = nn.Conv2d(channels, _SQUEEZED, 1, bias=False)
        self.conv_p = nn.Conv2d(_SQUEEZED, channels, 1, bias=False)
        self.fc = nn.Sequential(nn.Linear(channels, _SQUEEZED, bias=False), _Gate(_SQUEEZED))
        self.fc_phi = nn.Linear(_SQUEEZED, _SQUEEZED**2, bias=False)
        self.fc_scale = nn.Linear(_SQUEEZED, channels, bias=False)
        # By their names batch norms; published are norms of each channel of a frame alone.
        self.bn1 = nn.GroupNorm(_SQUEEZED, _SQUEEZED, _GROUP_EPS)
        self.bn2 = nn.GroupNorm(_SQUEEZED, _SQUEEZED, _GROUP_EPS)

    @_in_float32()
    def forward(self, frames: Tensor) -> Tensor:
        """frames: (frames, channels, height, width). What one becomes depends on no other."""
        told = self.fc(frames.mean((2, 3)))
        mixing = self.fc_phi(told).view(-1, _SQUEEZED, _SQUEEZED)
        scale = _hard(self.fc_scale(told))[..., None, None]
        few = self.bn1(self.conv_q(frames))
        few = few + self.bn2((mixing @ few.flatten(2)).view_as(few))
        out: Tensor = self.conv_p(few) + self.conv(frames) * scale
        return out


class _Motion(nn.Module):
    """A convolution in the frame, then one in time that sees what was and what comes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spatial = nn.Conv3d(channels, channels, (1, 3, 3), padding=(0, 1, 1), groups=channels, bias=False)
        self.temporal = nn.Conv3d(channels, channels, (3, 1, 1), padding=(1, 0, 0))

    @_in_float32()
    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.temporal(functional.silu(self.spatial(x)))
        return out


def temporal_motion(channels: int) -> nn.Sequential:
    """Three such convolutions, a SiLU behind each, of (1, channels, frames, height, width)."""
    layers = [layer for _ in range(3) for layer in (_Motion(channels), nn.SiLU())]
    return nn.Sequential(*layers)


class _ChannelNorm(nn.Module):
    """A layer norm over channels, whose weights are published with the axes of a map."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, width, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., width)."""
        return functional.layer_norm(x, x.shape[-1:], self.weight.flatten(), self.bias.flatten(), _LAYER_EPS)


class _Attention(nn.Module):
    """Of one sequence to another, of the same length."""

    def __init__(self) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * _WIDTH, _WIDTH))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * _WIDTH))
        self.out_proj = nn.Linear(_WIDTH, _WIDTH)

    def forward(self, asking: Tensor, told: Tensor) -> Tensor:
        """asking, told: (rows, length, width)."""
        weight, bias = self.in_proj_weight, self.in_proj_bias
        query = functional.linear(asking, weight[:_WIDTH], bias[:_WIDTH])
        both = functional.linear(told, weight[_WIDTH:], bias[_WIDTH:])
        parts = query, *both.chunk(2, dim=-1)
        query, key, value = (part.view(*part.shape[:2], _HEADS, -1).transpose(1, 2) for part in parts)
        seen = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.out_proj(seen.transpose(1, 2).flatten(2))
        return out


class FrameAlignment(nn.Module):
    """Poses as the noisy latents ask for them: at each place, the frames of these look at those of the poses.

    Nothing of the poses gets past the attention.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.proj_p = nn.Conv2d(channels, _WIDTH, 1)
        self.proj_r = nn.Conv2d(channels, _WIDTH, 1)
        self.cross_attn = _Attention()
        self.ffn_pose = nn.Sequential(nn.Conv2d(_WIDTH, _WIDTH, 1), nn.SiLU(), nn.Conv2d(_WIDTH, _WIDTH, 1))
        self.norm1 = _ChannelNorm(_WIDTH)
        self.norm2 = _ChannelNorm(_WIDTH)
        self.proj_p_back = nn.Conv2d(_WIDTH, channels, 1)

    def forward(self, poses: Tensor, latents: Tensor) -> Tensor:
        """poses, latents: (channels, frames, height, width). Returns the same."""
        by_place = [x.permute(2, 3, 1, 0).flatten(0, 1) for x in (poses, latents)]
        pairs = zip(*(torch.split(x, _AT_ONCE) for x in by_place), strict=True)
        aligned = torch.cat([self._aligned(told, asking) for told, asking in pairs])
        return aligned.view(*poses.shape[2:], *aligned.shape[1:]).permute(3, 2, 0, 1)

    def _aligned(self, told: Tensor, asking: Tensor) -> Tensor:
        """told, asking: (places, frames, channels)."""
        x = self.norm1(self.cross_attn(_along(self.proj_r, asking), _along(self.proj_p, told)))
        x = x + _along(self.ffn_pose[2], functional.silu(_along(self.ffn_pose[0], x)))
        return _along(self.proj_p_back, self.norm2(x))


def _along(conv: nn.Module, x: Tensor) -> Tensor:
    """A convolution of 1 along the last axis."""
    weight, bias = conv.get_parameter("weight"), conv.get_parameter("bias")
    return functional.linear(x, weight.flatten(1), bias)


def _hard(x: Tensor) -> Tensor:
    """A sigmoid of straight lines; published is one that reaches to 2."""
    return functional.relu6(x + 3) / 3
