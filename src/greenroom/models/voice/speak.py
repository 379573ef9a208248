"""The embedded voice from a request to files, or to a pipe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

from greenroom.captions.align.check import check
from greenroom.errors import InputInvalid
from greenroom.files import Publication
from greenroom.models.speech import Piece, Speech, join, level, open_audio, stream, time_words, write_audio
from greenroom.models.spoken import SpeakResult, Wanted, measured
from greenroom.models.voice.piper import Piper
from greenroom.models.voice.synthesis import Plan, plan, say, say_piece
from greenroom.models.voice.voices import VoiceSource, find_voice
from greenroom.progress import Step, silent
from greenroom.text.clean import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.recipes.inputs.voice import SpeakInputs

    Notice = Callable[[str], None]

# A piece that an aligner does not hear as written is said so many times in all.
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Request:
    """What to say, with which voice, and the files that are wanted of it.

    voice: a name of the catalogue or the path of a Piper voice; not looked at when a loaded one is given beside the
    request.
    """

    inputs: SpeakInputs
    voice: str
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class LoadedVoice:
    """A voice that can speak, many times; nothing of one request stays in it."""

    source: VoiceSource
    piper: Piper


def load_voice(name: str) -> LoadedVoice:
    """Load a voice by its name or path. Raises UnknownName, ExtraMissing, FileUnreadable."""
    source = find_voice(name)
    return LoadedVoice(source, Piper.load(source.model))


def speak_to_files(
    request: Request, *, voice: LoadedVoice | None = None, step: Step = silent, notice: Notice = lambda _: None
) -> SpeakResult:
    """Say a text into a file, with captions beside it; all files appear together at the end.

    voice: None loads the one that the request names.  notice: told the voice's terms before it speaks.
    Raises InputInvalid, UnknownName, ExtraMissing, FileUnreadable before any work, OutputUnwritable, and what ``step``
    raises.
    """
    wanted = request.wanted
    form = wanted.file_format()
    speaking, planned = _prepare(request, voice, notice)
    with Publication(wanted.output.parent) as out, open_audio(out, wanted.output.name) as file:
        speech = _not_empty(join(_say_and_listen(speaking.piper, request, planned, step)), request)
        speech = level(speech, request.inputs.loudness)
        write_audio(file, wanted.output, form, speech.audio)
        timed = time_words(speech, planned.language, wanted.aligners, step) if wanted.captions else None
        captions = wanted.write_captions(out, timed, planned.language, speech.audio.seconds) if timed else None
    loudness, peak = measured(speech.audio)
    return SpeakResult(
        audio=wanted.output,
        format=form,
        seconds=round(speech.audio.seconds, 3),
        rate=speaking.piper.rate,
        loudness_lufs=loudness,
        true_peak_dbtp=peak,
        words=len(speech.tokens),
        language=planned.language,
        seed=request.inputs.seed,
        voice=request.voice,
        terms=speaking.source.terms,
        captions=captions,
        timing=timed.source if timed else None,
        passed_over=timed.passed_over if timed else (),
        heard=speech.heard,
        removed=tuple(map(str, clean(request.inputs.text).removed)),
        warnings=speech.heard.doubts if speech.heard else (),
    )


def speak_to_stream(
    request: Request,
    file: IO[bytes],
    *,
    voice: LoadedVoice | None = None,
    step: Step = silent,
    notice: Notice = lambda _: None,
) -> float:
    """Say a text into a pipe, sound by sound as it is made; gives the seconds. Raises as ``speak_to_files`` does."""
    form = request.wanted.stream_format()
    speaking, planned = _prepare(request, voice, notice)
    pieces = say(speaking.piper, request.inputs, planned, step)
    return stream(pieces, file, form, speaking.piper.rate, request.inputs.loudness)


def _prepare(request: Request, voice: LoadedVoice | None, notice: Notice) -> tuple[LoadedVoice, Plan]:
    source = voice.source if voice else find_voice(request.voice)
    notice(f"{source.name}: {source.notice}")
    speaking = voice or LoadedVoice(source, Piper.load(source.model))
    return speaking, plan(speaking.piper, request.inputs)


def _say_and_listen(voice: Piper, request: Request, planned: Plan, step: Step) -> Iterator[Piece]:
    """Say each piece, listen whether it is what was written, and say it once more where it is not."""
    inputs = request.inputs
    for place, piece in enumerate(say(voice, inputs, planned, step)):
        heard = _listen(piece, planned.language)
        for attempt in range(1, _TRIES):
            if heard.check is None or heard.check.agrees is not False:
                break
            again = _listen(say_piece(voice, inputs, planned, place, attempt), planned.language)
            better = again if again.check and again.check.agrees else heard
            heard = replace(better, tries=attempt + 1)
        yield heard


def _listen(piece: Piece, language: str) -> Piece:
    if piece.spans is None:
        return piece
    return replace(piece, check=check(piece.audio, piece.words, piece.spans, language=language))


def _not_empty(speech: Speech, request: Request) -> Speech:
    if not speech.audio.samples.any():
        raise InputInvalid(
            f"the voice {request.voice} has no sound for any word of the text",
            mend="give a text in the voice's language, or --language",
        )
    return speech
