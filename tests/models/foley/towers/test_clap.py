"""CLAP's text tower. Equality with the original: test_parity_sounding."""

from __future__ import annotations

import pytest
import torch

from greenroom.models.foley.towers.clap import PADDING, ClapTexts, load_clap
from greenroom.models.foley.towers.encoders import LONGEST_TEXT, TextEncoder, TextTooLong, Tokens, encode_texts
from tests.models.foley.tower_parts import SMALL_TEXT, clap_file


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> ClapTexts:
    return load_clap(clap_file(tmp_path_factory.mktemp("clap")), SMALL_TEXT)


def padded(row: list[int], length: int) -> Tokens:
    own = torch.arange(length)[None] < len(row)
    return Tokens(torch.tensor([row + [PADDING] * (length - len(row))]), own)


@torch.inference_mode()
def test_padding_does_not_change_what_is_said_of_a_text(tower: ClapTexts) -> None:
    encoder: TextEncoder = tower
    row = [0, 20, 30, 2]
    alone, beside = encoder(padded(row, 4)), encoder(padded(row, 9))
    assert beside.shape == (1, 9, 24)
    torch.testing.assert_close(beside[:, :4], alone)


@torch.inference_mode()
def test_tokens_know_of_each_other_and_of_their_places(tower: ClapTexts) -> None:
    first = tower(padded([0, 20, 30, 2], 4))
    assert not torch.allclose(tower(padded([0, 20, 31, 2], 4))[0, 1], first[0, 1], atol=1e-3)
    assert not torch.allclose(tower(padded([0, 30, 20, 2], 4))[0, 2], first[0, 1], atol=1e-3)


@torch.inference_mode()
def test_as_many_tokens_as_are_allowed_have_a_place(tower: ClapTexts) -> None:
    full = padded([0, *[5] * (LONGEST_TEXT - 2), 2], LONGEST_TEXT)
    pair = Tokens(full.ids.expand(2, -1), full.own.expand(2, -1))
    assert encode_texts(pair, tower).prompt.isfinite().all()
    longer = padded([0, *[5] * (LONGEST_TEXT - 1), 2], LONGEST_TEXT + 1)
    with pytest.raises(TextTooLong):
        encode_texts(Tokens(longer.ids.expand(2, -1), longer.own.expand(2, -1)), tower)
    with pytest.raises(RuntimeError, match="out of bounds"):
        tower(longer)
