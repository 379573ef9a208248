"""F5-TTS from a request to files, or to a pipe.

Several chunks of a text are on their way at once, so that they are made together with each other and with other
requests'. They are joined in order, each as soon as those before it are there. A stream is made few chunks ahead of its
reader.
"""

from __future__ import annotations

import math
import secrets
from collections import deque
from contextlib import closing
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

import numpy as np

from greenroom.captions.align.chain import ESTIMATE
from greenroom.errors import quoted
from greenroom.files import Publication
from greenroom.models.f5tts.chunks import says
from greenroom.models.f5tts.clipping import FULL_SCALE, Pcm, without_long_silences
from greenroom.models.f5tts.durations import RATE
from greenroom.models.f5tts.joining import Joiner
from greenroom.models.f5tts.planning import MOST_SEEDS, Plan, Silence, Utterance, plan
from greenroom.models.f5tts.reference import to_float
from greenroom.models.f5tts.rewording import reword
from greenroom.models.f5tts.rows import Sampling
from greenroom.models.f5tts.wording import is_chinese
from greenroom.models.speech import Heard, Piece, join, level, open_audio, stream, time_words, write_audio
from greenroom.models.spoken import SpeakResult, measured
from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from greenroom.captions.align.chain import Alignment
    from greenroom.models.f5tts.batching import Batcher, Pending
    from greenroom.models.f5tts.prompts import Prompts
    from greenroom.models.f5tts.vocabulary import Vocabulary
    from greenroom.models.speech import Speech
    from greenroom.models.spoken import Wanted
    from greenroom.recipes.inputs.f5tts import F5SpeakInputs
    from greenroom.text.tokens import Token

    Sound = NDArray[np.float32]

# Chunks of one text that are under way at once; more would only wait.
_AT_ONCE = 16
# Chunks of a stream that are made while one is read: a reader may be slow, or stop.
_AHEAD = 4
_POLL_S = 0.1
# Chunks in which an aligner does not hear every word are said so often in all.
_TRIES = 2
# Far from the seeds of the other chunks.
_ANOTHER_TRY = 104_729


@dataclass(frozen=True, slots=True)
class Speaker:
    """A loaded model that can speak, for many requests at once; nothing of one of them stays in it.

    name, terms: of the model, as results show them.
    """

    name: str
    terms: tuple[str, ...]
    batcher: Batcher
    vocabulary: Vocabulary
    prompts: Prompts


@dataclass(frozen=True, slots=True)
class _Take:
    """A speech before it is made loud. timed: when its words are said, None where nobody asked."""

    speech: Speech
    timed: Alignment | None


def speak_to_files(speaker: Speaker, inputs: F5SpeakInputs, wanted: Wanted, step: Step = silent) -> SpeakResult:
    """Say a text into a file, with captions beside it; all files appear together at the end.

    Raises InputInvalid, FileUnreadable, OutputUnwritable, and what ``step`` raises.
    """
    form = wanted.file_format()
    seed = seed_of(inputs)
    planned = _plan(speaker, inputs, seed, wanted, step)
    with Publication(wanted.output.parent) as out, open_audio(out, wanted.output.name) as file:
        take, again = _best_take(speaker, inputs, planned, wanted, step)
        speech, timed = level(take.speech, inputs.loudness), take.timed
        write_audio(file, wanted.output, form, speech.audio)
        captions = timed and wanted.write_captions(
            out, timed, planned.language, speech.audio.seconds, glued=is_chinese(planned.language)
        )
    loudness, peak = measured(speech.audio)
    heard = _heard(timed, again)
    return SpeakResult(
        audio=wanted.output,
        format=form,
        seconds=round(speech.audio.seconds, 3),
        rate=RATE,
        loudness_lufs=loudness,
        true_peak_dbtp=peak,
        words=sum(says(token.written) for token in speech.tokens),
        language=planned.language,
        seed=seed,
        voice=inputs.voice or speaker.name,
        terms=speaker.terms,
        captions=captions or None,
        timing=timed.source if timed else None,
        passed_over=timed.passed_over if timed else (),
        heard=heard,
        removed=planned.removed,
        warnings=(*planned.warnings, *(heard.doubts if heard else ())),
    )


def speak_to_stream(
    speaker: Speaker, inputs: F5SpeakInputs, wanted: Wanted, file: IO[bytes], step: Step = silent
) -> float:
    """Say a text into a pipe, chunk by chunk as it is made, the first one short; gives the seconds.

    Raises as ``speak_to_files`` does.
    """
    form = wanted.stream_format()
    seed = seed_of(inputs)
    planned = _plan(speaker, inputs, seed, wanted, step, streamed=True)
    with closing(_say(speaker, inputs, planned.utterances, step, at_once=1 + _AHEAD)) as sounds:
        return stream(_pieces(planned, sounds), file, form, RATE, inputs.loudness)


def seed_of(inputs: F5SpeakInputs) -> int:
    """The seed that was asked for, else another each time."""
    return secrets.randbelow(MOST_SEEDS) if inputs.seed is None else inputs.seed


def _plan(
    speaker: Speaker, inputs: F5SpeakInputs, seed: int, wanted: Wanted, step: Step, *, streamed: bool = False
) -> Plan:
    if inputs.edit:
        return reword(inputs, seed, speaker.vocabulary, wanted.aligners, step)
    return plan(inputs, seed, speaker.prompts, speaker.vocabulary, step, streamed=streamed)


