"""Attention of video tokens divided into time and space (TimeSformer, arXiv 2102.05095), beside one class token.

Tokens are (batch, 1 + frames * sites, width): the class token, then all sites of the first frame, and so on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from greenroom.nn.attention import attend

if TYPE_CHECKING:
    from collections.abc import Sequence

Along = Literal["time", "space"]

# Of (batch, frames, sites, 3, heads, head_dim): what is looked at together stands last but one.
_ORDERS: dict[Along, Sequence[int]] = {"time": (3, 0, 2, 4, 1, 5), "space": (3, 0, 1, 4, 2, 5)}


class DividedAttention(nn.Module):
    """Each token attends to those of its own group and to the class token; this one attends to all.

    along: a group is one site in all frames (time), or all sites of one frame (space).
    """

    def __init__(self, width: int, heads: int, along: Along) -> None:
        super().__init__()
        self.heads, self.along = heads, along
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """x: (batch, 1 + frames * sites, width)."""
        batch, _, width = x.shape
        qkv = self.qkv(x).unflatten(-1, (3, self.heads, -1))
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        told = attend(query[:, :, :1], key, value)

        order = _ORDERS[self.along]
        grouped = qkv[:, 1:].unflatten(1, (frames, -1)).permute(*order)  # (3, batch, groups, heads, group, head_dim)
        groups = grouped.shape[2]
        keys, values = (_with_class(part, mine) for part, mine in zip(grouped[1:], (key, value), strict=True))
        heard = attend(grouped[0].flatten(0, 1), keys, values).view(batch, groups, -1, width)
        if self.along == "time":
            heard = heard.transpose(1, 2)
        out: Tensor = self.proj(torch.cat((told, heard.flatten(1, 2)), dim=1))
        return out


def _with_class(grouped: Tensor, whole: Tensor) -> Tensor:
    """Keys or values of groups with the class token's before them: (batch * groups, heads, 1 + group, head_dim).

    grouped: (batch, groups, heads, group, head_dim).  whole: (batch, heads, tokens, head_dim).
    """
    mine = whole[:, None, :, :1].expand(-1, grouped.shape[1], -1, -1, -1)
    return torch.cat((mine, grouped), dim=3).flatten(0, 1)
