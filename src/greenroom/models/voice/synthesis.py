"""A text to speech, piece by piece: clean, normalise, cut, phonemize, say, time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from greenroom.captions.align.link import Span
from greenroom.errors import InputInvalid, UnknownName
from greenroom.models.speech import Piece
from greenroom.models.voice.timing import Sound, word_spans
from greenroom.progress import Step, silent
from greenroom.text.chunks import chunks
from greenroom.text.clean import clean, has_speech
from greenroom.text.normalise import normalise
from greenroom.text.tokens import Break, Token, speech

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.models.voice.piper import Piper
    from greenroom.recipes.inputs.voice import SpeakInputs

# The first piece is short, since its sound is waited for; most sentences fit in whole.
_FIRST_PIECE_LETTERS = 200
# A minute of speech. Only a word of hundreds of letters or digits has more without a place to breathe.
_MOST_PHONEMES = 600
# Silence behind a piece, at the voice's own pace, beyond the little that the network leaves.
_PAUSES_S = {Break.WORD: 0.0, Break.CLAUSE: 0.0, Break.SENTENCE: 0.2, Break.PARAGRAPH: 0.6}
# The lengths that the network gives begin a word as its first sound swells, an acoustic aligner puts the boundary
# earlier: by 10 ms if its frames are counted from their beginnings, by 2 ms from their middles. Over 3 seeds of 20
# sentences this much leaves 15 ms of error (median) and 54 ms (95th percentile) by either count.
_LEAD_S = 0.005


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be said. pieces: tokens for one run of the network each, a sentence or part of a long one.

    language: as espeak-ng names it.
    """

    pieces: tuple[tuple[Token, ...], ...]
    language: str

    @property
    def letters(self) -> int:
        """How much there is to say."""
        return sum(len(speech(piece)) for piece in self.pieces)


def plan(voice: Piper, inputs: SpeakInputs) -> Plan:
    """Turn the text into pieces. Raises InputInvalid when there is nothing to say, or the language is unknown."""
    language = _language(voice, inputs.language)
    text = clean(inputs.text).text
    if not has_speech(text):
        raise InputInvalid(
            "text has no letter or number in it, so there is nothing to say" if text else "text is empty",
            mend="give at least one word",
        )
    cut = chunks(normalise(text, language), first=_FIRST_PIECE_LETTERS)
    return Plan(tuple(sentence for chunk in cut for sentence in _sentences(chunk)), language)


def say(voice: Piper, inputs: SpeakInputs, planned: Plan, step: Step = silent) -> Iterator[Piece]:
    """Say each piece of a plan as soon as it is asked for.

    The seed and the place of a piece give its noise: a text sounds the same whether it is streamed or written whole.
    """
    total = planned.letters
    done = 0
    for place, tokens in enumerate(planned.pieces):
        step("speaking", done, total)
        yield say_piece(voice, inputs, planned, place, step=partial(step, "speaking", done, total))
        done += len(speech(tokens))
    step("speaking", total, total)


def say_piece(
    voice: Piper,
    inputs: SpeakInputs,
    planned: Plan,
    place: int,
    attempt: int = 0,
    step: Callable[[], None] = lambda: None,
) -> Piece:
    """Say one piece of a plan. attempt: 0, or a further one that must sound different.  step: before each run."""
    import numpy as np

    tokens, language = planned.pieces[place], planned.language
    noise = np.random.default_rng([inputs.seed, place, attempt])
    sounds: list[Sound] | None = []
    waves: list[NDArray[np.float32]] = []
    position = 0
    for phonemes in _runs(voice.phonemize(speech(tokens), language)):
        step()
        uttered = voice.say(phonemes, pace=inputs.speed, noise=noise, speaker=inputs.speaker)
        if sounds is not None and uttered.sounds is not None:
            sounds += [Sound(s.phoneme, s.start + position, s.end + position) for s in uttered.sounds]
        else:
            sounds = None
        waves.append(uttered.samples)
        position += len(uttered.samples)
    if place < len(planned.pieces) - 1:
        silence = _PAUSES_S[tokens[-1].end] / inputs.speed
        waves.append(np.zeros(round(silence * voice.rate), np.float32))
    samples = np.concatenate([*waves, np.zeros(0, np.float32)])
    return Piece(tokens, samples, voice.rate, _spans(voice, sounds, tokens, language))


def _spans(voice: Piper, sounds: list[Sound] | None, tokens: Sequence[Token], language: str) -> tuple[Span, ...] | None:
    """When each spoken word of the piece is said, in seconds; None where the voice does not tell."""
    words = [word for token in tokens for word in token.words]
    if not words:
        return ()
    spans = word_spans(sounds, words, lambda word: voice.phonemes_of(word, language)) if sounds else None
    if spans is None:
        return None
    return tuple(
        Span(max(0.0, span.start / voice.rate - _LEAD_S), max(0.0, span.end / voice.rate - _LEAD_S)) for span in spans
    )


def _runs(sentences: Sequence[list[str]]) -> Iterator[list[str]]:
    """Sentences short enough for the network, whose memory grows with their square; cut at spaces where there are."""
    for sentence in sentences:
        rest = sentence
        while len(rest) > _MOST_PHONEMES:
            spaces = [place for place in range(_MOST_PHONEMES // 2, _MOST_PHONEMES) if rest[place].isspace()]
            cut = spaces[-1] if spaces else _MOST_PHONEMES
            yield rest[:cut]
            rest = rest[cut:]
        yield rest


def _sentences(tokens: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """Cut behind each sentence; a silent word that opens one (a dash, a bullet) stays with what follows it."""
    sentence: list[Token] = []
    for token in tokens:
        sentence.append(token)
        if token.ends_sentence and any(said.spoken for said in sentence):
            yield tuple(sentence)
            sentence = []
    if sentence:  # the end of a chunk within a sentence, or silent words behind its last one
        yield tuple(sentence)


def _language(voice: Piper, asked: str | None) -> str:
    if asked is None:
        return voice.language
    known = voice.languages()
    code = asked.lower().replace("_", "-")
    if code not in known:
        raise UnknownName("language", asked, known)
    return code
