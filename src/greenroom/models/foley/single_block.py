"""A single block: the audio alone, attention and a gated MLP with convolutions of 3 behind each (as MMAudio has them).

Every audio token is modulated by what it is seen with. There are as many different conditions as sync tokens, fewer
than tokens: the vectors are made once for each, and handed out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from greenroom.models.foley.architecture import SINGLE_HEAD_EPS, SINGLE_NORM_EPS
from greenroom.models.foley.heads import by_head
from greenroom.models.foley.mlp import conv_gated
from greenroom.models.foley.modulation import Modulation, by_layer, gated, norm_modulate
from greenroom.models.foley.sequence_conv import SequenceConv
from greenroom.nn.attention import attend
from greenroom.nn.norms import RMSNorm
from greenroom.nn.rotary import rotate

if TYPE_CHECKING:
    from greenroom.models.foley.architecture import Architecture
    from greenroom.nn.rotary import RotaryTables

_LAYERS = 2  # that are modulated: attention, MLP
_KERNEL = 3


class SingleBlock(nn.Module):
    """linear_qkv has its outputs in the order (which of the three, head, channel); ``arranged`` brings them there."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width, head = architecture.width, architecture.head_dim
        self._heads = architecture.heads, head
        self.modulation = Modulation(width, _LAYERS)
        self.linear_qkv = nn.Linear(width, 3 * width)
        self.q_norm = RMSNorm(head, SINGLE_HEAD_EPS)
        self.k_norm = RMSNorm(head, SINGLE_HEAD_EPS)
        self.linear1 = SequenceConv(width, width, _KERNEL)
        self.linear2 = conv_gated(width, architecture.gated, _KERNEL)

    def terms(self, condition: Tensor) -> Tensor:
        """What modulates this block. condition: (..., width).  Returns (..., vectors, width)."""
        vectors: Tensor = self.modulation(condition)
        return vectors

    def forward(self, x: Tensor, terms: Tensor, turns: RotaryTables) -> Tensor:
        """x: (rows, tokens, width).  terms: (runs of rows, tokens, vectors, width)."""
        own, mlp = by_layer(terms)
        query, key, value = by_head(self.linear_qkv(norm_modulate(x, own, SINGLE_NORM_EPS)), *self._heads)
        seen = attend(rotate(self.q_norm(query), turns), rotate(self.k_norm(key), turns), value)
        x = gated(x, self.linear1(seen), own)
        return gated(x, self.linear2(norm_modulate(x, mlp, SINGLE_NORM_EPS)), mlp)
