"""The backbone of F5-TTS: a diffusion transformer whose norms are set by the time (arXiv 2212.09748, 2410.06885)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.f5tts.backbone import Backbone, FeedForward, Fixed
from greenroom.nn.attention import SelfAttention

if TYPE_CHECKING:
    from greenroom.models.f5tts.architecture import Architecture

_EPS = 1e-6


class Modulation(NamedTuple):
    """What n times make of the norms. blocks: of each block (n, 6, dim), shift, scale and gate of the attention, then
    of the MLP.  final: (n, 2, dim), scale and shift, in this order.
    """

    blocks: tuple[Tensor, ...]
    final: Tensor


class AdaptiveNorm(nn.Module):
    """LayerNorm whose shift and scale, and what else a block needs, come from the time."""

    def __init__(self, dim: int, terms: int) -> None:
        super().__init__()
        self.count = terms
        self.linear = nn.Linear(dim, terms * dim)

    def terms(self, t: Tensor) -> Tensor:
        """Of time vectors (n, dim): (n, terms, dim)."""
        out: Tensor = self.linear(functional.silu(t))
        return out.view(t.shape[0], self.count, -1)

    def forward(self, x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        """x: (rows, frames, dim).  shift, scale: (rows or 1, 1, dim)."""
        return modulated(x, shift, scale)


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """LN(x) * (1 + scale) + shift, over the last axis."""
    return functional.layer_norm(x, x.shape[-1:], eps=_EPS) * (1 + scale) + shift


class DiTBlock(nn.Module):
    """Attention and MLP, each behind an adaptive norm and added through a gate."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.attn_norm = AdaptiveNorm(architecture.dim, terms=6)
        self.attn = SelfAttention(
            architecture.dim,
            architecture.heads,
            architecture.dim_head,
            qk_norm=architecture.qk_norm,
            rotated_heads=architecture.pe_attn_head,
        )
        self.ff = FeedForward(architecture.dim, architecture.ff_mult)

    def forward(self, x: Tensor, terms: Tensor, fixed: Fixed) -> Tensor:
        """x: (rows, frames, dim).  terms: (rows or 1, 6, dim)."""
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = terms[:, :, None].unbind(1)  # each (rows or 1, 1, dim)
        x = x + gate_a * self.attn(self.attn_norm(x, shift_a, scale_a), fixed.tables, fixed.output_own, fixed.keys)
        out: Tensor = x + gate_m * self.ff(modulated(x, shift_m, scale_m))
        return out


class DiT(Backbone[Modulation]):
    """The velocity of a noisy mel, given conditioning mel, text and time. State-dict names are the published ones."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(architecture)
        dim = architecture.dim
        self.transformer_blocks = nn.ModuleList(DiTBlock(architecture) for _ in range(architecture.depth))
        self.long_skip_connection = nn.Linear(2 * dim, dim, bias=False) if architecture.long_skip_connection else None
        self.norm_out = AdaptiveNorm(dim, terms=2)
        self.proj_out = nn.Linear(dim, architecture.mel_dim)

    def condition(self, t: Tensor) -> Modulation:
        """The terms of all norms, for time vectors (n, dim)."""
        blocks = tuple(cast("DiTBlock", block).attn_norm.terms(t) for block in self.transformer_blocks)
        return Modulation(blocks, self.norm_out.terms(t))

    def split(self, condition: Modulation) -> list[Modulation]:
        """One modulation per time."""
        count = condition.final.shape[0]
        return [
            Modulation(tuple(terms[at : at + 1] for terms in condition.blocks), condition.final[at : at + 1])
            for at in range(count)
        ]

    def body(self, x: Tensor, condition: Modulation, fixed: Fixed) -> Tensor:
        """From the embedded input, (rows, frames, dim), to the velocity, (rows, frames, mel_dim)."""
        embedded = x
        for block, terms in zip(self.transformer_blocks, condition.blocks, strict=True):
            x = block(x, terms, fixed)
        if self.long_skip_connection is not None:
            x = self.long_skip_connection(torch.cat((x, embedded), dim=-1))
        scale, shift = condition.final[:, :, None].unbind(1)
        out: Tensor = self.proj_out(self.norm_out(x, shift, scale))
        return out
