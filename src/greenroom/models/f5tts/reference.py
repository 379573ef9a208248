"""The reference: a recording of the voice to take and its words, made ready for the model, or refused by name."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from greenroom.errors import InputInvalid, quoted
from greenroom.models.f5tts.clipping import FULL_SCALE, LONGEST_MS, QUIETEST_DB, TAIL_MS, Pcm, clip_reference

if TYPE_CHECKING:
    from numpy.typing import NDArray

TARGET_RMS = 0.1
"""The published level: a quieter reference is raised to it."""

SHORTEST_S = 1.0
"""The least speech of a reference. A second is three or four syllables: under it, pace and timbre are a guess, and one
swallowed word of the transcript already changes the pace by a third."""

_CLIPPED_RUN = 3
"""Samples at full scale in a row that mean clipping; one or two are the peak of a sound that was made just loud."""

_CLIPPED_WARN = 0.0005
_CLIPPED_REFUSE = 0.01
"""Share of samples in such runs. At one in two thousand it can be heard in quiet surroundings; at one in a hundred
vowels are squares, and the model takes that for the voice."""

_LETTERS_A_SECOND = (2.0, 32.0)
"""People speak 8 to 20 letters a second. Beyond the double of that either way, the words are not these."""

_HAN_LETTERS = 3.0
_DIGIT_LETTERS = 4.0
"""A Chinese or Japanese character takes as long as three letters, a digit ("seven") as four."""


class ReferenceUnusable(InputInvalid):
    """The reference recording cannot give a voice. Base of the kinds below."""

    code = "reference-unusable"


class ReferenceNotFinite(ReferenceUnusable):
    """The reference holds samples that are no numbers."""

    code = "reference-not-finite"


class ReferenceSilent(ReferenceUnusable):
    """Nothing can be heard in the reference."""

    code = "reference-silent"


class ReferenceTooShort(ReferenceUnusable):
    """There is too little speech in the reference."""

    code = "reference-too-short"


class ReferenceClipped(ReferenceUnusable):
    """The reference was recorded too loud: its peaks are cut off."""

    code = "reference-clipped"


class ReferenceTextEmpty(ReferenceUnusable):
    """The reference's words are missing."""

    code = "reference-text-empty"


