"""Tokenizers of published models from their ``tokenizer.json``, which says all of them; another model's is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.errors import ExtraMissing, FileUnreadable, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class TokenizerInvalid(FileUnreadable):
    """A tokenizer's file is none, or not that of the texts that the model was trained with."""

    code = "tokenizer-invalid"

    def __init__(self, message: str, owner: str) -> None:
        super().__init__(message, mend=f"use the tokenizer.json that was published with {owner}, unedited")


def read_tokenizer(path: Path, owner: str, *, marks: Mapping[str, int], count: int, nothing: Sequence[int]) -> Any:
    """The library's tokenizer, which neither cuts nor pads; safe to share between threads.

    owner: the network that reads its tokens, as messages call it.  marks: numbers that tokens of these names have.
    count: of vectors that the network has.  nothing: the tokens of an empty text.  Raises TokenizerInvalid,
    ExtraMissing.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ExtraMissing("tokenizers, which reads prompts,", "models") from error
    shown = quoted(path.name)
    try:
        read = Tokenizer.from_buffer(path.read_bytes())
    except OSError as error:
        raise TokenizerInvalid(f"{shown} cannot be read: {error.strerror}", owner) from error
    except Exception as error:  # whatever is wrong with the file, the library raises nothing more particular
        raise TokenizerInvalid(f"{shown} is no tokenizer", owner) from error
    for mark, number in marks.items():
        if (found := read.token_to_id(mark)) != number:
            raise TokenizerInvalid(f"{shown} has {quoted(mark)} as {found}, not {number}", owner)
    if (last := max(read.get_vocab().values())) >= count:
        raise TokenizerInvalid(f"{shown} has a token {last:,}; {owner}'s last is {count - 1:,}", owner)
    # A file may hold how long texts are to be made, or cut: the family's own rule says that.
    read.no_truncation()
    read.no_padding()
    if (made := read.encode("").ids) != list(nothing):
        raise TokenizerInvalid(f"{shown} makes {made} of an empty text, not {list(nothing)}, its marks", owner)
    return read
