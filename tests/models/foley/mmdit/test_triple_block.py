"""A triple block by its parts. Equality with the original: test_parity_denoiser."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from greenroom.models.foley.mmdit.rotary import Places, places
from greenroom.models.foley.mmdit.triple_block import VECTORS, Said, TripleBlock, streams
from greenroom.nn.adaptive_layer_norm import Stream
from tests.models.foley.networks import TINY, denoiser_of, normal

PLACES = {rows: places(TINY.head_dim, rows, audio=7, visual=3, text=4) for rows in (1, 2)}


def block_of(*, keeps_visual: bool = True) -> TripleBlock:
    block = TripleBlock(TINY, keeps_visual=keeps_visual)
    block.load_state_dict(denoiser_of().triples[0].state_dict())
    return block.requires_grad_(False)


FRAMES = 3


def run(block: TripleBlock, x: torch.Tensor, terms: torch.Tensor, said: Said, places: Places) -> torch.Tensor:
    """Both streams behind a block."""
    behind: Stream = block(streams(x, places, len(terms)), terms, said, places)
    return behind.settled()


def given(block: TripleBlock, rows: int = 2) -> tuple[torch.Tensor, torch.Tensor, Said]:
    """Three frames and seven tokens of audio, terms and a text."""
    width = TINY.width
    text = block.said(normal(rows, 4, width, seed=2), PLACES[rows].text)
    return normal(FRAMES + 7, rows, width), block.terms(normal(1, width, seed=3)), text


def test_the_last_one_gives_the_same_audio_alone() -> None:
    whole, last = block_of(), block_of(keeps_visual=False)
    x, terms, said = given(whole)
    both = run(whole, x, terms, said, PLACES[2])
    assert both.shape == x.shape
    torch.testing.assert_close(run(last, x, terms, said, PLACES[2]), both[FRAMES:])
    assert not torch.allclose(both[:FRAMES], x[:FRAMES])


def test_terms_are_of_audio_then_of_video() -> None:
    block, time = block_of(), normal(3, TINY.width)
    terms = block.terms(time)
    assert terms.shape == (3, *VECTORS, TINY.width)
    assert torch.equal(terms[:, 0], block.audio_mod(time))
    assert torch.equal(terms[:, 1], block.v_cond_mod(time))


@pytest.mark.parametrize("stream", ["audio", "visual", "text"])
def test_each_stream_is_heard_by_both(stream: str) -> None:
    block = block_of()
    x, terms, said = given(block)
    before = run(block, x, terms, said, PLACES[2])
    if stream == "text":
        said = Said(said.key, said.value.index_add(2, torch.tensor([3]), torch.ones(2, TINY.heads, 1, TINY.head_dim)))
    else:
        place = FRAMES - 1 if stream == "visual" else FRAMES + 6
        x = x.index_add(0, torch.tensor([place]), normal(1, 2, TINY.width, seed=9))
    after = run(block, x, terms, said, PLACES[2])
    for first in (0, FRAMES):  # of the video, of the audio
        assert ((after - before)[first].abs() > 1e-5).any(dim=-1).all()


def of_row(said: Said, row: int) -> Said:
    return Said(said.key[row : row + 1], said.value[row : row + 1])


def test_rows_may_be_at_times_of_their_own() -> None:
    block = block_of()
    x, _, said = given(block)
    terms = block.terms(normal(2, TINY.width, seed=5))
    together = run(block, x, terms, said, PLACES[2])
    for row in range(2):
        one = slice(row, row + 1)
        alone = run(block, x[:, one].contiguous(), terms[one], of_row(said, row), PLACES[1])
        torch.testing.assert_close(alone, together[:, one])


def test_rows_know_nothing_of_each_other() -> None:
    block = block_of()
    x, terms, said = given(block)
    together = run(block, x, terms, said, PLACES[2])
    for row in range(2):
        one = slice(row, row + 1)
        alone = run(block, x[:, one].contiguous(), terms, of_row(said, row), PLACES[1])
        torch.testing.assert_close(alone, together[:, one])


def test_rows_hear_fewer_texts_in_turn() -> None:
    block = block_of()
    x, terms, said = normal(10, 4, TINY.width), *given(block)[1:]
    stand = places(TINY.head_dim, 4, audio=7, visual=FRAMES, text=4)
    each = Said(said.key.repeat(2, 1, 1, 1), said.value.repeat(2, 1, 1, 1))
    torch.testing.assert_close(run(block, x, terms, said, stand), run(block, x, terms, each, stand))


def test_layers_of_another_kind_give_the_same() -> None:
    """As quantised ones are: they are asked for their outputs, and these are put together."""

    class Another(nn.Module):
        def __init__(self, layer: nn.Linear) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.layer(x)
            return out

    block = block_of()
    x, terms, said = given(block)
    wanted = run(block, x, terms, said, PLACES[2])
    for name in ("audio_self_attn_qkv", "v_cond_cross_q", "audio_cross_proj"):
        setattr(block, name, Another(getattr(block, name)))
    torch.testing.assert_close(run(block, x, terms, said, PLACES[2]), wanted)
