"""A triple block by its parts. Equality with the original: test_parity_denoiser."""

from __future__ import annotations

import pytest
import torch

from greenroom.models.foley.mmdit.rotary import places
from greenroom.models.foley.mmdit.triple_block import VECTORS, Said, TripleBlock
from tests.models.foley.networks import TINY, denoiser_of, normal

PLACES = {rows: places(TINY.head_dim, rows, audio=7, visual=3, text=4) for rows in (1, 2)}


def block_of(*, keeps_visual: bool = True) -> TripleBlock:
    block = TripleBlock(TINY, keeps_visual=keeps_visual)
    block.load_state_dict(denoiser_of().triples[0].state_dict())
    return block.requires_grad_(False)


def given(block: TripleBlock, rows: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, Said]:
    """Audio, video, terms and a text."""
    width = TINY.width
    text = block.said(normal(rows, 4, width, seed=2), PLACES[rows].text)
    return normal(rows, 7, width), normal(rows, 3, width, seed=1), block.terms(normal(1, width, seed=3)), text


def test_the_last_one_gives_the_same_audio_and_leaves_the_video() -> None:
    whole, last = block_of(), block_of(keeps_visual=False)
    audio, visual, terms, said = given(whole)
    heard, seen = whole(audio, visual, terms, said, PLACES[2])
    again, left = last(audio, visual, terms, said, PLACES[2])
    torch.testing.assert_close(again, heard)
    assert left is visual
    assert not torch.allclose(seen, visual)


def test_terms_are_of_audio_then_of_video() -> None:
    block, time = block_of(), normal(3, TINY.width)
    terms = block.terms(time)
    assert terms.shape == (3, *VECTORS, TINY.width)
    assert torch.equal(terms[:, 0], block.audio_mod(time))
    assert torch.equal(terms[:, 1], block.v_cond_mod(time))


@pytest.mark.parametrize("stream", ["audio", "visual", "text"])
def test_each_stream_is_heard_by_both(stream: str) -> None:
    block = block_of()
    audio, visual, terms, said = given(block)
    before = block(audio, visual, terms, said, PLACES[2])
    if stream == "audio":
        audio = audio.index_add(1, torch.tensor([6]), normal(2, 1, TINY.width, seed=9))
    elif stream == "visual":
        visual = visual.index_add(1, torch.tensor([2]), normal(2, 1, TINY.width, seed=9))
    else:
        said = Said(said.key, said.value.index_add(2, torch.tensor([3]), torch.ones(2, TINY.heads, 1, TINY.head_dim)))
    after = block(audio, visual, terms, said, PLACES[2])
    for old, new in zip(before, after, strict=True):
        assert ((new - old)[:, 0].abs() > 1e-5).any()


def test_rows_may_be_at_times_of_their_own() -> None:
    block = block_of()
    audio, visual, _, said = given(block)
    terms = block.terms(normal(2, TINY.width, seed=5))
    together = block(audio, visual, terms, said, PLACES[2])
    for row in range(2):
        one = slice(row, row + 1)
        alone = block(audio[one], visual[one], terms[one], Said(said.key[one], said.value[one]), PLACES[1])
        for whole, own in zip(together, alone, strict=True):
            torch.testing.assert_close(own, whole[one])


def test_rows_know_nothing_of_each_other() -> None:
    block = block_of()
    audio, visual, terms, said = given(block)
    together = block(audio, visual, terms, said, PLACES[2])
    for row in range(2):
        one = slice(row, row + 1)
        alone = block(audio[one], visual[one], terms, Said(said.key[one], said.value[one]), PLACES[1])
        for whole, own in zip(together, alone, strict=True):
            torch.testing.assert_close(own, whole[one])
