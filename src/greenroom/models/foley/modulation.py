"""How time, and in single blocks sync features, modulate a stream: DiT's adaptive norm (arXiv 2212.09748, 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn.norms import summing

if TYPE_CHECKING:
    from collections.abc import Iterator

_VECTORS = 3  # of a layer


class Terms(NamedTuple):
    """What modulates one layer: (runs, tokens or 1, width) each. A run is of rows, one after another, with the same."""

    shift: Tensor
    scale: Tensor
    gate: Tensor


class Modulation(nn.Module):
    """The vectors of a block's layers, shift, scale and gate of each, from what conditions it."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, _VECTORS * layers * width)

    def forward(self, condition: Tensor) -> Tensor:
        """condition: (..., width).  Returns (..., vectors, width)."""
        out: Tensor = self.linear(functional.silu(condition))
        return out.view(*condition.shape[:-1], -1, condition.shape[-1])


def by_layer(vectors: Tensor) -> Iterator[Terms]:
    """The terms of each layer in turn. vectors: (runs, tokens or 1, vectors, width)."""
    each = vectors.unbind(-2)
    return (Terms(*each[first : first + _VECTORS]) for first in range(0, len(each), _VECTORS))


def norm_modulate(x: Tensor, terms: Terms, eps: float) -> Tensor:
    """The layer norm of x, times 1 + scale, plus shift: summed in float32, rounded once. x: (rows, tokens, width)."""
    exact = summing(x.dtype)
    normed = functional.layer_norm(x.to(exact), x.shape[-1:], eps=eps)
    shift, factor = terms.shift.to(exact), 1 + terms.scale.to(exact)
    return torch.addcmul(shift[:, None], _in_runs(normed, terms), factor[:, None]).to(x.dtype).flatten(0, 1)


def gated(x: Tensor, branch: Tensor, terms: Terms) -> Tensor:
    """x + branch * gate. x, branch: (rows, tokens, width)."""
    return torch.addcmul(_in_runs(x, terms), _in_runs(branch, terms), terms.gate[:, None]).flatten(0, 1)


def _in_runs(x: Tensor, terms: Terms) -> Tensor:
    """Rows by whose terms are theirs: (runs, rows of a run, tokens, width)."""
    return x.view(len(terms.gate), -1, *x.shape[1:])
