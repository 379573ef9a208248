"""Attention within windows: each window's tokens look at each other and at all of the text.

The text looks at every window too, and hears the mean of what they answer. Its queries, keys and values are the same in
each, so they are made once. Those of the video are written with room for them behind every window: what attention takes
is then one tensor for all windows of a size, and nothing is joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from greenroom.models.seedvr2.architecture import NORM_EPS
from greenroom.models.seedvr2.nadit.rotary import Rope
from greenroom.nn.attention import attend
from greenroom.nn.heads import place_heads
from greenroom.nn.norms import RMSNorm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.nadit.grouping import Group
    from greenroom.nn.heads import Placement


class WindowAttention(nn.Module):
    """The weights of a block's attention, by branch."""

    def __init__(self, architecture: Architecture, branches: Sequence[str]) -> None:
        super().__init__()
        width, head = architecture.width, architecture.head_dim
        self._heads = architecture.heads, head
        self.proj_qkv = nn.ModuleDict({branch: nn.Linear(width, 3 * width, bias=False) for branch in branches})
        self.proj_out = nn.ModuleDict({branch: nn.Linear(width, width) for branch in branches})
        self.norm_q = nn.ModuleDict({branch: RMSNorm(head, NORM_EPS) for branch in branches})
        self.norm_k = nn.ModuleDict({branch: RMSNorm(head, NORM_EPS) for branch in branches})
        self.rope = nn.ModuleDict({"rope": Rope(architecture)})  # its published name is rope.rope

    def heads_of(self, x: Tensor, branch: str, placement: Placement, rows: int | None = None) -> Tensor:
        """Queries and keys, normed by head and rotated, and values: (3, rows, heads, head_dim).

        x: (tokens, width).  placement: of its rows.  rows: with room for the text behind each window, which is not
        filled; None for as many as there are tokens.
        """
        query, key = (self.get_parameter(f"{norm}.{branch}.weight") for norm in ("norm_q", "norm_k"))
        heads = x.new_empty(3, len(x) if rows is None else rows, *self._heads)
        place_heads(self.proj_qkv[branch](x), query, key, NORM_EPS, placement, heads)
        return heads


def attend_windows(video: Tensor, text: Tensor, groups: Sequence[Group], *, hear: bool) -> tuple[Tensor, Tensor | None]:
    """What the tokens of each window see, and the sum of what the text hears in them.

    video: (3, tokens + windows * length, heads, head_dim), queries, keys and values of whole windows, with room behind
    each for the text, which is filled here.  text: (3, length, heads, head_dim).  groups: of the windows.  hear:
    whether the text listens at all.  Returns (tokens, width), and (length, width) or None, summed in float64: so the
    text is the same in whatever order windows are summed, here or in other ranks.
    """
    length = text.shape[1]
    tokens = groups[-1].rows.stop
    seen = video.new_empty(tokens, text.shape[2] * text.shape[3])
    heard = torch.zeros(length, seen.shape[1], dtype=torch.float64, device=seen.device) if hear else None
    first = 0
    for group in groups:
        rows = group.windows * (group.tokens + length)
        windows = video[:, first : first + rows].view(3, group.windows, -1, *text.shape[2:])
        first += rows
        windows[:, :, group.tokens :] = text[:, None]
        query, key, value = windows.transpose(2, 3)
        answer = attend(query if hear else query[:, :, : group.tokens], key, value)
        seen[group.rows].view(group.windows, group.tokens, -1).copy_(answer[:, : group.tokens])
        if heard is not None:
            heard += answer[:, group.tokens :].sum(0, dtype=heard.dtype)
    return seen, heard
