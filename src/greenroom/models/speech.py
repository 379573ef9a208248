"""Speech of any model: pieces of sound with their words, made loud enough, timed, and written.

Every speaking family gives ``Piece``s; what a user gets of them, the same files for all, is made here.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from statistics import median
from typing import IO, TYPE_CHECKING

from greenroom.captions.align.chain import Alignment, Written, align
from greenroom.captions.align.link import Span
from greenroom.files import Publication, writing_to
from greenroom.media.audio import Audio, AudioFormat, AudioWriter
from greenroom.media.limiting import Limiter
from greenroom.media.loudness import gain_for, limited

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.captions.align.check import Check
    from greenroom.captions.align.link import Aligner
    from greenroom.progress import Step
    from greenroom.text.tokens import Token


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of speech.

    samples: float32, shape (n,), the pause behind it included.  spans: when each spoken word of the tokens is said,
    seconds from the piece's beginning; None where the model does not know.  check: whether it was heard as written,
    None if nobody listened.  tries: how often it was said.
    """

    tokens: tuple[Token, ...]
    samples: NDArray[np.float32]
    rate: int
    spans: tuple[Span, ...] | None
    check: Check | None = None
    tries: int = 1

    @property
    def audio(self) -> Audio:
        """The samples as sound of one channel."""
        return Audio(self.samples[None], self.rate)

    @property
    def words(self) -> tuple[str, ...]:
        """What is said, a word each, as ``spans`` counts them."""
        return tuple(word for token in self.tokens for word in token.words)


@dataclass(frozen=True, slots=True)
class Heard:
    """What an aligner heard of a speech, held against its own times, over all pieces.

    words: compared.  median_s: of the pieces' medians.  max_s: the word furthest apart.  said_again: pieces that were
    said a second time.  doubts: the pieces that still do not sound as written, and why.
    """

    words: int
    median_s: float | None
    max_s: float | None
    said_again: int
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Speech:
    """All pieces, joined. spans: as in Piece, from the beginning of the speech.  heard: None if nobody listened."""

    audio: Audio
    tokens: tuple[Token, ...]
    spans: tuple[Span, ...] | None
    heard: Heard | None


def join(pieces: Iterable[Piece]) -> Speech:
    """Gather the pieces into one speech."""
    import numpy as np

    gathered = list(pieces)
    rate = gathered[0].rate
    spans: list[Span] | None = []
    position = 0
    for piece in gathered:
        start = position / rate
        position += len(piece.samples)
        if spans is not None and piece.spans is not None:
            spans += [Span(span.start + start, span.end + start) for span in piece.spans]
        else:
            spans = None
    audio = Audio(np.concatenate([piece.samples for piece in gathered])[None], rate)
    tokens = tuple(token for piece in gathered for token in piece.tokens)
    return Speech(audio, tokens, None if spans is None else tuple(spans), _heard(gathered))


def _heard(pieces: Sequence[Piece]) -> Heard | None:
    checked = [(piece, piece.check) for piece in pieces if piece.check is not None and piece.check.agrees is not None]
    if not checked:
        return None
    medians = [check.median_s for _, check in checked if check.median_s is not None]
    furthest = [check.max_s for _, check in checked if check.max_s is not None]
    return Heard(
        words=sum(check.words for _, check in checked),
        median_s=median(medians) if medians else None,
        max_s=max(furthest, default=None),
        said_again=sum(piece.tries > 1 for piece in pieces),
        doubts=tuple(
            f"“{' '.join(token.written for token in piece.tokens)}”: {check.reason}"
            for piece, check in checked
            if not check.agrees
        ),
    )


def level(speech: Speech, lufs: float) -> Speech:
    """The speech as loud as asked; see ``gain_for``."""
    return replace(speech, audio=limited(speech.audio, gain_for(speech.audio, lufs)))


def stream(pieces: Iterable[Piece], file: IO[bytes], form: AudioFormat, rate: int, lufs: float) -> float:
    """Encode pieces into a pipe as they come; gives the seconds written."""
    written = 0
    with AudioWriter(file, form, rate, streamed=True) as out:
        for samples in _level_as_it_comes(pieces, rate, lufs):
            out.write(samples)
            file.flush()
            written += len(samples)
    return written / rate


def _level_as_it_comes(pieces: Iterable[Piece], rate: int, lufs: float) -> Iterator[NDArray[np.float32]]:
    """Samples of each piece, all by the gain that the first needs: one voice stays one loudness."""
    import numpy as np

    limiter = Limiter(rate)
    gain: float | None = None
    for piece in pieces:
        if gain is None and piece.samples.any():
            gain = gain_for(piece.audio, lufs)
        yield limiter.push(piece.samples * np.float32(gain or 1.0))
    yield limiter.flush()


def time_words(speech: Speech, language: str, aligners: Sequence[Aligner], step: Step) -> Alignment:
    """When each written word is said, by the first link of the chain that can tell."""
    text = [Written(token.written, token.words) for token in speech.tokens]
    return align(speech.audio, text, own=speech.spans, language=language, aligners=aligners, step=step)


@contextlib.contextmanager
def open_audio(out: Publication, name: str) -> Iterator[IO[bytes]]:
    """Stage a file for sound before there is any: what does not take it is known before the work."""
    with writing_to(out.folder / name), out.open(name) as file:
        yield file


def write_audio(file: IO[bytes], target: Path, form: AudioFormat, audio: Audio) -> None:
    """Encode the sound into a file that will be ``target``. Raises OutputUnwritable."""
    with writing_to(target):
        with AudioWriter(file, form, audio.rate) as writer:
            writer.write(audio.mono)
        file.flush()
