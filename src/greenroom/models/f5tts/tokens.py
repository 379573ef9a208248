"""Text becomes tokens: letters as they are, Chinese as pinyin syllables with the tone behind.

What the tokens are decides what the model says, so all is done as for the published checkpoints: the same segmenter
(jieba), the same reader (pypinyin, with tone sandhi), and sandhi and readings decided within a segment.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol

from greenroom.errors import ExtraMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPELT = str.maketrans({";": ",", "“": '"', "”": '"', "‘": "'", "’": "'"})

_NO_SPACE_BEHIND = frozenset(" :'\"")
"""After these, Latin letters follow without a space of ours."""


class Reader(Protocol):
    """Reads Chinese: segments of a text, and a syllable for each character of a segment."""

    def segments(self, text: str) -> list[str]:
        """The text in words, in order, nothing left out."""

    def syllables(self, segment: str) -> list[str]:
        """One reading a character; a character that has none is its own."""


class _PublishedReader:
    """jieba and pypinyin as the published checkpoints were trained with. Safe to share between threads."""

    def __init__(self) -> None:
        try:
            import rjieba
            from pypinyin import Style, lazy_pinyin
        except ImportError as error:
            raise ExtraMissing("the reader of Chinese (rjieba, pypinyin)", "models") from error
        self._cut = rjieba.cut
        self._style = Style.TONE3
        self._pinyin = lazy_pinyin
        # Words come again: a text has its own few. Measured: 22 µs a word the first time.
        self._read = lru_cache(maxsize=1 << 14)(self._read_anew)

    def segments(self, text: str) -> list[str]:
        return list(self._cut(text))

    def syllables(self, segment: str) -> list[str]:
        return list(self._read(segment))

    def _read_anew(self, segment: str) -> tuple[str, ...]:
        # A run without readings would come back as one string; list() gives it a character each, which pypinyin allows
        # and its types do not say.
        return tuple(
            self._pinyin(segment, style=self._style, tone_sandhi=True, errors=list)  # type: ignore[arg-type]
        )


@cache
def published_reader() -> Reader:
    """The reader of the published checkpoints; the first call loads its dictionaries. Raises ExtraMissing."""
    return _PublishedReader()


def tokens(text: str) -> list[str]:
    """The tokens of a text, as the published checkpoints take them. Raises ExtraMissing.

    Latin and other letters are a token each, upper and lower case apart. A Han character is a space and its syllable.
    A space stands between Chinese and the Latin word behind it. Numbers and symbols are not read out.

    >>> tokens("AI很好")
    ['A', 'I', ' ', 'hen3', ' ', 'hao3']
    """
    text = text.translate(_SPELT)
    if not text:
        return []
    reader = published_reader()
    found: list[str] = []
    for segment in reader.segments(text):
        size = len(segment.encode())
        if size == len(segment):  # plain ASCII
            if found and size > 1 and found[-1] not in _NO_SPACE_BEHIND:
                found.append(" ")
            found += segment
        elif size == 3 * len(segment):  # Chinese and its neighbours, no letter of another script between
            found += _spaced(segment, reader.syllables(segment))
        else:
            for char in segment:
                found += _spaced(char, reader.syllables(char)) if _is_han(char) else (char,)
    return found


def _spaced(segment: str, syllables: list[str]) -> Iterator[str]:
    """The syllables of a segment, a space before each Han character's."""
    for char, syllable in zip(segment, syllables, strict=True):
        if _is_han(char):
            yield " "
        yield syllable


def _is_han(char: str) -> bool:
    """Whether a character is of the block that the original takes as Chinese; it begins with Bopomofo."""
    return "\u3100" <= char <= "\u9fff"
