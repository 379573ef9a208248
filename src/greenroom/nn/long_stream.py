"""One long row of tokens on its way through layers that are modulated alike for all of it, kept where it is.

As ``Stream`` (``adaptive_layer_norm.py``): what a layer answers waits, and the next norm adds it in its own pass. But
tens of thousands of tokens are not made anew for that, and what a layer takes may be rounded to eight bits on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from greenroom.nn.fp8_linear import Rows, empty_rows, rows_of
from greenroom.nn.norms import summing

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.nn.adaptive_layer_norm import Terms


class LongStream:
    """x: (tokens, width), contiguous. It is written over, and nobody else has use for it."""

    def __init__(self, x: Tensor) -> None:
        self._x = x
        self._branch: Tensor | None = None
        self._gate = x

    def plus(self, branch: Tensor, gate: Tensor) -> None:
        """Have a layer's answer, times the gate, be added next. Nothing else is waiting.

        branch: as x.  gate: float32 (width,).
        """
        self._branch, self._gate = branch, gate

    def normed(self, ahead: Terms, eps: float, *, small: bool = False) -> Tensor | Rows:
        """What the next layer takes, with nothing left to be added: the layer norm, times 1 + scale, plus shift.

        ahead: float32 (width,) each.  small: in eight bits.
        """
        x, branch, self._branch = self._x, self._branch, None
        if x.is_cuda:
            from greenroom.nn.kernels import adaptive_layer_norm

            rows = empty_rows(x) if small else None
            normed = torch.empty_like(x) if rows is None else rows.values
            scales = None if rows is None else rows.scales
            adaptive_layer_norm.settle(x, branch, self._gate, ahead, eps, normed, scales)
            return normed if rows is None else rows
        self._add(branch)
        exact = functional.layer_norm(x.to(summing(x.dtype)), x.shape[-1:], eps=eps)
        exact = torch.addcmul(ahead.shift, exact, 1 + ahead.scale)
        return rows_of(exact) if small else exact.to(x.dtype)

    def settled(self) -> Tensor:
        """The tokens, with all that was to be added."""
        x, branch, self._branch = self._x, self._branch, None
        if x.is_cuda and branch is not None:
            from greenroom.nn.kernels import adaptive_layer_norm

            adaptive_layer_norm.settle(x, branch, self._gate, None, 0.0, None, None)
        else:
            self._add(branch)
        return x

    def cut(self, tokens: int) -> None:
        """Leave so many of the first ones."""
        self._x = self._x[:tokens]
        self._branch = None if self._branch is None else self._branch[:tokens]

    def _add(self, branch: Tensor | None) -> None:
        if branch is not None:
            exact = summing(self._x.dtype)
            self._x.copy_(torch.addcmul(self._x.to(exact), branch.to(exact), self._gate))
