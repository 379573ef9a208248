"""Queries or keys between their linear layer and attention, where they are normed over all heads at once.

The root mean square norm (arXiv 1910.07467) is that of the whole width, as in Wan2.1; then heads are turned (RoFormer,
arXiv 2104.09864). Both are done where the numbers lie: at tens of thousands of tokens each further pass would move
gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

from greenroom.nn.rotary import rotate

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.nn.rotary import RotaryTables


def norm_turn(x: Tensor, weight: Tensor, eps: float, heads: int, tables: RotaryTables | None = None) -> Tensor:
    """Norm x over its width and turn its heads, in place; gives x.

    x: (tokens, heads * head_dim), rows anywhere, as part of a wider tensor.  weight: (heads * head_dim,).  tables:
    angles of each token, float32 (tokens, head_dim / 2); None where heads are not turned. On a GPU this is one pass,
    and the width of a head is a power of two.
    """
    if x.is_cuda:
        from greenroom.nn.kernels import wide_heads

        wide_heads.norm_turn(x, weight, eps, heads, tables)
        return x
    normed = functional.rms_norm(x, weight.shape, weight, eps)
    if tables is not None:
        normed = rotate(normed.view(len(x), heads, -1).transpose(0, 1), tables).transpose(0, 1).flatten(1)
    return x.copy_(normed)
