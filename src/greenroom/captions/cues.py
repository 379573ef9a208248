"""Words become cues: what is on the screen, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.captions.breaks import break_costs
from greenroom.captions.clock import hundredths, milliseconds
from greenroom.captions.layout import choose_lines
from greenroom.captions.phrases import group_words
from greenroom.captions.spans import choose_spans
from greenroom.captions.timing import show_times
from greenroom.captions.track import Track

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.captions.options import CaptionInputs
    from greenroom.captions.phrases import Span
    from greenroom.captions.words import Word


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cue: its text, the words it is made of, and when each begins, in milliseconds."""

    text: str
    words: tuple[str, ...]
    begins: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown from ``start`` to ``end``, in whole milliseconds from the beginning of the sound.

    who: the voice that speaks.  fast: there is less time than its letters need at ``max_cps``.
    long: one of its words is wider than a line or longer than ``max_s``, so that the cue is, too.
    """

    start: int
    end: int
    lines: tuple[Line, ...]
    who: str | None = None
    fast: bool = False
    long: bool = False

    @property
    def text(self) -> str:
        """The lines, with line ends between them."""
        return "\n".join([line.text for line in self.lines])


def make_cues(words: Sequence[Word], options: CaptionInputs, audio_end: float | None = None) -> tuple[Cue, ...]:
    """Cut words into cues and lines, and give the cues their times.

    words: cleaned (``checked_words``) and placed (``place_words``).  audio_end: seconds, None when nobody knows.
    A change of voice, a pause of ``break_pause_s`` and the end always end a cue. Time and memory grow with the number
    of words. Raises WordsInvalid when the sound is too short to show the cues one after another.
    """
    if not words:
        return ()
    track = Track.of(words, options, audio_end)
    costs, sentences = break_costs(track, options)
    phrases = group_words(track, costs, options)
    spans = choose_spans(track, phrases, costs, sentences, options)
    shown = show_times(track, [(phrases[first][0], phrases[last][1]) for first, last in spans], options)
    return tuple(
        _cue(track, choose_lines(track, phrases[first : last + 1], costs, options), times, options)
        for (first, last), times in zip(spans, shown, strict=True)
    )


def _cue(track: Track, lines: list[Span], times: tuple[int, int], options: CaptionInputs) -> Cue:
    start, end = times
    first, last = lines[0][0], lines[-1][1]
    # The least time that any format shows it for.
    seen = min(end - start, 10 * (hundredths(end) - hundredths(start)))
    too_wide = any(track.width(*line) > options.max_chars for line in lines)
    return Cue(
        start=start,
        end=end,
        lines=tuple(_line(track, line, options.join) for line in lines),
        who=track.voices[first],
        fast=1000 * track.width(first, last) > options.max_cps * seen,
        long=too_wide or end - start > milliseconds(options.max_s),
    )


def _line(track: Track, line: Span, join: str) -> Line:
    first, last = line
    words = track.texts[first : last + 1]
    return Line(join.join(words), tuple(words), tuple(track.begins[first : last + 1]))
