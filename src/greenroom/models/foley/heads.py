"""Queries, keys and values by head."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def by_head(x: Tensor, heads: int, head_dim: int) -> tuple[Tensor, ...]:
    """What a linear layer gives side by side, apart: (rows, heads, tokens, head_dim) each.

    x: (rows, tokens, parts * heads * head_dim).
    """
    return x.view(*x.shape[:2], -1, heads, head_dim).permute(2, 0, 3, 1, 4).unbind()
