"""Adaptive layer norms of a stream, fused with the gated residual before them (DiT, arXiv 2212.09748, section 3.2).

Tokens may be modulated by different vectors, of which there are fewer than tokens: each token says which are its own.
On a GPU one pass does what would be ten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional

from greenroom.nn.norms import summing

if TYPE_CHECKING:
    from torch import Tensor


class Terms(NamedTuple):
    """What modulates one layer: (n, width) each, parts of one table of vectors."""

    shift: Tensor
    scale: Tensor
    gate: Tensor


def norm_modulate(x: Tensor, terms: Terms, shows: Tensor | None, eps: float) -> Tensor:
    """The layer norm of x, times 1 + scale, plus shift; in float32, rounded once.

    x: (rows, tokens, width), contiguous.  shows: int32 (rows, tokens), contiguous, which of the terms are a token's;
    None where there is one for all.
    """
    if x.is_cuda:
        from greenroom.nn.kernels import adaptive_layer_norm

        return adaptive_layer_norm.norm_modulate(x, terms, shows, eps)
    exact = summing(x.dtype)
    normed = functional.layer_norm(x.to(exact), x.shape[-1:], eps=eps)
    shift, factor = (_own(term.to(exact), shows) for term in (terms.shift, 1 + terms.scale.to(exact)))
    return torch.addcmul(shift, normed, factor).to(x.dtype)


def add_gated(x: Tensor, branch: Tensor, terms: Terms, shows: Tensor | None) -> Tensor:
    """x + gate * branch. branch: as x, contiguous."""
    if x.is_cuda:
        from greenroom.nn.kernels import adaptive_layer_norm

        return adaptive_layer_norm.add_gated(x, branch, terms, shows)
    return torch.addcmul(x, branch, _own(terms.gate, shows))


def add_norm_modulate(
    x: Tensor, branch: Tensor, behind: Terms, ahead: Terms, shows: Tensor | None, eps: float
) -> tuple[Tensor, Tensor]:
    """``add_gated`` with the terms of the layer behind, and what ``norm_modulate`` does of it for the one ahead.

    Both terms are parts of one table.
    """
    if x.is_cuda:
        from greenroom.nn.kernels import adaptive_layer_norm

        return adaptive_layer_norm.add_norm_modulate(x, branch, behind, ahead, shows, eps)
    added = add_gated(x, branch, behind, shows)
    return added, norm_modulate(added, ahead, shows, eps)


def _own(vectors: Tensor, shows: Tensor | None) -> Tensor:
    return vectors if shows is None else vectors[shows]
