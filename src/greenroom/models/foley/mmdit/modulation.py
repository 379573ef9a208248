"""How time, and in single blocks sync features, modulate a stream: DiT's adaptive norm (arXiv 2212.09748, 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn.adaptive_layer_norm import Terms

if TYPE_CHECKING:
    from collections.abc import Iterator

_VECTORS = 3  # of a layer


class Modulation(nn.Module):
    """The vectors of a block's layers, shift, scale and gate of each, from what conditions it."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, _VECTORS * layers * width)

    def forward(self, condition: Tensor) -> Tensor:
        """condition: (..., width).  Returns (..., vectors, width)."""
        return self.activated(functional.silu(condition))

    def activated(self, condition: Tensor) -> Tensor:
        """The same of a condition behind its SiLU, which is one for all blocks."""
        out: Tensor = self.linear(condition)
        return out.view(*condition.shape[:-1], -1, condition.shape[-1])


def by_layer(vectors: Tensor) -> Iterator[Terms]:
    """The terms of each layer in turn. vectors: (n, vectors, width)."""
    each = vectors.unbind(-2)
    return (Terms(*each[first : first + _VECTORS]) for first in range(0, len(each), _VECTORS))