def _best_take(speaker: Speaker, inputs: F5SpeakInputs, planned: Plan, wanted: Wanted, step: Step) -> tuple[_Take, int]:
    """Say all, listen where captions are wanted, and say the chunks again in which a word is not heard.

    Gives the take in which most words were heard, and how many chunks of it were said again.
    """
    utterances = planned.utterances
    sounds = list(_say(speaker, inputs, utterances, step, at_once=_AT_ONCE))
    best, again = _take(planned, sounds, wanted, step), 0
    for attempt in range(1, _TRIES):
        places = _chunks_with_unheard_words(planned, best.timed)
        if not places:
            break
        renewed = [_another_try(utterances[place], attempt) for place in places]
        other = dict(zip(places, _say(speaker, inputs, renewed, step, at_once=_AT_ONCE), strict=True))
        take = _take(planned, [other.get(place, sound) for place, sound in enumerate(sounds)], wanted, step)
        if len(_unheard(take.timed)) < len(_unheard(best.timed)):
            best, again = take, len(places)
    return best, again


def _take(planned: Plan, sounds: Sequence[Sound], wanted: Wanted, step: Step) -> _Take:
    speech = join(_pieces(planned, sounds))
    timed = time_words(speech, planned.language, wanted.aligners, step) if wanted.captions else None
    return _Take(speech, timed)


def _another_try(utterance: Utterance, attempt: int) -> Utterance:
    seed = (utterance.row.seed + attempt * _ANOTHER_TRY) % MOST_SEEDS
    return replace(utterance, row=replace(utterance.row, seed=seed))


def _unheard(timed: Alignment | None) -> list[int]:
    """Which of the written words were listened for and not heard."""
    if timed is None or timed.source == ESTIMATE:
        return []
    return [place for place, word in enumerate(timed.words) if word.start is None and says(word.text)]


def _chunks_with_unheard_words(planned: Plan, timed: Alignment | None) -> list[int]:
    unheard = set(_unheard(timed))
    found, first = [], 0
    for place, utterance in enumerate(planned.utterances):
        end = first + len(utterance.words)
        if unheard & set(range(first, end)):
            found.append(place)
        first = end
    return found


def _heard(timed: Alignment | None, again: int) -> Heard | None:
    """What an aligner heard; None if nobody listened."""
    if timed is None:
        return None
    if timed.source == ESTIMATE:
        doubts = [passed.reason for passed in timed.passed_over if passed.reason.startswith("the text is not")]
        return Heard(0, None, None, again, (f"the speech may be wrong: {doubts[0]}",)) if doubts else None
    missing = [timed.words[place].text for place in _unheard(timed)]
    doubts = [f"{quoted(word)} was not heard; another seed may say it" for word in missing]
    return Heard(len(timed.words) - len(missing), None, None, again, tuple(doubts))


def _say(
    speaker: Speaker, inputs: F5SpeakInputs, utterances: Sequence[Utterance], step: Step, *, at_once: int
) -> Generator[Sound]:
    """The sounds of utterances, in order, each as soon as it and those before it are there.

    at_once: how many are on their way while one is waited for; while that one is used, one fewer.
    Whatever ends it, an error or a reader that leaves, what is on its way is given up.
    """
    sampling = Sampling(inputs.steps, inputs.guidance, inputs.sway)
    total = len(utterances) * inputs.steps
    coming: deque[Pending] = deque()
    try:
        for place, utterance in enumerate(utterances):
            for later in utterances[place + len(coming) : place + at_once]:
                coming.append(speaker.batcher.submit(later.row, sampling, place=len(coming)))
            while not coming[0].wait(_POLL_S):
                step("speaking", inputs.steps * _made(place, coming), total)
            step("speaking", inputs.steps * _made(place, coming), total)
            sound = coming.popleft().result()
            yield utterance.finish(_without_silence(sound) if inputs.remove_silence else sound)
    finally:
        for pending in coming:
            speaker.batcher.give_up(pending)


def _made(done: int, coming: Iterable[Pending]) -> float:
    """How many utterances are made, in parts, too. Summed exactly: rounding could make it fall."""
    return math.fsum([done, *(pending.sampled for pending in coming)])


def _pieces(planned: Plan, sounds: Iterable[Sound]) -> Iterator[Piece]:
    """Utterances and silences joined: each piece is what is final of the speech once its utterance is there."""
    coming = iter(sounds)
    joiner = Joiner(planned.overlap)
    written = 0
    for place, part in enumerate(planned.parts):
        if isinstance(part, Silence):
            words: tuple[Token, ...] = ()
            samples: Sound = np.zeros(part.samples, np.float32)
        else:
            words = part.words
            samples = joiner.push(next(coming))
            if not planned.is_followed_on(place):
                samples = np.concatenate([samples, joiner.flush()])
        if planned.samples is not None:
            samples = samples[: planned.samples - written]
        written += len(samples)
        yield Piece(words, samples, RATE, spans=None)


def _without_silence(sound: Sound) -> Sound:
    """Sound with its pauses of a second and more shortened; all of it where there is nothing but silence."""
    whole = np.round(np.clip(sound, -1.0, 1.0) * (FULL_SCALE - 1)).astype(np.int16)
    shortened = without_long_silences(Pcm(whole[:, None], RATE))
    return to_float(shortened)[0] if shortened.frames else sound
