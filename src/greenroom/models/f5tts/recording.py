"""A recording of a voice and its words: cut to length together, and listened to. A server does it, so without torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.captions.align.levels import levels, speech
from greenroom.captions.align.link import CannotAlign, NotWhatIsSaid, Span
from greenroom.captions.align.soundswallower import SoundSwallower
from greenroom.errors import FileUnreadable, InputInvalid, quoted
from greenroom.media.audio import Audio
from greenroom.models.f5tts.reference import Reference, ReferenceTextMismatch, check_text, prepare
from greenroom.models.f5tts.wording import is_chinese, language_of, refuse_silence, words_of
from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.captions.align.link import Aligner
    from greenroom.text.tokens import Token

_NARROW_RATE = 16_000
# Of right words an aligner misses one in a while, in noise more.
_MISSED_SHARE = 0.1
# So much sound without a word is no breath.
_UNSAID_S = 0.8
# Words that a cut recording may hold, beyond its share of the time.
_MORE_WORDS = 1.3
# A cut recording whose words end before this share of it was given the words of a part, or has stopped speaking.
_LEAST_TOLD_SHARE = 0.5
_SHOWN_LETTERS = 40
# Behind the last word of a recording that is cut there: its end, and some silence.
_BEHIND_WORD_S = 0.15


class ReferenceUncut(InputInvalid):
    """A reference is too long, and nobody can tell which of its words are in the part that is used."""

    code = "reference-too-long"


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A voice as it is kept.

    samples: float32, shape (n,), as loud as the model wants it.  rate: the recording's own.  transcript: the words as
    they were given, cut where the sound was.  language: of them.  warnings: what may make the speech worse.
    """

    samples: NDArray[np.float32]
    rate: int
    transcript: str
    language: str
    warnings: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate


def take_recording(
    recording: Audio,
    transcript: str,
    language: str | None = None,
    *,
    check: bool = True,
    step: Step = silent,
    aligner: Aligner | None = None,
) -> Recording:
    """Make ready what was recorded.

    transcript: its words.  check: look and listen whether it says them.  aligner: who listens, SoundSwallower if not
    given.
    Raises ReferenceUnusable, ReferenceUncut, NothingToSay, and what ``step`` raises.
    """
    transcript = " ".join(transcript.split())
    refuse_silence(transcript, "reference_text")
    language = language_of(transcript, language)
    reference = prepare(recording.samples, recording.rate)
    sound = Audio(reference.samples[None], reference.rate)
    warnings = list(reference.notes if not reference.cuts else reference.notes[:-1])
    if recording.rate < _NARROW_RATE:
        warnings.append(
            f"the reference has {recording.rate:,} samples a second, as on a telephone, and the voice will sound so; "
            f"record it at {_NARROW_RATE:,} or more"
        )
    if reference.cuts:
        sound, transcript = _cut_with_its_words(sound, reference, transcript, language, aligner, step)
        warnings.append(
            f"the reference lasts {recording.seconds:.1f} s; {sound.seconds:.1f} s of it are used, up to the words "
            f"{quoted(_ending(transcript))}"
        )
    if check:
        if reference.cuts:
            _refuse_part(sound, reference)
        check_text(transcript, sound.seconds)
        warnings += _listen(sound, words_of(transcript, language), language, aligner, step)
    return Recording(sound.samples[0], sound.rate, transcript, language, tuple(warnings))


def _listen(sound: Audio, tokens: Sequence[Token], language: str, aligner: Aligner | None, step: Step) -> list[str]:
    """Whether the sound says the words. Raises ReferenceTextMismatch."""
    try:
        heard = _heard(sound, tokens, language, aligner, step)
    except NotWhatIsSaid as error:
        raise _other_words(error.message.partition(": ")[2]) from error
    except CannotAlign as error:
        return [f"nobody listened whether the reference says its text: {error.message}"]
    spoken = [(token, span) for token, span in zip(tokens, heard, strict=True) if token.spoken]
    missing = [token.written for token, span in spoken if span is None]
    if len(missing) > max(1.0, _MISSED_SHARE * len(spoken)) or len(missing) == len(spoken):
        named = ", ".join(map(quoted, missing[:5])) + (" and more" if len(missing) > 5 else "")
        raise _other_words(f"{len(missing)} of {len(spoken)} words were not heard: {named}")
    found = [f"{quoted(word)} of the reference's text was not heard in it" for word in missing]
    return found + _unsaid(sound, [span for _, span in spoken if span])


