"""Both text embeddings of packed rows, with their words and without, each row at its own length."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from greenroom.models.f5tts.rows import padded_tokens
from greenroom.models.f5tts.text_embedding import FILLER
from greenroom.runtime.graphs import Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from greenroom.models.f5tts.packing import Packing
    from greenroom.models.f5tts.rows import Row
    from greenroom.models.f5tts.text_embedding import TextEmbedding
    from greenroom.runtime.graphs import Pool

_GRAPHS = 24


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """One row's text on the device. ids: int64 (1, frames), rows of the table.  length: int64 (1,), frames."""

    ids: Tensor
    length: Tensor


class PackedText:
    """A text embedding for packed rows. The text of a row alone, the usual case, is a graph where there are graphs.

    pool: of the graphs; None for none.
    """

    def __init__(self, embedding: TextEmbedding, pool: Pool | None) -> None:
        self._embedding = embedding
        self._device = embedding.text_embed.weight.device
        self._pool = pool
        self._recorded: OrderedDict[int, tuple[_Line, Recorded[Tensor]]] = OrderedDict()

    def embed(self, packing: Packing, rows: Sequence[Row]) -> Tensor:
        """(2, bucket's frames, text_dim): with words, without. Good until the next call."""
        if len(rows) == 1 and self._pool is not None:
            return self._embed_alone(packing.bucket.frames, rows[0], self._pool)
        lengths: int | Tensor = torch.tensor([row.frames for row in rows]) if len(rows) > 1 else rows[0].frames
        ids = padded_tokens(rows).to(self._device)
        embedded = torch.stack([self._embedding(ids, lengths, drop_text=drop, alone=True) for drop in (False, True)])
        packed = embedded.new_zeros(2, packing.bucket.frames, embedded.shape[3])
        for place, (start, row) in enumerate(zip(packing.starts, rows, strict=True)):
            packed[:, start : start + row.frames] = embedded[:, place, : row.frames]
        return packed

    def forget(self) -> None:
        """Give back the memory of the graphs."""
        self._recorded.clear()

    def _embed_alone(self, frames: int, row: Row, pool: Pool) -> Tensor:
        line, recorded = self._record(frames, pool)
        ids = torch.full((1, frames), FILLER)
        ids[0, : len(row.tokens)] = torch.tensor(row.tokens) + 1
        line.ids.copy_(ids)
        line.length.fill_(row.frames)
        recorded.replay()
        return recorded.result

    def _record(self, frames: int, pool: Pool) -> tuple[_Line, Recorded[Tensor]]:
        if frames in self._recorded:
            self._recorded.move_to_end(frames)
            return self._recorded[frames]
        while len(self._recorded) >= _GRAPHS:
            self._recorded.popitem(last=False)
        line = _Line(
            torch.zeros(1, frames, dtype=torch.int64, device=self._device),
            torch.full((1,), frames, device=self._device),
        )
        dropped = torch.tensor([[False], [True]], device=self._device)

        def both() -> Tensor:
            own = (torch.arange(frames, device=self._device) < line.length)[None, :, None].expand(2, -1, -1)
            return self._embedding.embed(line.ids.expand(2, -1), own, drop_text=dropped, alone=True)

        self._recorded[frames] = line, Recorded(both, pool)
        return self._recorded[frames]
