"""Self-attention over padded rows, on torch's own kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from greenroom.nn.norms import RMSNorm
from greenroom.nn.rotary import rotate

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from greenroom.nn.rotary import RotaryTables


def attend(query: Tensor, key: Tensor, value: Tensor, keys: Tensor | None = None) -> Tensor:
    """Scaled dot product attention (arXiv 1706.03762), scale width^-0.5, nothing causal.

    query, key, value: (batch, heads, length, width).  keys: bool (batch, length), the positions that may be looked at;
    None for all.  Every row needs one such position. Where it is asked for often, give what is to be added to scores
    instead, in the type of the query: 0 and minus infinity, which is what torch makes of it each time.  Returns
    (batch, length, heads * width).
    """
    mask = None if keys is None else keys[:, None, None, :]
    out = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    return out.transpose(1, 2).flatten(2)


def fastest_kernels() -> AbstractContextManager[None]:
    """Have cuDNN's attention tried first, the fastest of torch's for long rows on recent GPUs, and others after it."""
    order = [
        SDPBackend.CUDNN_ATTENTION,
        SDPBackend.FLASH_ATTENTION,
        SDPBackend.EFFICIENT_ATTENTION,
        SDPBackend.MATH,
    ]
    kernels: AbstractContextManager[None] = sdpa_kernel(order, set_priority=True)
    return kernels


class SelfAttention(nn.Module):
    """Multi-head self-attention with rotary positions.

    qk_norm: queries and keys are normed per head before they are rotated.  rotated_heads: how many are, None for all.
    """

    def __init__(
        self,
        dim: int,
        heads: int,
        dim_head: int,
        *,
        qk_norm: Literal["rms_norm"] | None = None,
        rotated_heads: int | None = None,
    ) -> None:
        super().__init__()
        self.heads = heads
        self.rotated_heads = rotated_heads
        self.to_q = nn.Linear(dim, heads * dim_head)
        self.to_k = nn.Linear(dim, heads * dim_head)
        self.to_v = nn.Linear(dim, heads * dim_head)
        self.q_norm = RMSNorm(dim_head) if qk_norm else nn.Identity()
        self.k_norm = RMSNorm(dim_head) if qk_norm else nn.Identity()
        self.to_out = nn.ModuleList([nn.Linear(heads * dim_head, dim)])  # a list: its published name is to_out.0

    def forward(self, x: Tensor, tables: RotaryTables, own: Tensor | None = None, keys: Tensor | None = None) -> Tensor:
        """x: (batch, length, dim).  own: bool (batch, length), those not zeroed in the end.  keys: see ``attend``."""
        query, key, value = (
            project(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for project in (self.to_q, self.to_k, self.to_v)
        )
        query = rotate(self.q_norm(query), tables, self.rotated_heads)
        key = rotate(self.k_norm(key), tables, self.rotated_heads)
        out: Tensor = self.to_out[0](attend(query, key, value, keys))
        return out if own is None else out.masked_fill(~own[..., None], 0.0)
