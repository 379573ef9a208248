"""A block: tokens look at each other, listen to a text and look at pictures, then each goes through its MLP.

Text and pictures are the same for every step: their keys and values are made apart, once.

Methods here are called as such and not as modules: a module's call holds on to what it is given, and the stream's
tensors are gigabytes that are to go as soon as they have been read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor, nn

from greenroom.models.steadydancer.architecture import NORM_EPS
from greenroom.nn.attention import attend
from greenroom.nn.fp8_linear import Fp8Linear, rows_of
from greenroom.nn.gelu import linear_gelu
from greenroom.nn.norms import RMSNorm
from greenroom.nn.wide_heads import norm_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.steadydancer.architecture import Architecture
    from greenroom.nn.adaptive_layer_norm import Terms
    from greenroom.nn.fp8_linear import Rows
    from greenroom.nn.long_stream import LongStream
    from greenroom.nn.rotary import RotaryTables

_MLP = (0, 2)  # places of its two linear layers

Attention = Callable[[Tensor, Tensor, Tensor], Tensor]
"""What queries, keys and values become, as ``attend`` takes and gives them: of all tokens, where these are a share."""


class BlockTerms(NamedTuple):
    """What modulates each layer of a block, float32 (width,) each."""

    look: Terms
    listen: Terms
    mlp: Terms


class Context(NamedTuple):
    """What is said and seen, in the stream's width: (tokens, width) each."""

    text: Tensor
    image: Tensor


class Said(NamedTuple):
    """The same as keys and values of one block: (1, heads, tokens, head_dim) each."""

    text_key: Tensor
    text_value: Tensor
    image_key: Tensor
    image_value: Tensor


class _Projections(nn.Module):
    """What both attentions have of layers, by the published names."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width = architecture.width
        self._heads = architecture.heads
        self.q = nn.Linear(width, width)
        self.k = nn.Linear(width, width)
        self.v = nn.Linear(width, width)
        self.o = nn.Linear(width, width)
        self.norm_q = RMSNorm(width, NORM_EPS)
        self.norm_k = RMSNorm(width, NORM_EPS)


class SelfAttention(_Projections):
    """qkv: q, k and v as one layer, behind ``fuse``; the three are not there then."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(architecture)
        self.qkv: nn.Linear | None = None

    def fuse(self) -> None:
        """Make one layer of the three: tokens are read once. Quantised ones stay three."""
        if self.qkv is not None:
            return
        parts: tuple[nn.Module, ...] = self.q, self.k, self.v
        layers = [layer for layer in parts if isinstance(layer, nn.Linear)]
        if len(layers) < len(parts):
            return
        with torch.device("meta"):
            self.qkv = nn.Linear(layers[0].in_features, sum(layer.out_features for layer in layers))
        self.qkv.weight = nn.Parameter(torch.cat([layer.weight for layer in layers]), requires_grad=False)
        self.qkv.bias = nn.Parameter(torch.cat([layer.bias for layer in layers]), requires_grad=False)
        del self.q, self.k, self.v

    def heads_of(self, normed: Tensor | Rows, tables: RotaryTables) -> tuple[Tensor, ...]:
        """Queries and keys, normed and turned, and values: (1, heads, tokens, head_dim) each."""
        if self.qkv is not None:
            query, key, value = self.qkv(normed).chunk(3, dim=-1)
        else:
            query, key, value = self.q(normed), self.k(normed), self.v(normed)
        norm_turn(query, self.norm_q.weight, NORM_EPS, self._heads, tables)
        norm_turn(key, self.norm_k.weight, NORM_EPS, self._heads, tables)
        return tuple(_by_head(part, self._heads) for part in (query, key, value))


