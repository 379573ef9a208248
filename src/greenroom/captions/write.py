"""From words to caption files: the door to this part of greenroom.

>>> transcript = read_words(json.load(file))
>>> captions = make_captions(transcript.words, transcript.options, transcript.audio_end)
>>> captions.files(["srt", "vtt"])
{'srt': '1\\n00:00:00,400 --> ...', 'vtt': 'WEBVTT\\n\\n...'}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.captions.cues import Cue, make_cues
from greenroom.captions.formats import ass, csv, json, srt, vtt
from greenroom.captions.options import CaptionInputs
from greenroom.captions.placing import place_words
from greenroom.captions.words import Word, checked_words
from greenroom.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Captions:
    """Words, the cues made of them, and the options that made them so."""

    words: tuple[Word, ...]
    cues: tuple[Cue, ...]
    options: CaptionInputs

    @property
    def fast(self) -> int:
        """How many cues have more letters than can be read in their time."""
        return sum(cue.fast for cue in self.cues)

    @property
    def long(self) -> int:
        """How many cues hold a word that is too wide or too long for the limits."""
        return sum(cue.long for cue in self.cues)

    def files(self, formats: Iterable[str]) -> dict[str, str]:
        """The text of a file for each format asked for, and nothing else. Raises UnknownName before it makes any."""
        names = check_formats(formats)
        return {name: WRITERS[name](self) for name in names}


WRITERS: Mapping[str, Callable[[Captions], str]] = {
    "srt": srt.write,
    "vtt": vtt.write,
    "ass": ass.write,
    "csv": csv.write,
    "json": json.write,
}

FORMATS = tuple(WRITERS)


def check_formats(formats: Iterable[str]) -> list[str]:
    """The formats asked for, each once. Raises UnknownName, which lists those there are."""
    names = list(dict.fromkeys([formats] if isinstance(formats, str) else formats))
    for name in names:
        if name not in WRITERS:
            raise UnknownName("caption format", name, FORMATS)
    return names


def make_captions(
    words: Iterable[Word],
    options: CaptionInputs | Mapping[str, Any] | None = None,
    audio_end: float | None = None,
) -> Captions:
    """Check the words, place those without times, and cut them into cues.

    audio_end: length of the sound in seconds; no cue goes past it.
    Raises WordsInvalid for words that cannot have been said so, InputInvalid and UnknownName for options.
    """
    chosen = options if isinstance(options, CaptionInputs) else CaptionInputs.check(options or {})
    placed = place_words(checked_words(words, audio_end), audio_end)
    return Captions(tuple(placed), make_cues(placed, chosen, audio_end), chosen)


def caption_files(
    words: Iterable[Word],
    formats: Iterable[str],
    options: CaptionInputs | Mapping[str, Any] | None = None,
    audio_end: float | None = None,
) -> dict[str, str]:
    """Caption files from words: the text of each format asked for, by its name. See ``make_captions`` for errors."""
    names = check_formats(formats)
    return make_captions(words, options, audio_end).files(names)
