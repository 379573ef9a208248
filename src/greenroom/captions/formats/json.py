"""JSON (.json): the words with their times, and the cues with what is to be known about them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenroom.captions.cues import Cue
    from greenroom.captions.words import Word
    from greenroom.captions.write import Captions

# A call of the encoder for each word would take longer than cutting the words into cues does; so only texts go
# through it, and what stands around them is written here.
_text = json.JSONEncoder(ensure_ascii=False).encode


def write(captions: Captions) -> str:
    """The captions as the text of a .json file: one word or cue a line, times in seconds.

    ``{"words": [{"w", "s", "e", "estimated"?, "who"?}],
    "cues": [{"start", "end", "text", "fast"?, "long"?, "who"?}]}``; flags are there only when they are true.
    """
    words, cues = map(_word, captions.words), map(_cue, captions.cues)
    return f'{{"words": [{_lines(words)}],\n"cues": [{_lines(cues)}]}}\n'


def _lines(items: Iterable[str]) -> str:
    lines = ",\n".join(items)
    return f"\n{lines}\n" if lines else ""


def _word(word: Word) -> str:
    begin, end = _seconds(word.start), _seconds(word.end)
    estimated = ', "estimated": true' if word.estimated else ""
    return f'{{"w": {_text(word.text)}, "s": {begin}, "e": {end}{estimated}{_who(word.who)}}}'


def _cue(cue: Cue) -> str:
    begin, end = _seconds(cue.start / 1000), _seconds(cue.end / 1000)
    flags = (', "fast": true' if cue.fast else "") + (', "long": true' if cue.long else "")
    return f'{{"start": {begin}, "end": {end}, "text": {_text(cue.text)}{flags}{_who(cue.who)}}}'


def _who(voice: str | None) -> str:
    return "" if voice is None else f', "who": {_text(voice)}'


def _seconds(time: float | None) -> str:
    return "null" if time is None else f"{time:.3f}"
