"""A recording with other words: what two texts share stays as it was recorded, the rest is spoken anew.

The aligners say when each word of the recording is said; the difference of the texts says which stretches change.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from greenroom.captions.align.chain import ESTIMATE, Written, align
from greenroom.errors import InputInvalid
from greenroom.media.audio import Audio, read_audio
from greenroom.models.f5tts.chunks import says
from greenroom.models.f5tts.durations import HOP, LONGEST_S, RATE, seconds_of, size
from greenroom.models.f5tts.edit import Edit, plan_edit
from greenroom.models.f5tts.mel import resample
from greenroom.models.f5tts.planning import Plan, Utterance, unspeakable
from greenroom.models.f5tts.prompt import Prompt
from greenroom.models.f5tts.recording import ReferenceUncut
from greenroom.models.f5tts.reference import ReferenceSilent, ReferenceTextMismatch, check_text, raised
from greenroom.models.f5tts.rows import Row
from greenroom.models.f5tts.tokens import tokens
from greenroom.models.f5tts.wording import language_of, refuse_silence, said_of, words_of
from greenroom.text.clean import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from greenroom.captions.align.link import Aligner
    from greenroom.captions.words import Word
    from greenroom.models.f5tts.vocabulary import Vocabulary
    from greenroom.progress import Step
    from greenroom.recipes.inputs.f5tts import F5SpeakInputs
    from greenroom.text.tokens import Token

    Sound = NDArray[np.float32]

# The new words count against the model's limit, too: so much is left for them at least.
_LONGEST_RECORDING_S = LONGEST_S - 3.0
# The least that new words get, and what is left between two words where all between them goes.
_SHORTEST_S = 0.2
_GAP_S = 0.1
# Over so long the recording fades into what is made.
_FADE = 480


class EditEmpty(InputInvalid):
    """Two texts that leave nothing to change, or nothing to keep."""

    code = "edit-empty"


class EditTooLong(InputInvalid):
    """The recording with its new words lasts longer than one go may."""

    code = "edit-too-long"


class EditUnheard(InputInvalid):
    """Nobody can tell when the words of a recording are said."""

    code = "edit-unheard"


@dataclass(frozen=True, slots=True)
class _Change:
    """A stretch that is spoken anew: words of the old text, from and to; and what is said instead."""

    first: int
    end: int
    said: str


def reword(inputs: F5SpeakInputs, seed: int, vocabulary: Vocabulary, aligners: Sequence[Aligner], step: Step) -> Plan:
    """Plan a recording with other words.

    Raises EditEmpty, EditTooLong, EditUnheard, NothingToSay, ReferenceUnusable, ReferenceUncut, FileUnreadable, and
    what ``step`` raises.
    """
    cleaned = clean(inputs.text)
    refuse_silence(cleaned.text)
    transcript = " ".join((inputs.reference_text or "").split())
    refuse_silence(transcript, "reference_text")
    language = language_of(transcript, inputs.language)
    samples = _samples(read_audio(Path(inputs.reference or "")))
    if inputs.check_reference:
        check_text(transcript, len(samples) / RATE)
    before, after = words_of(transcript, language), words_of(cleaned.text, language)
    changes = _changes(before, after, language)
    times = _times(samples, before, language, aligners, step)
    pace = len(samples) / RATE / size(transcript) / inputs.speed
    edits = [_edit(change, times, len(samples) / RATE, pace) for change in changes]
    said = tokens(said_of(after, language))
    _check_length(len(samples) / RATE, edits, said)
    prompt = Prompt.of(samples, transcript, language)
    planned = plan_edit(prompt.mel, edits)
    row = Row(
        planned.conditioning,
        tuple(vocabulary.ids(said)),
        max(planned.frames, len(said) + 1),
        start=0,
        seed=seed,
        keep=planned.keep,
    )
    utterance = Utterance(row, after, prompt, partial(_with_recording, samples, edits))
    return Plan(
        parts=(utterance,),
        language=language,
        overlap=0,
        samples=None,
        removed=tuple(map(str, cleaned.removed)),
        warnings=unspeakable(vocabulary.unknown(said)),
    )


def _samples(recording: Audio) -> Sound:
    """One channel at 24 kHz, loud enough for the model. Raises ReferenceSilent, ReferenceUncut."""
    if recording.seconds > _LONGEST_RECORDING_S:
        raise ReferenceUncut(
            f"the recording lasts {recording.seconds:.1f} s; one of at most {_LONGEST_RECORDING_S:g} s can be edited",
            mend="cut out the sentence to change, edit it, and put it back",
        )
    mono, rms = raised(recording.samples)
    if not rms > 0:
        raise ReferenceSilent("the recording is silent", mend="give the recording whose words are to change")
    return resample(torch.from_numpy(mono), recording.rate, RATE).numpy()


def _changes(before: Sequence[Token], after: Sequence[Token], language: str) -> list[_Change]:
    """Where the texts differ. Raises EditEmpty."""
    matcher = SequenceMatcher(None, [_plain(word) for word in before], [_plain(word) for word in after], autojunk=False)
    changes = [
        _Change(first, end, said_of(after[new_first:new_end], language))
        for kind, first, end, new_first, new_end in matcher.get_opcodes()
        if kind != "equal" and any(word.spoken for word in (*before[first:end], *after[new_first:new_end]))
    ]
    if not changes:
        raise EditEmpty("text says what the recording says", mend="give the new wording as text")
    if not any(
        before[block.a + place].spoken for block in matcher.get_matching_blocks() for place in range(block.size)
    ):
        raise EditEmpty(
            "text and reference_text share no word, so nothing of the recording would stay",
            mend="leave out edit, to say the text in the recording's voice",
        )
    return changes


def _plain(word: Token) -> str:
    return " ".join(said.casefold() for said in word.words) or word.written


def _times(
    samples: Sound, before: Sequence[Token], language: str, aligners: Sequence[Aligner], step: Step
) -> tuple[Word, ...]:
    """When the words of the recording are said. Raises ReferenceTextMismatch, EditUnheard."""
    written = [Written(word.written, word.words) for word in before]
    found = align(Audio(samples[None], RATE), written, language=language, aligners=aligners, step=step)
    if found.source == ESTIMATE:
        reasons = "; ".join(f"{passed.name}: {passed.reason}" for passed in found.passed_over[1:])
        raise EditUnheard(
            f"nobody can tell when the words of the recording are said ({reasons})",
            mend="give reference_text exactly as spoken, in English or French; other languages need WhisperX",
        )
    missing = [word.text for word in found.words if word.start is None and says(word.text)]
    if len(missing) * 2 > len(found.words):
        raise ReferenceTextMismatch(
            f"{len(missing)} of {len(found.words)} words of reference_text are not heard in the recording",
            mend="give the words of the recording, exactly as spoken",
        )
    return found.words


def _edit(change: _Change, times: Sequence[Word], whole: float, pace: float) -> Edit:
    """The stretch between the last word before the change that was heard, and the first one behind it."""
    start = max((word.end for word in times[: change.first] if word.end is not None), default=0.0)
    end = min((word.start for word in times[change.end :] if word.start is not None), default=whole)
    end = max(start, end)
    wanted = max(size(change.said) * pace, _SHORTEST_S) if says(change.said) else 0.0
    return Edit(start, end, wanted + _GAP_S)


def _check_length(recorded: float, edits: Sequence[Edit], said: Sequence[str]) -> None:
    """Refuse what the model would have to say in one go, though it never saw anything so long. Raises EditTooLong."""
    changed = sum((edit.seconds or 0.0) - (edit.end - edit.start) for edit in edits)
    whole = max(recorded + changed, seconds_of(len(said) + 1))  # a token takes a frame at least
    if whole > LONGEST_S:
        raise EditTooLong(
            f"the recording lasts {recorded:.1f} s, and with its new words {whole:.1f} s; "
            f"{LONGEST_S:g} s in all can be made",
            mend="give fewer new words, or cut out the sentence to change, edit it, and put it back",
        )


def _with_recording(recording: Sound, edits: Sequence[Edit], made: Sound) -> Sound:
    """What was made, with the recording itself where it was kept."""
    whole = made.copy()
    for begin, source, length in _kept(edits, len(recording)):
        kept = recording[source : source + length][: len(whole) - begin]
        fade = min(_FADE, len(kept) // 2)
        weight = np.ones(len(kept), np.float32)
        if begin > 0:
            weight[:fade] = np.linspace(0, 1, fade)
        if source + length < len(recording):
            weight[len(kept) - fade :] = np.linspace(1, 0, fade)
        place = slice(begin, begin + len(kept))
        whole[place] = weight * kept + (1 - weight) * whole[place]
    return whole


def _kept(edits: Sequence[Edit], samples: int) -> Iterator[tuple[int, int, int]]:
    """Stretches that stay: where they begin in the result and in the recording, and their length, in samples.

    Rounded to frames as the plan is.
    """
    begin = position = 0
    for edit in edits:
        start, end, gap = (round(time * RATE / HOP) * HOP for time in (edit.start, edit.end, edit.seconds or 0.0))
        if start > position:
            yield begin, position, start - position
        begin, position = begin + start - position + gap, end
    if samples > position:
        yield begin, position, samples - position
