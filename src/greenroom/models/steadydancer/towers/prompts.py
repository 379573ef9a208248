"""Prompts as the text encoder was trained to have them, and as its tokens.

A text is cleaned, then cut into tokens of the published vocabulary; what is beyond as many as the denoiser has room for
is left out, and said.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from greenroom.errors import ExtraMissing
from greenroom.models.vocabulary import read_tokenizer
from greenroom.models.wording import cut_off

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 512
"""Tokens that the denoiser takes of a text, the mark of its end among them."""

PADDING, END = 0, 1
"""Tokens that are no text."""

VOCABULARY = 256_384
"""Tokens that the encoder has a vector of."""

_MARKS = {"<pad>": PADDING, "</s>": END}


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as numbers of the vocabulary, with the mark of its end. note: what was cut off, in words; else empty."""

    ids: tuple[int, ...]
    note: str = ""


class Tokenizer(Protocol):
    """What makes tokens of a text."""

    def __call__(self, text: str, /, what: str = "prompt") -> Tokens:
        """The tokens of a text, no more than ``LONGEST``. what: its name, for the note."""


def cleaned(text: str) -> str:
    """A text without what happens to texts on their way: broken letters, marks of web pages, space to no purpose.

    Raises ExtraMissing.
    """
    try:
        from ftfy import fix_text
    except ImportError as error:
        raise ExtraMissing("ftfy, which mends prompts,", "animate") from error
    # Twice, since some texts were escaped twice.
    return " ".join(html.unescape(html.unescape(fix_text(text))).split())


class Umt5Tokenizer:
    """Of the published ``tokenizer.json``, which says all of it. Safe to share between threads.

    Raises TokenizerInvalid, ExtraMissing.
    """

    def __init__(self, path: Path) -> None:
        self._tokenizer = read_tokenizer(path, "UMT5", marks=_MARKS, count=VOCABULARY, nothing=(END,))

    def __call__(self, text: str, /, what: str = "prompt") -> Tokens:
        """See ``Tokenizer``. The text is cleaned first."""
        text = cleaned(text)
        made = self._tokenizer.encode(text)
        if len(made.ids) <= LONGEST:
            return Tokens(tuple(made.ids))
        room = LONGEST - 1  # the mark of the end stays
        heard = text[: made.offsets[room - 1][1]]
        return Tokens((*made.ids[:room], END), cut_off(text, heard, what, "read"))
