"""One block: attention within windows, then the MLP, for video and text side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.seedvr2.architecture import NORM_EPS
from greenroom.models.seedvr2.nadit.attention import WindowAttention, attend_windows
from greenroom.models.seedvr2.nadit.mlp import mlp_of
from greenroom.models.seedvr2.nadit.modulation import BlockTerms, Modulation
from greenroom.nn.adaptive_norm import add_norm_modulate, norm_modulate

if TYPE_CHECKING:
    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.nadit.layout import Layout
    from greenroom.models.seedvr2.nadit.modulation import BranchTerms
    from greenroom.models.seedvr2.nadit.stream import Rows, Stream
    from greenroom.nn.heads import Placement

SHARED, VIDEO, TEXT = "all", "vid", "txt"
"""Whose weights a set is, by its published name."""


class Block(nn.Module):
    """A block of a variant.

    own_text: the text has weights of its own.  modulates_text: before attention.  keeps_text: the text's own result is
    made, for the next block.
    """

    def __init__(
        self, architecture: Architecture, *, own_text: bool, modulates_text: bool = True, keeps_text: bool = True
    ) -> None:
        super().__init__()
        self._video, self._text = (VIDEO, TEXT) if own_text else (SHARED, SHARED)
        self._modulates_text = modulates_text
        self._keeps_text = keeps_text
        branches = (VIDEO, TEXT) if own_text else (SHARED,)
        self.attn = WindowAttention(architecture, branches)
        self.mlp = nn.ModuleDict({branch: mlp_of(architecture) for branch in branches})
        self.ada = nn.ModuleDict({branch: Modulation(architecture.width) for branch in branches})

    def terms(self, embedding: Tensor) -> BlockTerms:
        """What modulates this block. embedding: from ``by_layer``."""
        video = self.ada[self._video](embedding)
        return BlockTerms(video, video if self._text == self._video else self.ada[self._text](embedding))

    def forward(self, video: Stream, text: Tensor, terms: BlockTerms, layout: Layout, placement: Placement) -> Tensor:
        """Change the video where it lies, a run of windows after the other, and give the text anew.

        text: (text, width).  layout: of this block.  placement: of the text.
        """
        said = self._said(text, terms.text, placement)
        heard: Tensor | None = None
        for rows in video.each(layout):
            answer = self._restore(rows, said, terms.video)
            if answer is not None:
                heard = answer if heard is None else heard.add_(answer)
        if not self._keeps_text:
            return text
        if heard is None:  # another rank has all windows
            heard = torch.zeros(text.shape, dtype=torch.float64, device=text.device)
        return self._told(text, video.summed(heard) / layout.windows, terms.text)

    def _said(self, text: Tensor, terms: BranchTerms, placement: Placement) -> Tensor:
        """The text's queries, keys and values, the same for every window."""
        if self._modulates_text:
            x = norm_modulate(text, terms.attention.scale, terms.attention.shift, NORM_EPS)
        else:
            x = functional.rms_norm(text, text.shape[-1:], eps=NORM_EPS)
        return self.attn.heads_of(x, self._text, placement)

    def _restore(self, rows: Rows, said: Tensor, terms: BranchTerms) -> Tensor | None:
        """Change the rows of some windows, and give the sum of what the text hears in these.

        What is no longer needed is let go of at once: these are the largest tensors of a clip.
        """
        part, x, placement = rows
        room = part.tokens + part.windows * said.shape[1]
        normed = norm_modulate(x, terms.attention.scale, terms.attention.shift, NORM_EPS)
        heads = self.attn.heads_of(normed, self._video, placement, room)
        del normed
        seen, heard = attend_windows(heads, said, part.groups, hear=self._keeps_text)
        del heads
        answer = self.attn.proj_out[self._video](seen)
        del seen
        normed = add_norm_modulate(x, answer, terms.attention.gate, terms.mlp.scale, terms.mlp.shift, NORM_EPS)
        del answer
        x.addcmul_(self.mlp[self._video](normed), terms.mlp.gate)
        return heard

    def _told(self, text: Tensor, heard: Tensor, terms: BranchTerms) -> Tensor:
        """The text behind this block. heard: (text, width), the mean over all windows."""
        told = text.clone()
        answer = self.attn.proj_out[self._text](heard.to(text.dtype))
        normed = add_norm_modulate(told, answer, terms.attention.gate, terms.mlp.scale, terms.mlp.shift, NORM_EPS)
        return told.addcmul_(self.mlp[self._text](normed), terms.mlp.gate)
