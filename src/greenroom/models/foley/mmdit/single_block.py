"""A single block: the audio alone, attention and a gated MLP with convolutions of 3 behind each (as MMAudio has them).

Every audio token is modulated by what it is seen with. There are as many different conditions as sync tokens, fewer
than tokens: the vectors are made once for each, and handed out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from greenroom.models.foley.architecture import SINGLE_HEAD_EPS, SINGLE_NORM_EPS
from greenroom.models.foley.mmdit.mlp import conv_gated
from greenroom.models.foley.mmdit.modulation import Modulation, by_layer
from greenroom.models.foley.mmdit.sequence_conv import SequenceConv
from greenroom.nn.attention import attend
from greenroom.nn.heads import place_heads
from greenroom.nn.norms import RMSNorm

if TYPE_CHECKING:
    from greenroom.models.foley.architecture import Architecture
    from greenroom.nn.adaptive_layer_norm import Stream
    from greenroom.nn.heads import Placement

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

    def forward(self, stream: Stream, condition: Tensor, placement: Placement) -> Stream:
        """The stream behind the block: (rows, tokens, width), and what shows which of the conditions.

        condition: (n, width), each different one, behind the SiLU that all blocks share.
        """
        return self.modulated(stream, self.modulation.activated(condition), placement)

    def modulated(self, stream: Stream, terms: Tensor, placement: Placement) -> Stream:
        """The same of what the modulation gives. terms: (n, vectors, width)."""
        own, mlp = by_layer(terms)
        stream, normed = stream.normed(own, SINGLE_NORM_EPS)
        seen = self._look(normed, placement)
        # As a part of the convolution the bias would be a pass of its own.
        stream, normed = stream.plus(self.linear1.unbiased(seen), own, self.linear1.bias).normed(mlp, SINGLE_NORM_EPS)
        return stream.plus(self.linear2(normed), mlp)

    def _look(self, normed: Tensor, placement: Placement) -> Tensor:
        """What tokens see in all of their row: (rows, tokens, width)."""
        rows, tokens, _ = normed.shape
        heads = normed.new_empty(3, rows * tokens, *self._heads)
        qkv = self.linear_qkv(normed).flatten(0, 1)
        place_heads(qkv, self.q_norm.weight, self.k_norm.weight, SINGLE_HEAD_EPS, placement, heads)
        return attend(*heads.view(3, rows, tokens, *self._heads).transpose(2, 3))
