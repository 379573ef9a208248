"""CLAP's tokenizer, RoBERTa's pairs of bytes, from its published file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.errors import ExtraMissing, FileUnreadable, quoted
from greenroom.models.foley.towers.clap import BEGIN, END, PADDING
from greenroom.models.foley.towers.clap import PUBLISHED as TOWER
from greenroom.models.foley.towers.encoders import Tokens

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MARKS = {"<s>": BEGIN, "<pad>": PADDING, "</s>": END}


class TokenizerInvalid(FileUnreadable):
    """A tokenizer's file is none, or not that of the texts that the model was trained with."""

    code = "tokenizer-invalid"

    def __init__(self, message: str) -> None:
        super().__init__(message, mend="use the tokenizer.json that was published with CLAP, unedited")


class ClapTokenizer:
    """Of the published ``tokenizer.json``, which says all of it. Safe to share between threads.

    Raises TokenizerInvalid, ExtraMissing.
    """

    def __init__(self, path: Path) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ExtraMissing("tokenizers, which reads prompts,", "models") from error
        shown = quoted(path.name)
        try:
            read = Tokenizer.from_buffer(path.read_bytes())
        except OSError as error:
            raise TokenizerInvalid(f"{shown} cannot be read: {error.strerror}") from error
        except Exception as error:  # whatever is wrong with the file, the library raises nothing more particular
            raise TokenizerInvalid(f"{shown} is no tokenizer") from error
        for mark, number in _MARKS.items():
            if (found := read.token_to_id(mark)) != number:
                raise TokenizerInvalid(f"{shown} has {quoted(mark)} as {found}, not {number}")
        if (last := max(read.get_vocab().values())) >= TOWER["vocab_size"]:
            raise TokenizerInvalid(f"{shown} has a token {last:,}; CLAP's last is {TOWER['vocab_size'] - 1:,}")
        # A file may hold how long texts are to be made, or cut: the family's own rule is neither.
        read.no_truncation()
        read.no_padding()
        if (nothing := read.encode("").ids) != [BEGIN, END]:
            raise TokenizerInvalid(f"{shown} makes {nothing} of an empty text, not its begin and end")
        self._tokenizer = read

    def __call__(self, texts: Sequence[str], /) -> Tokens:
        """Texts with their marks of begin and end, nothing cut off, padded to the longest."""
        # One by one: the library's own batches start threads that do not live through a fork.
        rows = [self._tokenizer.encode(text).ids for text in texts]
        longest = max(map(len, rows), default=0)
        ids = torch.tensor([[*row, *[PADDING] * (longest - len(row))] for row in rows])
        lengths = torch.tensor([[len(row)] for row in rows])
        return Tokens(ids, torch.arange(longest) < lengths)
