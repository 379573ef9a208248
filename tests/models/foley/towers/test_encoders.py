"""How encoders are asked, whichever they are."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from greenroom.models.foley.towers.encoders import (
    LONGEST_TEXT,
    TextTooLong,
    Tokens,
    encode_texts,
    read_texts,
    see_pictures,
)


def letters(texts: Sequence[str]) -> Tokens:
    """A tokenizer of letters of any script, each below 256, between a 0 and a 2 and padded with 1."""
    rows = [[0, *(ord(letter) % 256 for letter in text), 2] for text in texts]
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + [1] * (longest - len(row)) for row in rows])
    own = torch.tensor([[place < len(row) for place in range(longest)] for row in rows])
    return Tokens(ids, own)


def summed(tokens: Tokens) -> Tensor:
    """An encoder whose every token knows of all of its text: (texts, tokens, 2)."""
    total = (tokens.ids * tokens.own).sum(1, keepdim=True).expand_as(tokens.ids)
    return torch.stack((tokens.ids, total), dim=-1).float()


def test_both_texts_are_padded_to_the_longer() -> None:
    texts = read_texts("rain", "a", letters, summed)
    assert texts.prompt.tolist() == [[0, 428], [114, 428], [97, 428], [105, 428], [110, 428], [2, 428]]
    assert texts.negative.tolist() == [[0, 99], [97, 99], [2, 99], [1, 99], [1, 99], [1, 99]]
    assert texts.cut == 0


def test_a_long_text_is_read_whole_and_then_cut() -> None:
    texts = read_texts("x" * 100, "", letters, summed)
    assert texts.prompt.shape == texts.negative.shape == (77, 2)
    assert texts.cut == 102 - 77
    assert float(texts.prompt[0, 1]) == 100 * ord("x") + 2
    assert read_texts("x" * 75, "", letters, summed).cut == 0


def test_a_text_without_end_is_refused() -> None:
    read_texts("", "x" * (LONGEST_TEXT - 2), letters, summed)
    with pytest.raises(TextTooLong, match="513 tokens; 512 is the most"):
        encode_texts(letters(["x" * 511, ""]), summed)


def test_pictures_are_seen_some_at_a_time() -> None:
    counts: list[int] = []

    def means(pictures: Tensor) -> Tensor:
        counts.append(len(pictures))
        return pictures.mean((2, 3))

    pictures = torch.stack([torch.full((3, 4, 4), 51 * number, dtype=torch.uint8) for number in range(6)])
    seen = see_pictures(pictures, means, at_once=4)
    assert counts == [4, 2]
    torch.testing.assert_close(seen, torch.linspace(-1, 1, 6)[:, None].expand(6, 3))
