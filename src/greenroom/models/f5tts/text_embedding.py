"""Tokens as vectors on the axis of the mel frames: a table, positions, ConvNeXt V2 blocks (arXiv 2410.06885, 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn.convnext import ConvNeXtV2Block
from greenroom.nn.rotary import BASE

if TYPE_CHECKING:
    from greenroom.models.f5tts.architecture import Architecture

FILLER = 0  # of the table's rows: a token's row is its id + 1, so that padding, -1, is the filler
# A UNetT's positions end here and repeat the last one; those of a DiT go on by the formula.
_POSITIONS_OF_UNETT = 4096


class TextEmbedding(nn.Module):
    """One vector per mel frame: the first frames hold the tokens, one each, and the rest the filler."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        dim = architecture.text_dim
        self.mask_padding = architecture.text_mask_padding
        self.average_upsampling = architecture.average_upsampling
        self.last_position = _POSITIONS_OF_UNETT - 1 if architecture.backbone == "UNetT" else None
        # The usual constructor draws its values, for which torch on the meta device loads its compiler: a second.
        rows = architecture.vocabulary + 1
        self.text_embed = nn.Embedding(rows, dim, _weight=torch.zeros(rows, dim))
        self.text_blocks = nn.ModuleList(
            ConvNeXtV2Block(dim, dim * architecture.conv_mult) for _ in range(architecture.conv_layers)
        )

    def forward(self, text: Tensor, length: int | Tensor, *, drop_text: bool = False, alone: bool = False) -> Tensor:
        """Embed a batch of texts.

        text: int64 (batch, tokens), ids, -1 behind a row's end; cut at the length.  length: frames of every row, or
        int64 (batch,) of each; beyond its own, a row has zeros for tokens.  drop_text: embed nothing but filler; where
        text padding is masked, the text's length still shows.  alone: a row equals what it is in a batch of one;
        otherwise, as published, the blocks run over the padding and their norm counts it.
        Returns (batch, longest length, text_dim).
        """
        frames = length if isinstance(length, int) else int(length.max())
        own = (
            None
            if isinstance(length, int)
            else (_positions(frames, text.device) < length.to(text.device)[:, None])[..., None]
        )
        ids = functional.pad(text[:, :frames] + 1, (0, max(0, frames - text.shape[1])), value=FILLER)
        if own is not None:
            ids = ids.masked_fill(~own[..., 0], FILLER)
        x = self.embed(ids, own, drop_text=drop_text, alone=alone)
        return _upsampled(x, ids != FILLER, length) if self.average_upsampling else x

    def embed(
        self, ids: Tensor, own: Tensor | None, *, drop_text: bool | Tensor = False, alone: bool = False
    ) -> Tensor:
        """The same of rows that are laid out already, without a wait for the device.

        ids: int64 (batch, frames), rows of the table.  own: bool (batch, frames, 1), each row's frames; None for all.
        drop_text: of all rows, or bool (batch, 1) of each.  Returns (batch, frames, text_dim).
        """
        filler = (ids == FILLER)[..., None]
        dropped = drop_text if isinstance(drop_text, Tensor) else ids.new_full((), drop_text, dtype=torch.bool)
        x: Tensor = self.text_embed(ids.masked_fill(dropped, FILLER))  # (batch, frames, text_dim)
        if self.text_blocks:
            x = x + self._position_table(ids.shape[1], x)
        x = _zeroed(x, own)
        return self._through_blocks(x, filler, own if alone else None) if self.text_blocks else x

    def _through_blocks(self, x: Tensor, filler: Tensor, own: Tensor | None) -> Tensor:
        kept = ~filler if self.mask_padding else own
        x = _zeroed(x, kept)
        for block in self.text_blocks:
            x = _zeroed(block(x, own), kept)
        return x

    def _position_table(self, frames: int, like: Tensor) -> Tensor:
        """Cosines, then sines, in float32 and then cast: (frames, text_dim)."""
        dim = like.shape[-1]
        positions = _positions(frames, like.device)
        if self.last_position is not None:
            positions = positions.clamp(max=self.last_position)
        frequencies = 1.0 / BASE ** (torch.arange(0, dim, 2, dtype=torch.float32, device=like.device)[: dim // 2] / dim)
        angles = torch.outer(positions.float(), frequencies)
        return torch.cat((angles.cos(), angles.sin()), dim=-1).to(like.dtype)


def _positions(frames: int, device: torch.device) -> Tensor:
    return torch.arange(frames, device=device)


def _zeroed(x: Tensor, kept: Tensor | None) -> Tensor:
    return x if kept is None else x.masked_fill(~kept, 0.0)


def _upsampled(x: Tensor, tokens: Tensor, length: int | Tensor) -> Tensor:
    """Each row's tokens repeated over its own length, the last ones once more where they do not divide it."""
    out = torch.zeros_like(x)
    for row in range(x.shape[0]):
        frames = length if isinstance(length, int) else int(length[row])
        vectors = x[row, tokens[row]]
        count = len(vectors)
        if count == 0 or frames == 0:
            continue
        repeats = torch.full((count,), frames // count, device=x.device)
        repeats[count - frames % count :] += 1
        out[row, :frames] = vectors.repeat_interleave(repeats, dim=0)
    return out