_MATCH = "give its words exactly as spoken; with check_reference off (--no-check-reference) it is taken as it is"


def _other_words(reason: str) -> ReferenceTextMismatch:
    return ReferenceTextMismatch(f"the reference does not say its text: {reason}", mend=_MATCH)


def _unsaid(sound: Audio, spans: Sequence[Span]) -> list[str]:
    """Speech before the first word and behind the last one: the model would take it for part of the text."""
    stretches = speech(levels(sound.mono, sound.rate))
    first, last = spans[0].start, spans[-1].end
    before = sum(max(0.0, min(stretch.end, first) - stretch.start) for stretch in stretches)
    behind = sum(max(0.0, stretch.end - max(stretch.start, last)) for stretch in stretches)
    return [
        f"{seconds:.1f} s of sound {where} the reference are not in its text, and may be heard in the speech"
        for seconds, where in ((before, "at the beginning of"), (behind, "at the end of"))
        if seconds > _UNSAID_S
    ]


def _cut_with_its_words(
    sound: Audio, reference: Reference, transcript: str, language: str, aligner: Aligner | None, step: Step
) -> tuple[Audio, str]:
    """A recording that was cut, and the words that are still in it, up to the end of the last whole one."""
    tokens = words_of(transcript, language)
    share = min(1.0, _MORE_WORDS * sound.seconds / reference.recorded_s)
    likely = tokens[: max(3, round(len(tokens) * share))]
    try:
        heard = _heard(sound, likely, language, aligner, step)
    except NotWhatIsSaid as error:
        raise _other_words(error.message.partition(": ")[2]) from error
    except CannotAlign as error:
        raise ReferenceUncut(
            f"the reference lasts {reference.recorded_s:.1f} s, {sound.seconds:.1f} s of it are used, and nobody can "
            f"tell which of its words they hold ({error.message})",
            mend="give a recording of at most 12 seconds, and its words",
        ) from error
    last, end = [(place, span.end) for place, span in enumerate(heard) if span][-1]
    glue = "" if is_chinese(language) else " "
    kept = sound.samples[:, : round((end + _BEHIND_WORD_S) * sound.rate)]
    return Audio(kept, sound.rate), glue.join(token.written for token in tokens[: last + 1])


def _refuse_part(sound: Audio, reference: Reference) -> None:
    """Refuse a text that ends long before the sound that could be used. Raises ReferenceTextMismatch."""
    usable = len(reference.samples) / reference.rate
    if sound.seconds < _LEAST_TOLD_SHARE * usable:
        raise ReferenceTextMismatch(
            f"the reference lasts {reference.recorded_s:.1f} s, {usable:.1f} s of it could be used, and its text tells "
            f"what is said in {sound.seconds:.1f} s of them",
            mend="give all words of the recording, or cut it to at most 12 seconds and give the words of these",
        )


def _ending(text: str) -> str:
    """The last words of a text, whole ones where it has spaces."""
    end = text[-_SHOWN_LETTERS:]
    return end if len(text) <= _SHOWN_LETTERS or text[-_SHOWN_LETTERS - 1] == " " else end.partition(" ")[2] or end


def _heard(
    sound: Audio, tokens: Sequence[Token], language: str, aligner: Aligner | None, step: Step
) -> list[Span | None]:
    """When each written word is said, None where it was not heard. Raises CannotAlign."""
    words = [(place, word) for place, token in enumerate(tokens) for word in token.words if any(map(str.isalnum, word))]
    found = (aligner or SoundSwallower()).align(sound, [word for _, word in words], language, step)
    heard: list[Span | None] = [None] * len(tokens)
    for (place, _), span in zip(words, found, strict=True):
        before = heard[place]
        if span:
            heard[place] = Span(before.start if before else span.start, span.end)
    return heard


def sha256_of(path: Path) -> str:
    """The hash of a file. Raises FileUnreadable."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise FileUnreadable(f"there is no file {quoted(path)}", mend="check the path") from None
    except IsADirectoryError:
        raise FileUnreadable(f"{quoted(path)} is a folder", mend="name a file of sound") from None
    except OSError as error:
        raise FileUnreadable(
            f"{quoted(path)} cannot be read: {error.strerror or error}", mend="check its rights"
        ) from (error)
