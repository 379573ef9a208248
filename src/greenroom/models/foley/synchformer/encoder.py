"""Synchformer's visual encoder (arXiv 2401.16423): when things happen in a video, eight tokens for 16 frames.

State-dict names are the published ones behind their prefix, see ``checkpoint``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.foley.synchformer.divided_attention import DividedAttention
from greenroom.models.foley.watching.lengths import SEGMENT, SEGMENT_STEP, segments
from greenroom.models.foley.watching.preprocess import SYNC_SIDE
from greenroom.nn.attention import attend

PATCH, TUBELET = 16, 2
"""Pixels of a token's side, and frames that it spans."""

_EPS = 1e-6
_SITES = (SYNC_SIDE // PATCH) ** 2
_FRAMES = SEGMENT // TUBELET
_MLP_RATIO = 4
_COLOURS = 3


@dataclass(frozen=True, slots=True)
class SynchformerConfig:
    """Sizes; the defaults are the published encoder's. width: of tokens.  depth: blocks.  heads: of attention."""

    width: int = 768
    depth: int = 12
    heads: int = 12


class Mlp(nn.Module):
    """Linear, GELU, Linear."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, _MLP_RATIO * width)
        self.fc2 = nn.Linear(_MLP_RATIO * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., width)."""
        out: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """Attention in time, then in space, then the MLP, each behind a norm and added."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(config.width, eps=_EPS) for _ in range(3))
        self.attn = DividedAttention(config.width, config.heads, "space")
        self.timeattn = DividedAttention(config.width, config.heads, "time")
        self.mlp = Mlp(config.width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, 1 + frames * sites, width)."""
        x = x + self.timeattn(self.norm3(x), _FRAMES)
        x = x + self.attn(self.norm1(x), _FRAMES)
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class PooledAttention(nn.Module):
    """Attention that is asked by one token alone. Its three matrices are one, by the names of torch's own."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * config.width, config.width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * config.width))
        self.out_proj = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, tokens, width). Returns what the first token is told, (batch, 1, width)."""
        parts = zip(self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3), (x[:, :1], x, x), strict=True)
        query, key, value = (
            functional.linear(of, weight, bias).view(*of.shape[:2], self.heads, -1).transpose(1, 2)
            for weight, bias, of in parts
        )
        out: Tensor = self.out_proj(attend(query, key, value))
        return out


class SpatialPooling(nn.Module):
    """One layer of a transformer over a frame's sites and a class token, of which only the latter is kept."""

    def __init__(self, config: SynchformerConfig) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.self_attn = PooledAttention(config)
        self.linear1 = nn.Linear(config.width, _MLP_RATIO * config.width)
        self.linear2 = nn.Linear(_MLP_RATIO * config.width, config.width)
        self.norm1, self.norm2 = (nn.LayerNorm(config.width, eps=_EPS) for _ in range(2))

    def forward(self, sites: Tensor) -> Tensor:
        """sites: (frames, sites, width). Returns (frames, width)."""
        own = self.cls_token.expand(len(sites), -1, -1)
        y = own + self.self_attn(self.norm1(torch.cat((own, sites), dim=1)))
        out: Tensor = y + self.linear2(functional.gelu(self.linear1(self.norm2(y))))
        return out[:, 0]


def _patches(frames: Tensor) -> Tensor:
    """The numbers of each token of segments, by colour, frame, row and column: (segments, 8, 196, 3 * 2 * 16 * 16)."""
    rows = SYNC_SIDE // PATCH
    parts = frames.reshape(-1, _FRAMES, TUBELET, _COLOURS, rows, PATCH, rows, PATCH)
    return parts.permute(0, 1, 4, 6, 3, 2, 5, 7).reshape(-1, _FRAMES, _SITES, _COLOURS * TUBELET * PATCH * PATCH)


class Synchformer(nn.Module):
    """The visual encoder."""

    def __init__(self, config: SynchformerConfig | None = None) -> None:
        super().__init__()
        self.config = config or SynchformerConfig()
        width = self.config.width
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + _SITES, width))
        self.temp_embed = nn.Parameter(torch.zeros(1, _FRAMES, width))
        cube = (TUBELET, PATCH, PATCH)
        self.patch_embed_3d = nn.ModuleDict({"proj": nn.Conv3d(_COLOURS, width, cube, stride=cube)})
        self.blocks = nn.ModuleList(Block(self.config) for _ in range(self.config.depth))
        self.norm = nn.LayerNorm(width, eps=_EPS)
        self.spatial_attn_agg = SpatialPooling(self.config)

    def forward(self, frames: Tensor) -> Tensor:
        """frames: of segments, in -1..1, (segments, 16, 3, 224, 224). Returns (segments, 8, width)."""
        tokens = self.norm(self.tokens(frames)[:, 1:]).unflatten(1, (_FRAMES, _SITES))
        told: Tensor = self.spatial_attn_agg(tokens.flatten(0, 1))
        return told.view(-1, _FRAMES, told.shape[1])

    def tokens(self, frames: Tensor) -> Tensor:
        """Of the class and of all places, behind the blocks: (segments, 1 + 8 * 196, width). frames: as above."""
        # A convolution whose steps are as wide as its kernel is a product, and always quick as one.
        weight, bias = (self.patch_embed_3d.get_parameter(f"proj.{name}") for name in ("weight", "bias"))
        seen = functional.linear(_patches(frames), weight.flatten(1), bias)
        seen = (seen + (self.pos_embed[:, None, 1:] + self.temp_embed[:, :, None])).flatten(1, 2)
        own = (self.cls_token + self.pos_embed[:, :1]).expand(len(seen), -1, -1)
        x = torch.cat((own, seen), dim=1)
        for block in self.blocks:
            x = block(x)
        return x

    def features(self, frames: Tensor, *, at_once: int = 48) -> Tensor:
        """A clip's tokens, in their order: what the denoiser takes.

        frames: at 25 a second, in -1..1, (frames, 3, 224, 224).  at_once: segments, which do not see each other; for
        memory alone. Returns (8 * segments, width). Raises ClipTooShort.
        """
        frames = frames.to(self.cls_token.dtype)
        starts = range(0, SEGMENT_STEP * segments(len(frames)), SEGMENT_STEP)
        parts = [
            self(torch.stack([frames[start : start + SEGMENT] for start in starts[first : first + at_once]]))
            for first in range(0, len(starts), at_once)
        ]
        return torch.cat(parts).flatten(0, 1)
