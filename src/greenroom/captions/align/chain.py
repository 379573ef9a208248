"""Which aligner times a text: the first of the chain that can, and why the ones before it could not.

1. the synthesiser's own durations, exact to the frame, where the sound was made here
2. SoundSwallower, offline, English and French
3. WhisperX, in an environment of its own
4. Google Speech, over the network, only with credentials
5. an estimate from letters and silences, every word marked ``estimated``

A link that is missing, refuses or gives nonsense is passed over with a reason; the request never fails for it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from greenroom.captions.align.estimate import estimate
from greenroom.captions.align.google import GoogleSpeech
from greenroom.captions.align.link import CannotAlign, Span
from greenroom.captions.align.soundswallower import SoundSwallower
from greenroom.captions.align.whisperx import WhisperX
from greenroom.captions.words import Word
from greenroom.errors import Cancelled, quoted
from greenroom.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from greenroom.captions.align.link import Aligner
    from greenroom.media.audio import Audio
    from greenroom.progress import Step

OWN = "synthesiser"
ESTIMATE = "estimate"
NOTHING = "nothing"
"""The source where no word of the text is spoken."""

# Where written words part into spoken ones: "well-known", "and/or", "word—word".
_JOINTS = re.compile(r"[\s\-‐‑–—/…]+")
# What is said although it is no letter stays: "$3.50", "50%", "R&D", "C#".
_EDGES = re.compile(r"^[^\w$€£¥&#@+]+|[^\w%&#+°€]+$")

# Times may go backwards by this much between neighbours: sounds of words overlap.
_BACKWARDS_S = 0.05
_BEYOND_S = 0.1
# So many words in so short a time are crammed, not spoken: the fastest readers say seven words a second.
_CRAMMED_WORDS = 12
_CRAMMED_S = 0.8


@dataclass(frozen=True, slots=True)
class Written:
    """A word as it is written and what is said for it: ``$3.50`` and ("three", "dollars", "and", "fifty", "cents").

    spoken: empty for what nobody says, such as a dash.
    """

    written: str
    spoken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A link that did not give the times. mend: what to do so that it can; empty if there is nothing to do."""

    name: str
    reason: str
    mend: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """When the words of a text are said.

    words: the written ones; those without speech and those that were not heard have no times.
    source: the link that gave the times.  passed_over: the links before it.
    """

    words: tuple[Word, ...]
    source: str
    passed_over: tuple[PassedOver, ...] = ()


def default_aligners(
    *, whisperx_python: Path | None = None, google_credentials: Path | None = None
) -> tuple[Aligner, ...]:
    """The links between the synthesiser's durations and the estimate, best first."""
    return SoundSwallower(), WhisperX(whisperx_python), GoogleSpeech(google_credentials)


def as_written(text: str) -> tuple[Written, ...]:
    """The words of a plain text, said as they are written."""
    return tuple(Written(word, tuple(_spoken(word))) for word in text.split())


def align(
    audio: Audio,
    text: Sequence[Written],
    *,
    own: Sequence[Span | None] | None = None,
    language: str = "en-us",
    aligners: Sequence[Aligner] | None = None,
    step: Step = silent,
) -> Alignment:
    """Time every written word by the first link that can.

    own: the synthesiser's times, one for each spoken word of ``text``.  language: a tag such as ``en-us``.
    aligners: the links to ask after it, ``default_aligners()`` if not given.
    Raises only what ``step`` raises.
    """
    spoken = [word for pair in text for word in pair.spoken]
    said = [place for place, word in enumerate(spoken) if _is_said(word)]
    if not said:
        return Alignment(_fold(text, {}), NOTHING)
    words = [spoken[place] for place in said]
    passed_over: list[PassedOver] = []
    for link in (_Own(own, said, len(spoken)), *(default_aligners() if aligners is None else aligners)):
        found = _ask(link, audio, words, language, step)
        if not isinstance(found, PassedOver):
            return Alignment(_fold(text, dict(zip(said, found, strict=True))), link.name, tuple(passed_over))
        passed_over.append(found)
    guessed = dict(zip(said, estimate(audio, words), strict=True))
    return Alignment(_fold(text, guessed, estimated=True), ESTIMATE, tuple(passed_over))