class CrossAttention(_Projections):
    """Text and pictures are looked at apart, and what is found is added."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(architecture)
        width = architecture.width
        self.k_img = nn.Linear(width, width)
        self.v_img = nn.Linear(width, width)
        self.norm_k_img = RMSNorm(width, NORM_EPS)

    @property
    def hearing(self) -> tuple[nn.Module, ...]:
        """The layers that ``said`` calls, in their order."""
        return self.k, self.v, self.k_img, self.v_img

    def said(self, context: Context) -> Said:
        """Keys, normed, and values."""
        keys = self.norm_k(self.k(context.text)), self.v(context.text)
        seen = self.norm_k_img(self.k_img(context.image)), self.v_img(context.image)
        return Said(*(_by_head(part, self._heads) for part in (*keys, *seen)))

    def queries(self, normed: Tensor | Rows) -> Tensor:
        """Normed: (1, heads, tokens, head_dim)."""
        query = norm_turn(self.q(normed), self.norm_q.weight, NORM_EPS, self._heads)
        return _by_head(query, self._heads)


class Block(nn.Module):
    """Parameters have the published names."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width, hidden = architecture.width, architecture.hidden
        self.self_attn = SelfAttention(architecture)
        self.norm3 = nn.LayerNorm(width, NORM_EPS)
        self.cross_attn = CrossAttention(architecture)
        self.ffn = nn.Sequential(nn.Linear(width, hidden), nn.GELU("tanh"), nn.Linear(hidden, width))
        self.modulation = nn.Parameter(torch.empty(1, 6, width))

    def forward(
        self,
        stream: LongStream,
        terms: BlockTerms,
        heard: Said | Context,
        tables: RotaryTables,
        at_once: int = 0,
        attention: Attention | None = None,
    ) -> None:
        """Take the stream through the block.

        heard: of this block; or what it is made of, where there is no room to keep that of all blocks.  tables: of each
        token.  at_once: tokens that go through the MLP together, 0 for all; fewer take less memory.  attention: of
        tokens to each other, where others are elsewhere.
        """
        small = isinstance(self.self_attn.o, Fp8Linear)
        looked = self.look(stream.normed(terms.look, NORM_EPS, small=small), tables, attention)
        stream.plus(looked, terms.look.gate)
        del looked
        said = heard if isinstance(heard, Said) else self.cross_attn.said(heard)
        stream.plus(self.listen(stream.normed(terms.listen, NORM_EPS, small=small), said), terms.listen.gate)
        stream.plus(self.thought(stream.normed(terms.mlp, NORM_EPS, small=small), at_once), terms.mlp.gate)

    def look(self, normed: Tensor | Rows, tables: RotaryTables, attention: Attention | None = None) -> Tensor:
        """What each token sees in all of them: (tokens, width)."""
        query, key, value = self.self_attn.heads_of(normed, tables)
        del normed
        seen = (attention or attend)(query, key, value)[0]
        del query, key, value
        out: Tensor = self.self_attn.o(seen)
        return out

    def listen(self, normed: Tensor | Rows, said: Said) -> Tensor:
        """What each token hears in the text and sees in the pictures: (tokens, width)."""
        query = self.cross_attn.queries(normed)
        both = attend(query, said.text_key, said.text_value)
        both += attend(query, said.image_key, said.image_value)
        out: Tensor = self.cross_attn.o(both[0])
        return out

    def thought(self, normed: Tensor | Rows, at_once: int = 0) -> Tensor:
        """Through the MLP: (tokens, width)."""
        last = self.ffn[_MLP[1]]
        tokens = len(normed) if isinstance(normed, Tensor) else len(normed.values)
        if not 0 < at_once < tokens:
            hidden = self._hidden(normed)
            del normed
            whole: Tensor = last(hidden)
            return whole
        bias = last.get_parameter("bias")
        out = bias.new_empty(tokens, len(bias))
        for rows in _runs(tokens, at_once):
            out[rows] = last(self._hidden(normed[rows] if isinstance(normed, Tensor) else normed.of(rows)))
        return out

    def _hidden(self, normed: Tensor | Rows) -> Tensor | Rows:
        """What lies between the two layers of the MLP."""
        first, last = (self.ffn[place] for place in _MLP)
        if isinstance(last, Fp8Linear):
            return rows_of(first(normed), gelu=True)
        return linear_gelu(first, cast("Tensor", normed))


def _by_head(x: Tensor, heads: int) -> Tensor:
    """(tokens, width) to (1, heads, tokens, head_dim), in the same memory."""
    return x.view(len(x), heads, -1).transpose(0, 1)[None]


def _runs(tokens: int, at_once: int) -> Iterator[slice]:
    return (slice(first, first + at_once) for first in range(0, tokens, at_once))
