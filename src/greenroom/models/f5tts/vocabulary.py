"""Which tokens the model knows, and the number of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

SPACE = " "

UNKNOWN = 0
"""The number of the space; a token that the vocabulary lacks is read as a space."""

PADDING = -1
"""What fills the shorter rows of a batch."""


class VocabularyInvalid(FileUnreadable):
    """A vocabulary file is not one: empty, not text, without the space first, or with a token twice."""

    code = "vocabulary-invalid"

    def __init__(self, message: str) -> None:
        super().__init__(message, mend="use the vocab.txt that was published with the checkpoint, unedited")


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Numbers by token. The space is 0; a published vocabulary numbers its tokens 0, 1, 2 ... by line."""

    numbers: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.numbers)

    def __contains__(self, token: object) -> bool:
        return token in self.numbers

    @classmethod
    def read(cls, file: Path) -> Vocabulary:
        """Read a token a line, LF or CRLF; only the line end is taken away. Raises VocabularyInvalid."""
        try:
            with file.open(encoding="utf-8") as lines:  # universal newlines
                tokens = [line.removesuffix("\n") for line in lines]
        except OSError as error:
            raise VocabularyInvalid(f"{quoted(file.name)} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise VocabularyInvalid(f"{quoted(file.name)} is not UTF-8 text") from error
        return cls.of_tokens(tokens, quoted(file.name))

    @classmethod
    def of_tokens(cls, tokens: Sequence[str], name: str = "the vocabulary") -> Vocabulary:
        """Number tokens by their places. Raises VocabularyInvalid."""
        if not tokens:
            raise VocabularyInvalid(f"{name} holds no token")
        if tokens[0] != SPACE:
            raise VocabularyInvalid(f"the first line of {name} is {quoted(tokens[0])}, not one space")
        numbers: dict[str, int] = {}
        for number, token in enumerate(tokens):
            if token in numbers:
                raise VocabularyInvalid(f"{name} has {quoted(token)} on line {numbers[token] + 1} and on {number + 1}")
            numbers[token] = number
        return cls(numbers)

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[str, int]]) -> Vocabulary:
        """Gather what the tokens of some texts and their numbers tell: a vocabulary that knows these texts.

        A number of 0 says that the token is the space or unknown. Raises VocabularyInvalid where pairs contradict each
        other.
        """
        numbers: dict[str, int] = {SPACE: UNKNOWN}
        tokens: dict[int, str] = {}
        for token, number in pairs:
            if numbers.setdefault(token, number) != number:
                raise VocabularyInvalid(f"{quoted(token)} has two numbers, {numbers[token]} and {number}")
            if number != UNKNOWN and tokens.setdefault(number, token) != token:
                raise VocabularyInvalid(f"{number} is two tokens, {quoted(tokens[number])} and {quoted(token)}")
        return cls({token: number for token, number in numbers.items() if number != UNKNOWN or token == SPACE})

    def ids(self, tokens: Iterable[str]) -> list[int]:
        """The number of each token, ``UNKNOWN`` where there is none."""
        return [self.numbers.get(token, UNKNOWN) for token in tokens]

    def unknown(self, tokens: Iterable[str]) -> list[str]:
        """The tokens that would be read as spaces, each once, in order."""
        return list(dict.fromkeys(token for token in tokens if token not in self.numbers))


def padded(rows: Sequence[Sequence[int]]) -> list[list[int]]:
    """Rows of numbers at the length of the longest, ``PADDING`` behind."""
    longest = max(map(len, rows), default=0)
    return [[*row, *[PADDING] * (longest - len(row))] for row in rows]
