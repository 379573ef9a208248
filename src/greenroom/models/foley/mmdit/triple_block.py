"""A triple block: audio and video look at each other, both listen to the text, then each goes through its MLP.

The text is the same behind a block as before it, and for every step: its keys and values are made apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from greenroom.models.foley.architecture import NORM_EPS
from greenroom.models.foley.mmdit.mlp import GeluMLP
from greenroom.models.foley.mmdit.modulation import Modulation, by_layer
from greenroom.nn.adaptive_layer_norm import Terms, add_gated, add_norm_modulate, norm_modulate
from greenroom.nn.attention import attend
from greenroom.nn.heads import place_heads
from greenroom.nn.norms import RMSNorm
from greenroom.nn.rotary import rotate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.foley.architecture import Architecture
    from greenroom.models.foley.mmdit.rotary import Places
    from greenroom.nn.heads import Placement
    from greenroom.nn.rotary import RotaryTables

_LAYERS = 3  # that are modulated: self-attention, cross-attention, MLP

VECTORS = (2, 3 * _LAYERS)
"""What modulates a block: of audio and of video, shift, scale and gate of each layer."""


class Said(NamedTuple):
    """A text's keys and values in one block: (rows, heads, tokens, head_dim) each.

    own: bool (rows, tokens), those that there are; None for all.
    """

    key: Tensor
    value: Tensor
    own: Tensor | None = None


class _Layers(NamedTuple):
    """Those of audio, or of video; the names of the two do not differ by a prefix alone."""

    qkv: nn.Module
    query_norm: RMSNorm
    key_norm: RMSNorm
    out: nn.Module
    cross_query: nn.Module
    cross_norm: RMSNorm
    cross_out: nn.Module
    mlp: nn.Module


class _Stream(NamedTuple):
    """Audio, or video, on its way through a block.

    normed: in front of its next layer.  own, cross, mlp: what modulates each.  shows: see ``norm_modulate``.
    """

    layers: _Layers
    x: Tensor
    normed: Tensor
    own: Terms
    cross: Terms
    mlp: Terms
    shows: Tensor | None

    @classmethod
    def of(cls, layers: _Layers, x: Tensor, terms: Tensor) -> _Stream:
        """In front of a block. terms: (rows or 1, vectors, width)."""
        shows = None
        if len(terms) > 1:
            shows = torch.arange(len(terms), dtype=torch.int32, device=x.device)[:, None].repeat(1, x.shape[1])
        own, cross, mlp = by_layer(terms)
        return cls(layers, x, norm_modulate(x, own, shows, NORM_EPS), own, cross, mlp, shows)

    @property
    def tokens(self) -> int:
        return self.x.shape[1]

    def after_looking(self, seen: Tensor) -> _Stream:
        """Behind self-attention, in front of cross-attention."""
        return self._after(self.layers.out(seen), self.own, self.cross)

    def after_listening(self, heard: Tensor) -> _Stream:
        """Behind cross-attention, in front of the MLP."""
        return self._after(self.layers.cross_out(heard), self.cross, self.mlp)

    def ended(self) -> Tensor:
        """Behind the block."""
        return add_gated(self.x, self.layers.mlp(self.normed), self.mlp, self.shows)

    def _after(self, branch: Tensor, behind: Terms, ahead: Terms) -> _Stream:
        x, normed = add_norm_modulate(self.x, branch, behind, ahead, self.shows, NORM_EPS)
        return self._replace(x=x, normed=normed)


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
        parts = self.text_cross_kv(text).view(*text.shape[:2], 2, *self._heads)
        key, value = parts.permute(2, 0, 3, 1, 4)
        return Said(rotate(self.text_cross_k_norm(key), turns), value)

    def forward(
        self, audio: Tensor, visual: Tensor, terms: Tensor, said: Said, places: Places
    ) -> tuple[Tensor, Tensor]:
        """The streams behind the block; the video as it came where it is not kept.

        audio, visual: (rows, tokens, width), contiguous.  terms: (rows or 1, 2, vectors, width), of ``terms``.
        """
        streams = [
            _Stream.of(self._visual(), visual, terms[:, 1]),
            _Stream.of(self._audio(), audio, terms[:, 0]),
        ]
        seen = self._look(streams, places.woven)
        kept = slice(None) if self._keeps_visual else slice(1, None)
        streams = [stream.after_looking(part) for stream, part in zip(streams[kept], seen[kept], strict=True)]
        heard = self._listen(streams, said, places.apart if self._keeps_visual else (places.alone,))
        ended = [stream.after_listening(part).ended() for stream, part in zip(streams, heard, strict=True)]
        return ended[-1], ended[0] if self._keeps_visual else visual

    def _look(self, streams: Sequence[_Stream], placements: Sequence[Placement]) -> tuple[Tensor, ...]:
        """What each stream sees in all of them: (rows, tokens, width) each."""
        heads = self._room(streams, 3)
        for stream, placement in zip(streams, placements, strict=True):
            qkv = stream.layers.qkv(stream.normed).flatten(0, 1)
            norms = stream.layers.query_norm.weight, stream.layers.key_norm.weight
            place_heads(qkv, *norms, NORM_EPS, placement, heads)
        return self._apart(streams, attend(*self._by_row(streams, heads)))

    def _listen(self, streams: Sequence[_Stream], said: Said, placements: Sequence[Placement]) -> tuple[Tensor, ...]:
        """What each stream hears in the text: (rows, tokens, width) each."""
        heads = self._room(streams, 1)
        for stream, placement in zip(streams, placements, strict=True):
            query = stream.layers.cross_query(stream.normed).flatten(0, 1)
            weight = stream.layers.cross_norm.weight
            place_heads(query, weight, weight, NORM_EPS, placement, heads)
        (queries,) = self._by_row(streams, heads)
        return self._apart(streams, attend(queries, *said))

    def _room(self, streams: Sequence[_Stream], parts: int) -> Tensor:
        """For the heads of all streams, row by row: (parts, rows * tokens, heads, head_dim)."""
        rows = len(streams[0].x)
        return streams[0].x.new_empty(parts, rows * sum(stream.tokens for stream in streams), *self._heads)

    def _by_row(self, streams: Sequence[_Stream], heads: Tensor) -> Tensor:
        """As attention takes them: (parts, rows, heads, tokens, head_dim)."""
        return heads.view(len(heads), len(streams[0].x), -1, *self._heads).transpose(2, 3)

    def _apart(self, streams: Sequence[_Stream], answers: Tensor) -> tuple[Tensor, ...]:
        """Of each stream its own. answers: (rows, tokens of all, width)."""
        return torch.split(answers, [stream.tokens for stream in streams], dim=1)

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