class ReferenceTextMismatch(ReferenceUnusable):
    """The reference's words cannot be what is said in it: they are far too many or too few."""

    code = "reference-text-mismatch"


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A recording ready for the model.

    samples: float32, shape (n,), one channel at the recording's ``rate``, at the target level or louder.  rms: the
    level before it was raised.  recorded_s: length before it was cut.  cuts: see ``Clip``.  notes: what was done and
    what a user should know, a sentence each.
    """

    samples: NDArray[np.float32]
    rate: int
    rms: float
    recorded_s: float
    cuts: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate


def prepare(samples: NDArray[np.float32], rate: int, *, target_rms: float = TARGET_RMS) -> Reference:
    """Cut a recording to about 12 s, trim it, make it one channel and loud enough.

    samples: shape (channels, n), nominally within -1..1.
    Raises ReferenceNotFinite, ReferenceSilent, ReferenceTooShort, ReferenceClipped.
    """
    if not np.isfinite(samples).all():
        raise ReferenceNotFinite(
            f"{int((~np.isfinite(samples)).sum())} samples of the reference are no numbers (NaN or infinite)",
            mend="write the recording anew, as WAV of 16 bits",
        )
    recorded = Pcm(_whole_numbers(samples), rate)
    _check_length(recorded.frames / rate, "the reference lasts")
    notes = _check_clipped(recorded)
    clip = clip_reference(recorded)
    if clip.sound.milliseconds <= TAIL_MS:  # all was trimmed away, and the silence put behind it is left
        raise _silent(to_float(recorded))
    mono, rms = raised(to_float(clip.sound), target_rms)
    reference = Reference(mono, clip.sound.rate, rms, recorded.frames / rate, clip.cuts)
    _check_length(reference.seconds, "without the silence around it, the reference lasts")
    return replace(reference, notes=(*notes, *_cut_note(reference)))


def _whole_numbers(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    whole = np.clip(np.rint(samples.astype(np.float64) * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    return np.ascontiguousarray(whole.astype(np.int16).T)


def to_float(sound: Pcm) -> NDArray[np.float32]:
    """Sound of 16 bits as float32, shape (channels, n), within -1..1."""
    return (sound.samples.astype(np.float32) / np.float32(FULL_SCALE)).T


def raised(samples: NDArray[np.float32], target_rms: float = TARGET_RMS) -> tuple[NDArray[np.float32], float]:
    """The mean of the channels, shape (n,), at least as loud as ``target_rms``, and how loud it was.

    samples: shape (channels, n).  Silence stays silence. The level is that of the recording's own rate: taken before
    resampling, as published.
    """
    mono = samples.mean(axis=0, dtype=np.float32)
    rms = math.sqrt(float(np.square(mono, dtype=np.float64).mean())) if len(mono) else 0.0
    return (mono * np.float32(target_rms / rms), rms) if 0 < rms < target_rms else (mono, rms)


def _check_length(seconds: float, what: str) -> None:
    if seconds < SHORTEST_S:
        raise ReferenceTooShort(
            f"{what} {seconds:.2f} s; at least {SHORTEST_S:g} s of speech are needed",
            mend="give 3 to 12 seconds of one person speaking",
        )


def _silent(samples: NDArray[np.float32]) -> ReferenceSilent:
    _, level = raised(samples)
    shown = f"{20 * math.log10(level):.0f} dBFS" if level else "digital silence"
    return ReferenceSilent(
        f"nothing can be heard in the reference: its level is {shown}, and under {QUIETEST_DB} dBFS all is silence",
        mend="give a recording in which one person speaks; check that the right track was saved, and loud enough",
    )


def _check_clipped(sound: Pcm) -> tuple[str, ...]:
    share = clipped_share(sound.samples)
    if share > _CLIPPED_REFUSE:
        raise ReferenceClipped(
            f"{share:.1%} of the reference's samples are cut off at full scale: it was recorded too loud",
            mend="record again at a lower level; making the file quieter does not bring the peaks back",
        )
    if share > _CLIPPED_WARN:
        return (f"{share:.2%} of the reference's samples are cut off at full scale; the voice may sound harsh",)
    return ()


def clipped_share(samples: NDArray[np.int16]) -> float:
    """Share of samples, shape (n, channels), that stand at full scale three or more in a row."""
    full = (samples >= FULL_SCALE - 1) | (samples <= -FULL_SCALE + 1)
    if len(full) < _CLIPPED_RUN or not full.any():
        return 0.0
    run = full[2:] & full[1:-1] & full[:-2]  # a run begins here
    within = np.zeros_like(full)
    for shift in range(_CLIPPED_RUN):
        within[shift : shift + len(run)] |= run
    return float(within.mean())


_CUT_WHERE = {1: "at a pause", 2: "at a short pause", 3: "in the middle of speech, as there is no pause"}


def _cut_note(reference: Reference) -> tuple[str, ...]:
    if not reference.cuts:
        return ()
    return (
        f"the reference lasts {reference.recorded_s:.1f} s; {reference.seconds:.1f} s of it are used "
        f"(the limit is {LONGEST_MS // 1000} s), cut {_CUT_WHERE[reference.cuts[-1]]}: "
        "its text is that of the part used",
    )


def ended(reference_text: str) -> str:
    """The reference's text with the ending that the published tool gives it.

    >>> [ended(text) for text in ("Yes", "Yes.", "Yes!", "好。")]
    ['Yes. ', 'Yes. ', 'Yes!. ', '好。']
    """
    if reference_text.endswith((". ", "。")):
        return reference_text
    return reference_text + (" " if reference_text.endswith(".") else ". ")


def check_text(reference_text: str, seconds: float) -> None:
    """Refuse words that cannot be said, or dragged out, in that time: they are not those of the recording.

    Raises ReferenceTextEmpty, ReferenceTextMismatch.
    """
    letters = sum(map(_letters, reference_text))
    if not letters:
        raise ReferenceTextEmpty(
            f"the reference's text {quoted(reference_text)} has no words",
            mend="give the words of the recording, exactly as they are spoken",
        )
    fewest, most = (rate * seconds for rate in _LETTERS_A_SECOND)
    if not fewest - _LETTERS_A_SECOND[0] <= letters <= most:  # a second of it may be silence
        much = "much" if letters > most else "little"
        raise ReferenceTextMismatch(
            f"the reference lasts {seconds:.1f} s and its text has {letters:.0f} letters: "
            f"{letters / seconds:.1f} a second is too {much} for speech",
            mend="give exactly the words that are spoken in the part of the recording that is used",
        )


def _letters(char: str) -> float:
    """How many Latin letters take as long to say."""
    if not char.isalnum():
        return 0.0
    if char.isdecimal():
        return _DIGIT_LETTERS
    return _HAN_LETTERS if "\u3040" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7a3" else 1.0
