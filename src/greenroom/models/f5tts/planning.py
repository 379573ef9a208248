"""A request becomes a plan: what is said in which voice, chunk by chunk, and how many frames each chunk gets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid, quoted
from greenroom.models.f5tts.chunks import says
from greenroom.models.f5tts.durations import RATE, exact_frames, frames_in
from greenroom.models.f5tts.rows import Row
from greenroom.models.f5tts.script import Pause, Spoken, parse
from greenroom.models.f5tts.tokens import tokens
from greenroom.models.f5tts.wording import Chunk, chunks_of, is_picture, language_of, refuse_silence, words_of
from greenroom.progress import Step, silent
from greenroom.text.clean import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.models.f5tts.durations import Pace
    from greenroom.models.f5tts.prompt import Prompt
    from greenroom.models.f5tts.prompts import Prompts
    from greenroom.models.f5tts.script import Script
    from greenroom.models.f5tts.vocabulary import Vocabulary
    from greenroom.recipes.inputs.f5tts import F5SpeakInputs
    from greenroom.text.tokens import Token

    Sound = NDArray[np.float32]

# Of a stream the first sound is waited for; while it is heard, the next chunks are made.
_FIRST_S = 4.0
MOST_SEEDS = 2**31


def _as_it_is(sound: Sound) -> Sound:
    return sound


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """What the model makes in one go. row: as it is asked for.  words: the written ones.  prompt: of its voice.

    finish: what is still done to the sound.
    """

    row: Row
    words: tuple[Token, ...]
    prompt: Prompt
    finish: Callable[[Sound], Sound] = _as_it_is


@dataclass(frozen=True, slots=True)
class Silence:
    """A pause in the speech. samples: its length."""

    samples: int


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All that will be said, in order.

    language: of the first words.  overlap: samples in which chunks of one voice fade into each other.  samples: exact
    length of the whole, None for as it comes.  removed: what was taken out of the text because nobody sees or says it.
    """

    parts: tuple[Utterance | Silence, ...]
    language: str
    overlap: int
    samples: int | None
    removed: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def utterances(self) -> tuple[Utterance, ...]:
        """The parts that are spoken."""
        return tuple(part for part in self.parts if isinstance(part, Utterance))

    def is_followed_on(self, place: int) -> bool:
        """Whether the part behind this one is spoken in the same voice, and fades into it."""
        if place + 1 >= len(self.parts):
            return False
        one, other = self.parts[place], self.parts[place + 1]
        return isinstance(one, Utterance) and isinstance(other, Utterance) and one.prompt is other.prompt


@dataclass(frozen=True, slots=True, eq=False)
class _Span:
    """A stretch of text in one voice and pace, cut into chunks."""

    prompt: Prompt
    pace: Pace
    chunks: tuple[Chunk, ...]
    seed: int


def plan(
    inputs: F5SpeakInputs,
    seed: int,
    prompts: Prompts,
    vocabulary: Vocabulary,
    step: Step = silent,
    *,
    streamed: bool = False,
) -> Plan:
    """Plan a text. streamed: the first chunk is short, as its sound is waited for.

    Raises NothingToSay, MarkInvalid, UnknownName, ReferenceTooLong, DurationImpossible, InputInvalid, what
    ``Prompts.of`` raises, and what ``step`` raises.
    """
    cleaned = clean(inputs.text)
    refuse_silence(cleaned.text)
    script = parse(cleaned.text, prompts.names(), vocabulary)
    speaking = [part for part in script.spans if isinstance(part, Spoken) and says(part.text)]
    if not speaking:
        refuse_silence("")
    prompt = prompts.of(inputs, step)
    parts = [
        _part(part, inputs, seed, prompt, prompts, first=streamed and part is speaking[0])
        for part in script.spans
        if isinstance(part, Pause) or says(part.text)
    ]
    overlap = round(inputs.cross_fade * RATE)
    frames = iter(_frames(parts, inputs.duration, overlap))
    planned: list[Utterance | Silence] = []
    places = count()
    unknown: dict[str, None] = {}
    for part in parts:
        if isinstance(part, Silence):
            planned.append(part)
            continue
        for chunk in part.chunks:
            unknown |= dict.fromkeys(vocabulary.unknown(script.tokens(tokens(chunk.said))))
            ids = vocabulary.ids(script.tokens(tokens(part.prompt.text + chunk.said)))
            row = _row(part.prompt, ids, next(frames), (part.seed + next(places)) % MOST_SEEDS)
            planned.append(Utterance(row, _shown(chunk.tokens, script), part.prompt))
    return Plan(
        parts=tuple(planned),
        language=language_of(speaking[0].text, inputs.language),
        overlap=overlap,
        samples=None if inputs.duration is None else round(inputs.duration * RATE),
        removed=(*map(str, cleaned.removed), *_pictures(cleaned.text)),
        warnings=_warnings(planned, unknown),
    )