@dataclass(frozen=True, slots=True)
class _Own:
    """The synthesiser's durations as a link. said: which of its ``count`` words have something to say."""

    spans: Sequence[Span | None] | None
    said: Sequence[int]
    count: int
    name: str = OWN

    def align(self, audio: Audio, words: Sequence[str], language: str, step: Step) -> Sequence[Span | None]:
        if self.spans is None:
            raise CannotAlign("the sound came without its synthesiser's durations")
        if len(self.spans) != self.count:
            raise CannotAlign(f"the synthesiser gave times for {len(self.spans)} words, and {self.count} are spoken")
        return [self.spans[place] for place in self.said]


def _ask(
    link: Aligner, audio: Audio, words: Sequence[str], language: str, step: Step
) -> Sequence[Span | None] | PassedOver:
    """What a link says, if it makes sense, or why the link is passed over."""
    try:
        spans = link.align(audio, words, language, step)
    except Cancelled:
        raise
    except CannotAlign as error:
        return PassedOver(link.name, error.message, error.mend)
    except Exception as error:  # another package's bug must not cost the user the captions
        return PassedOver(link.name, f"it failed: {type(error).__name__}: {error}", "please report this to greenroom")
    problem = next(_problems(spans, words, audio.seconds), None)
    if problem is not None:
        return PassedOver(link.name, problem, "check that the text is what is said in the sound")
    return [span and _within(span, audio.seconds) for span in spans]


def _within(span: Span, seconds: float) -> Span:
    """A span that lies in the sound, where a link put it a little before or behind."""
    return Span(*(min(max(0.0, moment), seconds) for moment in (span.start, span.end)))


def _problems(spans: Sequence[Span | None], words: Sequence[str], seconds: float) -> Iterator[str]:
    """What no speech can be like, in words; nothing if the times are sane."""
    if len(spans) != len(words):
        yield f"it gave {len(spans)} times for {len(words)} words"
        return
    placed = [(span, word) for span, word in zip(spans, words, strict=True) if span]
    if not placed:
        yield "it placed no word"
    for span, word in placed:
        times = f"{quoted(word)} at {span.start:.2f} to {span.end:.2f} s"
        if not (math.isfinite(span.start) and math.isfinite(span.end) and span.start <= span.end):
            yield f"it put {times}"
        elif span.start < -_BEYOND_S or span.end > seconds + _BEYOND_S:
            yield f"it put {times}, outside the sound of {seconds:.2f} s"
    for (before, _), (after, word) in pairwise(placed):
        if after.start < before.start - _BACKWARDS_S:
            yield f"it put {quoted(word)} at {after.start:.2f} s, before the word in front of it"
    for (first, word), (last, _) in zip(placed, placed[_CRAMMED_WORDS - 1 :], strict=False):
        if last.end - first.start < _CRAMMED_S:
            yield f"it crammed {_CRAMMED_WORDS} words into {last.end - first.start:.2f} s from {quoted(word)} on"


def _fold(text: Sequence[Written], spans: Mapping[int, Span | None], *, estimated: bool = False) -> tuple[Word, ...]:
    """Written words with the first begin and the last end of what is said for them.

    spans: by the place of a spoken word among all of them.
    """
    words: list[Word] = []
    place = 0
    for pair in text:
        found = [span for at in range(place, place + len(pair.spoken)) if (span := spans.get(at))]
        place += len(pair.spoken)
        if found:
            words.append(Word(pair.written, found[0].start, max(span.end for span in found), estimated=estimated))
        else:
            words.append(Word(pair.written))
    return tuple(words)


def _spoken(word: str) -> Iterator[str]:
    for part in _JOINTS.split(word):
        said = _EDGES.sub("", part)
        if _is_said(said):
            yield said


def _is_said(word: str) -> bool:
    return any(letter.isalnum() for letter in word)
