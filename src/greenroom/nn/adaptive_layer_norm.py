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


class Stream(NamedTuple):
    """Tokens on their way through layers, and what is still to be added to them: the next norm does it in its pass.

    x: (rows, tokens, width), contiguous.  shows: see ``norm_modulate``.  branch, behind, bias: what a layer answered,
    that layer's terms, and what the answer lacks; see ``add_norm_modulate``.
    """

    x: Tensor
    shows: Tensor | None
    branch: Tensor | None = None
    behind: Terms | None = None
    bias: Tensor | None = None

    def plus(self, branch: Tensor, behind: Terms, bias: Tensor | None = None) -> Stream:
        """With a layer's answer still to be added. Nothing else is waiting."""
        return self._replace(branch=branch, behind=behind, bias=bias)

    def normed(self, ahead: Terms, eps: float) -> tuple[Stream, Tensor]:
        """With nothing to be added, and what the next layer takes. ahead: its terms."""
        if self.branch is None or self.behind is None:
            return self, norm_modulate(self.x, ahead, self.shows, eps)
        x, normed = add_norm_modulate(self.x, self.branch, self.behind, ahead, self.shows, eps, bias=self.bias)
        return Stream(x, self.shows), normed

    def settled(self) -> Tensor:
        """The tokens, with all that was to be added."""
        if self.branch is None or self.behind is None:
            return self.x
        branch = self.branch if self.bias is None else self.branch + self.bias
        return add_gated(self.x, branch, self.behind, self.shows)


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
    x: Tensor,
    branch: Tensor,
    behind: Terms,
    ahead: Terms,
    shows: Tensor | None,
    eps: float,
    *,
    bias: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """``add_gated`` with the terms of the layer behind, and what ``norm_modulate`` does of it for the one ahead.

    Both terms are parts of tables of one width.  bias: (width,), what the branch still lacks before it is gated.
    """
    if x.is_cuda:
        from greenroom.nn.kernels import adaptive_layer_norm

        return adaptive_layer_norm.add_norm_modulate(x, branch, behind, ahead, shows, eps, bias=bias)
    added = add_gated(x, branch if bias is None else branch + bias, behind, shows)
    return added, norm_modulate(added, ahead, shows, eps)


def _own(vectors: Tensor, shows: Tensor | None) -> Tensor:
    return vectors if shows is None else vectors[shows]
