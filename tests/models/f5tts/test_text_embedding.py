"""The text embedding: what padding, dropping and batching do to a row. Equality with the original: test_parity."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from greenroom.models.f5tts.architecture import Architecture
from greenroom.models.f5tts.text_embedding import TextEmbedding
from tests.models.f5tts.networks import BASE, E2, V1, VARIANTS, flow_of

TEXT = torch.tensor([[3, 7, 1, 0, 9, 4, 4, 2], [5, 5, 8, -1, -1, -1, -1, -1], [1, 2, 3, 4, 5, -1, -1, -1]])
LENGTHS = [30, 12, 5]
UPSAMPLING = replace(V1, average_upsampling=True)


def embedding(architecture: Architecture) -> TextEmbedding:
    return flow_of(architecture).transformer.text_embed


@pytest.mark.parametrize("architecture", [*VARIANTS, UPSAMPLING], ids=lambda a: f"{a.name}-{a.average_upsampling}")
@pytest.mark.parametrize("drop_text", [False, True])
def test_a_row_alone_in_a_batch_is_what_it_is_by_itself(architecture: Architecture, drop_text: bool) -> None:
    embed = embedding(architecture)
    batch = embed(TEXT, torch.tensor(LENGTHS), drop_text=drop_text, alone=True)
    for row, length in enumerate(LENGTHS):
        tokens = TEXT[row][TEXT[row] >= 0]
        single = embed(tokens[None], length, drop_text=drop_text)[0]
        torch.testing.assert_close(batch[row, :length], single, atol=3e-6, rtol=0)


@pytest.mark.parametrize("architecture", [V1, BASE])
def test_a_published_batch_lets_padding_into_a_row(architecture: Architecture) -> None:
    embed = embedding(architecture)
    batch = embed(TEXT, torch.tensor(LENGTHS))
    single = embed(TEXT[1:2], LENGTHS[1])[0]
    assert (batch[1, : LENGTHS[1]] - single).abs().max() > 1e-3


def difference(embed: TextEmbedding, one: Tensor, other: Tensor, *, drop_text: bool) -> float:
    return float((embed(one, 30, drop_text=drop_text) - embed(other, 30, drop_text=drop_text)).abs().max())


def test_dropped_text_shows_its_length_where_padding_is_masked() -> None:
    assert difference(embedding(V1), TEXT[:1], TEXT[1:2], drop_text=True) > 1e-3
    assert difference(embedding(BASE), TEXT[:1], TEXT[1:2], drop_text=True) == 0


def test_dropped_text_shows_nothing_else() -> None:
    assert difference(embedding(V1), TEXT[:1], TEXT[:1].flip(1), drop_text=True) == 0
    assert difference(embedding(V1), TEXT[:1], TEXT[:1].flip(1), drop_text=False) > 1e-3


def test_text_beyond_the_frames_is_cut() -> None:
    embed = embedding(BASE)
    assert torch.equal(embed(TEXT[:1], 5), embed(TEXT[:1, :5], 5))


def test_positions_of_a_unett_end() -> None:
    embed = embedding(replace(E2, conv_layers=1, text_dim=20))
    table = embed._position_table(4100, torch.zeros(1, 20))
    assert torch.equal(table[4095:], table[4095].expand(5, -1))
    assert not torch.equal(table[4094], table[4095])


def test_upsampled_tokens_fill_their_row() -> None:
    embed = TextEmbedding(replace(UPSAMPLING, conv_layers=0))
    embed.text_embed.weight.data = torch.arange(41.0)[:, None].expand(-1, 24)
    out = embed(TEXT[1:], torch.tensor([11, 7]))[..., 0]
    assert out[0].tolist() == [6, 6, 6, 6, 6, 6, 6, 9, 9, 9, 9]
    assert out[1].tolist() == [2, 3, 4, 5, 5, 6, 6, 0, 0, 0, 0]
