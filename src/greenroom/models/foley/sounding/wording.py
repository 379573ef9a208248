"""Texts cut to what is heard of them, and what was cut in words: nobody should wonder why the end of it is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from greenroom.models.foley.architecture import TEXT_TOKENS
from greenroom.models.foley.towers.encoders import LONGEST_TEXT
from greenroom.models.wording import cut_off

if TYPE_CHECKING:
    from greenroom.models.foley.towers.encoders import Tokenizer


class Wording(NamedTuple):
    """text: as much as its encoder has positions for.  note: what of it is not heard, empty where all is."""

    text: str
    note: str = ""


def worded(text: str, tokenizer: Tokenizer, what: str) -> Wording:
    """A text as it can be encoded. what: the name of it, for the note.

    Of what is encoded only the first tokens are heard; they have seen the rest, so that it is not cut here already.
    """
    text = text.strip()
    if _fits(text, tokenizer, TEXT_TOKENS):
        return Wording(text)
    encoded = _longest(text, tokenizer, LONGEST_TEXT)
    # The mark of a text's end is what is cut first, and it is no word.
    heard = _longest(text, tokenizer, TEXT_TOKENS + 1)
    if heard == text:
        return Wording(text)
    note = cut_off(text, heard, what, "heard")
    return Wording(encoded, note)


def _fits(text: str, tokenizer: Tokenizer, most: int) -> bool:
    return tokenizer([text]).ids.shape[1] <= most


def _longest(text: str, tokenizer: Tokenizer, most: int) -> str:
    """As much of a text's beginning as fits, in whole words where it has several."""
    if _fits(text, tokenizer, most):
        return text
    low, high = 0, len(text)  # so much fits, and so much does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _fits(text[:middle], tokenizer, most) else (low, middle)
    kept = text[:low]
    if not text[low].isspace():
        words = kept.rstrip().rsplit(maxsplit=1)
        kept = kept[: kept.rindex(words[1])] if len(words) == 2 else kept
    return kept.rstrip()
