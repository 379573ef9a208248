"""The backbone of E2-TTS: a flat U-Net transformer with the time as its first token (arXiv 2406.18009, 2410.06885)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from greenroom.models.f5tts.backbone import Backbone, FeedForward, Fixed
from greenroom.nn.attention import SelfAttention
from greenroom.nn.norms import ScaleNorm

if TYPE_CHECKING:
    from greenroom.models.f5tts.architecture import Architecture

# Places in a layer, which is a list in the published names: layers.3.2.to_q is the attention of the fourth.
_SKIP, _ATTENTION_NORM, _ATTENTION, _MLP_NORM, _MLP = range(5)


class UNetT(Backbone[Tensor]):
    """The velocity of a noisy mel, given conditioning mel, text and time. State-dict names are the published ones.

    The input of each layer of the first half is handed to its opposite in the second.
    """

    tokens_before = 1
    masks_input = False

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(architecture)
        self.skip = architecture.skip_connect_type
        self.layers = nn.ModuleList(
            _layer(architecture, joins=self.skip == "concat" and place >= architecture.depth // 2)
            for place in range(architecture.depth)
        )
        self.norm_out = ScaleNorm(architecture.dim)
        self.proj_out = nn.Linear(architecture.dim, architecture.mel_dim)

    def condition(self, t: Tensor) -> Tensor:
        """The time vectors themselves, (n, dim)."""
        return t

    def split(self, condition: Tensor) -> list[Tensor]:
        """One vector per time, (1, dim)."""
        return list(condition[:, None].unbind())

    def body(self, x: Tensor, condition: Tensor, fixed: Fixed) -> Tensor:
        """From the embedded input, (rows, frames, dim), to the velocity, (rows, frames, mel_dim)."""
        time = condition.expand(x.shape[0], -1)[:, None]
        x = torch.cat((time, x), dim=1)  # (rows, 1 + frames, dim)
        skips: list[Tensor] = []
        for place, layer in enumerate(self.layers):
            parts = cast("nn.ModuleList", layer)
            if place < len(self.layers) // 2:
                skips.append(x)
            else:
                x = self._joined(x, skips.pop(), parts[_SKIP])
            x = x + parts[_ATTENTION](parts[_ATTENTION_NORM](x), fixed.tables, fixed.output_own, fixed.keys)
            x = x + parts[_MLP](parts[_MLP_NORM](x))
        out: Tensor = self.proj_out(self.norm_out(x)[:, 1:])
        return out

    def _joined(self, x: Tensor, skipped: Tensor, projection: nn.Module) -> Tensor:
        if self.skip == "concat":
            out: Tensor = projection(torch.cat((x, skipped), dim=-1))
            return out
        return x + skipped if self.skip == "add" else x


def _layer(architecture: Architecture, *, joins: bool) -> nn.ModuleList:
    dim = architecture.dim
    attention = SelfAttention(
        dim,
        architecture.heads,
        architecture.dim_head,
        qk_norm=architecture.qk_norm,
        rotated_heads=architecture.pe_attn_head,
    )
    skip = nn.Linear(2 * dim, dim, bias=False) if joins else nn.Identity()
    return nn.ModuleList([skip, ScaleNorm(dim), attention, ScaleNorm(dim), FeedForward(dim, architecture.ff_mult)])