def _row(prompt: Prompt, ids: Sequence[int], frames: int, seed: int) -> Row:
    """frames: to be heard. The first one that is vocoded still belongs to the reference."""
    least = max(len(ids), len(prompt.mel)) + 1
    return Row(prompt.mel, tuple(ids), max(prompt.frames + frames, least), prompt.frames, seed)


def _part(
    part: Spoken | Pause,
    inputs: F5SpeakInputs,
    seed: int,
    prompt: Prompt,
    prompts: Prompts,
    *,
    first: bool,
) -> _Span | Silence:
    if isinstance(part, Pause):
        return Silence(round(part.seconds * RATE))
    speaking = prompt if part.voice is None else prompts.stored(part.voice)
    language = language_of(part.text, inputs.language)
    pace = speaking.pace(inputs.speed if part.speed is None else part.speed)
    opening = max(1, min(pace.most_bytes, int(frames_in(_FIRST_S) / pace.frames_per_byte))) if first else None
    cut = chunks_of(words_of(part.text, language), language, pace.most_bytes, opening)
    return _Span(speaking, pace, tuple(cut), seed if part.seed is None else part.seed)


def _frames(parts: Sequence[_Span | Silence], duration: float | None, overlap: int) -> list[int]:
    """Frames for each chunk of all spans."""
    spans = [part for part in parts if isinstance(part, _Span)]
    if duration is None:
        return [span.pace.frames(chunk.said) for span in spans for chunk in span.chunks]
    if any(span.prompt is not spans[0].prompt or span.pace != spans[0].pace for span in spans):
        raise InputInvalid(
            f"duration is {duration:g}, and the text has several voices or speeds", mend="leave out duration"
        )
    # Chunks on either side of a pause do not overlap.
    pauses = sum(part.samples for part in parts if isinstance(part, Silence))
    unjoined = (len(spans) - 1) * overlap
    left = duration - (pauses + unjoined) / RATE
    if left <= 0:
        raise InputInvalid(
            f"duration is {duration:g}, and the pauses alone take {pauses / RATE:g} s", mend="give a longer duration"
        )
    return exact_frames(left, [chunk.said for span in spans for chunk in span.chunks], spans[0].pace, overlap)


def _shown(words: Sequence[Token], script: Script) -> tuple[Token, ...]:
    """Words as captions show them: a character that is read as told is shown as it was written."""
    if not script.readings:
        return tuple(words)
    return tuple(replace(word, written=script.written(word.written)) for word in words)


def _pictures(text: str) -> tuple[str, ...]:
    pictures = sum(is_picture(char) and char not in "\u200d\ufe0e\ufe0f" for char in text)
    return (f"{pictures} emoji, which nobody says",) if pictures else ()


def _warnings(parts: Sequence[Utterance | Silence], unknown: Iterable[str]) -> tuple[str, ...]:
    """What the voices' recordings are like, each once, and what the model cannot say."""
    prompts = dict.fromkeys(part.prompt for part in parts if isinstance(part, Utterance))
    found = [warning for prompt in prompts for warning in prompt.warnings]
    return (*found, *unspeakable(unknown))


def unspeakable(unknown: Iterable[str]) -> tuple[str, ...]:
    """A warning of tokens that the vocabulary lacks."""
    letters = [token for token in unknown if token.strip()]
    if not letters:
        return ()
    shown = ", ".join(map(quoted, letters[:8])) + (" and more" if len(letters) > 8 else "")
    return (f"the model does not know {shown}, and says nothing for it",)
