"""A triple block: audio and video look at each other, both listen to the text, then each goes through its MLP.

The text is the same behind a block as before it, and for every step: its keys and values are made apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import Tensor, nn

from greenroom.models.foley.architecture import NORM_EPS
from greenroom.models.foley.mmdit.mlp import GeluMLP, activated
from greenroom.models.foley.mmdit.modulation import Modulation, by_layer
from greenroom.nn.adaptive_layer_norm import Stream
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
    """What is said in one block, as keys and values: (texts, heads, tokens, head_dim) each.

    There are as many texts as rows, or fewer, which the rows hear in turn: the first row the first, and so on, over and
    over.  unheard: (texts, tokens), in the type of the keys, 0 for the tokens that there are and minus infinity for
    others; None where all are.
    """

    key: Tensor
    value: Tensor
    unheard: Tensor | None = None


class _Layers(NamedTuple):
    """Those of audio, or of video; the names of the two do not differ by a prefix alone."""

    qkv: nn.Module
    query_norm: RMSNorm
    key_norm: RMSNorm
    out: nn.Module
    cross_query: nn.Module
    cross_norm: RMSNorm
    cross_out: nn.Module
    mlp: GeluMLP


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

    def forward(self, stream: Stream, terms: Tensor, said: Said, places: Places) -> Stream:
        """Both streams behind the block; the audio alone where the video is not kept.

        stream: of ``streams``, (frames + tokens, rows, width).  terms: (rows or 1, 2, vectors, width), of ``terms``.
        """
        own, cross, mlp = by_layer(terms.flatten(0, 1))
        frames = len(places.apart.visual.turns) // stream.x.shape[1]
        layers: Sequence[_Layers] = (self._visual(), self._audio())
        placements: Sequence[Placement] = places.apart

        stream, normed = stream.normed(own, NORM_EPS)
        seen = self._look(layers, normed, places.woven, frames)
        if not self._keeps_visual:
            layers, placements, seen = layers[1:], (places.last,), seen[frames:]
            stream, frames = Stream(stream.x[frames:], cast("Tensor", stream.shows)[frames:]), 0
        stream = stream.plus(_through([each.out for each in layers], seen, frames), own)
        stream, normed = stream.normed(cross, NORM_EPS)
        heard = self._listen(layers, normed, said, placements, frames)
        stream = stream.plus(_through([each.cross_out for each in layers], heard, frames), cross)
        stream, normed = stream.normed(mlp, NORM_EPS)
        hidden = _through([each.mlp.fc1 for each in layers], normed, frames)
        return stream.plus(_through([each.mlp.fc2 for each in layers], activated(hidden), frames), mlp)

    def _look(self, layers: Sequence[_Layers], normed: Tensor, placements: Sequence[Placement], frames: int) -> Tensor:
        """What each token sees in those of both streams, as ``normed``."""
        heads = self._heads_of(normed, 3)
        qkv = _through([own.qkv for own in layers], normed, frames)
        for own, part, placement in zip(layers, _parted(qkv, frames), placements, strict=True):
            norms = own.query_norm.weight, own.key_norm.weight
            place_heads(part.flatten(0, 1), *norms, NORM_EPS, placement, heads)
        by_row = heads.view(3, *normed.shape[:2], *self._heads).permute(0, 2, 3, 1, 4)
        # On a GPU answers lie as the queries do, and nothing is copied.
        return attend(*by_row).transpose(0, 1).contiguous()

    def _listen(
        self, layers: Sequence[_Layers], normed: Tensor, said: Said, placements: Sequence[Placement], frames: int
    ) -> Tensor:
        """What each token hears in its text, as ``normed``."""
        heads = self._heads_of(normed, 1)
        queries = _through([own.cross_query for own in layers], normed, frames)
        for own, part, placement in zip(layers, _parted(queries, frames), placements, strict=True):
            weight = own.cross_norm.weight
            place_heads(part.flatten(0, 1), weight, weight, NORM_EPS, placement, heads)
        # Rows that hear the same text are one long row: its keys and values are there once.
        by_text = heads.view(-1, len(said.key), *self._heads).permute(1, 2, 0, 3)
        return attend(by_text, *said).transpose(0, 1).contiguous().view(normed.shape)

    def _heads_of(self, normed: Tensor, parts: int) -> Tensor:
        """For the heads of all tokens: (parts, tokens * rows, heads, head_dim)."""
        return normed.new_empty(parts, normed.shape[0] * normed.shape[1], *self._heads)

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


def streams(x: Tensor, places: Places, times: int = 1) -> Stream:
    """Video and audio in front of the first block.

    x: (frames + tokens, rows, width), contiguous, the video first: tokens are outermost, so that each stream lies in
    one piece beside the other, and what is done to every token is done to both at once.  times: that the rows are at;
    one for all, or as many as rows.
    """
    shows = places.streams
    if times > 1:
        shows = shows + VECTORS[0] * torch.arange(times, dtype=torch.int32, device=x.device)
    return Stream(x, shows)


def _parted(x: Tensor, frames: int) -> tuple[Tensor, ...]:
    """Of each stream its own tokens; without frames there is the audio alone."""
    return (x[:frames], x[frames:]) if frames else (x,)


def _through(layers: Sequence[nn.Module], x: Tensor, frames: int) -> Tensor:
    """Each stream through a layer of its own, into one piece of memory."""
    parts = _parted(x, frames)
    if len(layers) == 1 or not all(isinstance(layer, nn.Linear) for layer in layers):
        made = [layer(part) for layer, part in zip(layers, parts, strict=True)]
        return torch.cat(made) if frames else made[0]
    linear = cast("Sequence[nn.Linear]", layers)
    out = x.new_empty(*x.shape[:-1], linear[0].out_features)
    for layer, part, place in zip(linear, parts, _parted(out, frames), strict=True):
        torch.addmm(layer.bias, part.flatten(0, 1), layer.weight.t(), out=place.flatten(0, 1))
    return out
