"""A triple block: audio and video look at each other, both listen to the text, then each goes through its MLP.

The text is the same behind a block as before it, and for every step: its keys and values are made apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from greenroom.models.foley.architecture import NORM_EPS
from greenroom.models.foley.heads import by_head
from greenroom.models.foley.mlp import GeluMLP
from greenroom.models.foley.modulation import Modulation, Terms, by_layer, gated, norm_modulate
from greenroom.nn.attention import attend
from greenroom.nn.norms import RMSNorm
from greenroom.nn.rotary import RotaryTables, rotate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.foley.architecture import Architecture
    from greenroom.models.foley.rotary import Tables

_LAYERS = 3  # that are modulated: self-attention, cross-attention, MLP

VECTORS = (2, 3 * _LAYERS)
"""What modulates a block: of audio and of video, shift, scale and gate of each layer."""


class Said(NamedTuple):
    """A text's keys and values in one block: (rows, heads, tokens, head_dim) each."""

    key: Tensor
    value: Tensor


class _Layers(NamedTuple):
    """Those of audio, or of video; the names of the two do not differ by a prefix alone."""

    qkv: nn.Module
    query_norm: nn.Module
    key_norm: nn.Module
    out: nn.Module
    cross_query: nn.Module
    cross_norm: nn.Module
    cross_out: nn.Module
    mlp: nn.Module


class _Stream(NamedTuple):
    """Audio, or video, on its way through a block. own, cross, mlp: what modulates each layer."""

    x: Tensor
    layers: _Layers
    own: Terms
    cross: Terms
    mlp: Terms

    @property
    def tokens(self) -> int:
        return self.x.shape[1]

    def normed(self, terms: Terms) -> Tensor:
        """The stream in front of a layer."""
        return norm_modulate(self.x, terms, NORM_EPS)

    def after_looking(self, seen: Tensor) -> _Stream:
        """Behind self-attention."""
        return self._replace(x=gated(self.x, self.layers.out(seen), self.own))

    def ended(self, heard: Tensor) -> Tensor:
        """Behind the block. heard: of cross-attention."""
        stream = self._replace(x=gated(self.x, self.layers.cross_out(heard), self.cross))
        return gated(stream.x, stream.layers.mlp(stream.normed(stream.mlp)), stream.mlp)


class TripleBlock(nn.Module):
    """keeps_visual: the video's own result is made, for the next block. The last one's is read by nobody."""

    def __init__(self, architecture: Architecture, *, keeps_visual: bool = True) -> None:
        super().__init__()
        width, hidden, head = architecture.width, architecture.hidden, architecture.head_dim
        self._heads = architecture.heads, head
        self._keeps_visual = keeps_visual
        self.audio_mod = Modulation(width, _LAYERS)
        self.audio_self_attn_qkv = nn.Linear(width, 3 * width)
        self.audio_self_q_norm = RMSNorm(head, NORM_EPS)
        self.audio_self_k_norm = RMSNorm(head, NORM_EPS)
        self.audio_self_proj = nn.Linear(width, width)
        self.audio_cross_q = nn.Linear(width, width)
        self.audio_cross_q_norm = RMSNorm(head, NORM_EPS)
        self.audio_cross_proj = nn.Linear(width, width)
        self.audio_mlp = GeluMLP(width, hidden)
        self.v_cond_mod = Modulation(width, _LAYERS)
        self.v_cond_attn_qkv = nn.Linear(width, 3 * width)
        self.v_cond_attn_q_norm = RMSNorm(head, NORM_EPS)
        self.v_cond_attn_k_norm = RMSNorm(head, NORM_EPS)
        self.v_cond_self_proj = nn.Linear(width, width)
        self.v_cond_cross_q = nn.Linear(width, width)
        self.v_cond_cross_q_norm = RMSNorm(head, NORM_EPS)
        self.v_cond_cross_proj = nn.Linear(width, width)
        self.v_cond_mlp = GeluMLP(width, hidden)
        self.text_cross_kv = nn.Linear(width, 2 * width)
        self.text_cross_k_norm = RMSNorm(head, NORM_EPS)

    def terms(self, time: Tensor) -> Tensor:
        """What modulates this block. time: (n, width).  Returns (n, 2, vectors, width): of audio, then of video."""
        return torch.stack((self.audio_mod(time), self.v_cond_mod(time)), dim=1)

    def said(self, text: Tensor, turns: RotaryTables) -> Said:
        """The text's keys, normed and turned, and values. text: (rows, tokens, width)."""
        key, value = by_head(self.text_cross_kv(text), *self._heads)
        return Said(rotate(self.text_cross_k_norm(key), turns), value)

    def forward(
        self, audio: Tensor, visual: Tensor, terms: Tensor, said: Said, tables: Tables
    ) -> tuple[Tensor, Tensor]:
        """The streams behind the block; the video as it came where it is not kept.

        audio, visual: (rows, tokens, width).  terms: (runs of rows, 2, vectors, width), of ``terms``.
        """
        streams = [
            _Stream(visual, self._visual(), *by_layer(terms[:, 1, None])),
            _Stream(audio, self._audio(), *by_layer(terms[:, 0, None])),
        ]
        seen = self._look(streams, tables.woven)
        kept = slice(None) if self._keeps_visual else slice(1, None)
        streams = [stream.after_looking(part) for stream, part in zip(streams[kept], seen[kept], strict=True)]
        heard = self._listen(streams, said, tables.apart if self._keeps_visual else tables.audio)
        ended = [stream.ended(part) for stream, part in zip(streams, heard, strict=True)]
        return ended[-1], ended[0] if self._keeps_visual else visual

    def _look(self, streams: Sequence[_Stream], turns: RotaryTables) -> tuple[Tensor, ...]:
        """What each stream sees in all of them: (rows, tokens, width) each."""
        heads = [by_head(stream.layers.qkv(stream.normed(stream.own)), *self._heads) for stream in streams]
        query = torch.cat([stream.layers.query_norm(q) for stream, (q, _, _) in zip(streams, heads, strict=True)], 2)
        key = torch.cat([stream.layers.key_norm(k) for stream, (_, k, _) in zip(streams, heads, strict=True)], 2)
        value = torch.cat([v for _, _, v in heads], 2)
        seen = attend(rotate(query, turns), rotate(key, turns), value)
        return torch.split(seen, [stream.tokens for stream in streams], dim=1)

    def _listen(self, streams: Sequence[_Stream], said: Said, turns: RotaryTables) -> tuple[Tensor, ...]:
        """What each stream hears in the text: (rows, tokens, width) each."""
        queries = [
            stream.layers.cross_norm(*by_head(stream.layers.cross_query(stream.normed(stream.cross)), *self._heads))
            for stream in streams
        ]
        heard = attend(rotate(torch.cat(queries, 2), turns), *said)
        return torch.split(heard, [stream.tokens for stream in streams], dim=1)

    def _audio(self) -> _Layers:
        return _Layers(
            self.audio_self_attn_qkv, self.audio_self_q_norm, self.audio_self_k_norm, self.audio_self_proj,
            self.audio_cross_q, self.audio_cross_q_norm, self.audio_cross_proj, self.audio_mlp,
        )  # fmt: skip

    def _visual(self) -> _Layers:
        return _Layers(
            self.v_cond_attn_qkv, self.v_cond_attn_q_norm, self.v_cond_attn_k_norm, self.v_cond_self_proj,
            self.v_cond_cross_q, self.v_cond_cross_q_norm, self.v_cond_cross_proj, self.v_cond_mlp,
        )  # fmt: skip
