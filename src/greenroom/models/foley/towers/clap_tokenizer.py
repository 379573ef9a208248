"""CLAP's tokenizer, RoBERTa's pairs of bytes, from its published file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.towers.clap import BEGIN, END, PADDING
from greenroom.models.foley.towers.clap import PUBLISHED as TOWER
from greenroom.models.foley.towers.encoders import Tokens
from greenroom.models.vocabulary import read_tokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MARKS = {"<s>": BEGIN, "<pad>": PADDING, "</s>": END}


class ClapTokenizer:
    """Of the published ``tokenizer.json``, which says all of it. Safe to share between threads.

    Raises TokenizerInvalid, ExtraMissing.
    """

    def __init__(self, path: Path) -> None:
        self._tokenizer = read_tokenizer(path, "CLAP", marks=_MARKS, count=TOWER["vocab_size"], nothing=(BEGIN, END))

    def __call__(self, texts: Sequence[str], /) -> Tokens:
        """Texts with their marks of begin and end, nothing cut off, padded to the longest."""
        # One by one: the library's own batches start threads that do not live through a fork.
        rows = [self._tokenizer.encode(text).ids for text in texts]
        longest = max(map(len, rows), default=0)
        ids = torch.tensor([[*row, *[PADDING] * (longest - len(row))] for row in rows])
        lengths = torch.tensor([[len(row)] for row in rows])
        return Tokens(ids, torch.arange(longest) < lengths)
