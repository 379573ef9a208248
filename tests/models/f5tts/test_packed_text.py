"""Texts of packed rows: of one alone by a graph, of many together, each as it is by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from greenroom.models.f5tts import packed_text
from greenroom.models.f5tts.architecture import Architecture
from greenroom.models.f5tts.packed_text import PackedText
from greenroom.models.f5tts.packing import Packing
from greenroom.models.f5tts.rows import Row
from greenroom.models.f5tts.text_embedding import TextEmbedding
from greenroom.runtime.graphs import Pool
from tests.models.f5tts.networks import BASE, V1, flow_of, row
from tests.models.f5tts.recorded import Repeated

_ROWS = [row(70, reference=10, tokens=40, seed=1), row(19, reference=3, tokens=18, seed=2)]
_POOL = Pool()


@pytest.fixture(autouse=True)
def _without_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_text, "Recorded", Repeated)


def _alone(embedding: TextEmbedding, one: Row) -> torch.Tensor:
    ids = torch.tensor([one.tokens])
    return torch.cat([embedding(ids, one.frames, drop_text=drop) for drop in (False, True)])


@pytest.mark.parametrize("architecture", [V1, BASE, replace(BASE, conv_layers=0)], ids=["v1", "base", "none"])
@pytest.mark.parametrize("pool", [None, _POOL], ids=["plain", "graph"])
@pytest.mark.parametrize("rows", [_ROWS[:1], _ROWS[1:], _ROWS], ids=["long", "short", "both"])
def test_a_row_has_its_own_text(architecture: Architecture, pool: Pool | None, rows: list[Row]) -> None:
    embedding = flow_of(architecture).transformer.text_embed
    packing = Packing.of([one.frames for one in rows])
    packed = PackedText(embedding, pool).embed(packing, rows)
    assert packed.shape == (2, packing.bucket.frames, 24)
    for start, one in zip(packing.starts, rows, strict=True):
        torch.testing.assert_close(packed[:, start : start + one.frames], _alone(embedding, one), atol=3e-6, rtol=3e-6)


def test_a_shorter_row_finds_nothing_of_the_one_before_it() -> None:
    embedding = flow_of(V1).transformer.text_embed
    text = PackedText(embedding, _POOL)
    for one in (row(64, reference=4, tokens=60), row(50, reference=4, tokens=3)):
        packed = text.embed(Packing.of([one.frames]), [one])
        torch.testing.assert_close(packed[:, : one.frames], _alone(embedding, one), atol=3e-6, rtol=3e-6)


def test_so_many_graphs_are_kept_those_used_last(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[int] = []

    class Noted(Repeated[torch.Tensor]):
        def __init__(self, work: Callable[[], torch.Tensor], pool: object) -> None:
            super().__init__(work, pool)
            recorded.append(self.result.shape[1])

    monkeypatch.setattr(packed_text, "Recorded", Noted)
    monkeypatch.setattr(packed_text, "_GRAPHS", 2)
    text = PackedText(flow_of(V1).transformer.text_embed, _POOL)
    for frames in (64, 128, 64, 192, 64, 128):
        text.embed(Packing.of([frames]), [row(frames, reference=4, tokens=3)])
    assert recorded == [64, 128, 192, 128]
