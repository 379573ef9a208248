"""The embedded voice from a request to files, or to a pipe."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING

from greenroom.captions.align.check import check
from greenroom.captions.options import CaptionInputs
from greenroom.captions.publish import CaptionFiles, publish_captions
from greenroom.errors import InputInvalid, quoted
from greenroom.files import Publication
from greenroom.media.audio import AUDIO_FORMATS, AudioFormat, audio_format
from greenroom.media.loudness import measure
from greenroom.models.speech import Heard, Piece, Speech, join, level, open_audio, stream, time_words, write_audio
from greenroom.models.voice.piper import Piper
from greenroom.models.voice.synthesis import Plan, plan, say, say_piece
from greenroom.models.voice.voices import VoiceSource, find_voice
from greenroom.progress import Step, silent
from greenroom.text.clean import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from greenroom.captions.align.chain import PassedOver
    from greenroom.captions.align.link import Aligner
    from greenroom.recipes.inputs.voice import SpeakInputs

    Notice = Callable[[str], None]

# A piece that an aligner does not hear as written is said so many times in all.
_TRIES = 2


@dataclass(frozen=True, slots=True)
class Request:
    """What to say, with which voice, and what is wanted of it.

    voice: a name of the catalogue or the path of a Piper voice; not looked at when a loaded one is given beside the
    request.  output: the file for the sound; not looked at when the sound is streamed.  form: name of the audio format;
    None takes the ending of ``output``.
    captions: formats to write beside the sound, under its stem.
    aligners: asked for the times of words where the voice does not tell, in order.
    """

    inputs: SpeakInputs
    voice: str
    output: Path
    form: str | None = None
    captions: tuple[str, ...] = ()
    caption_options: CaptionInputs = field(default_factory=CaptionInputs)
    aligners: tuple[Aligner, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeakResult:
    """What was made.

    seconds, loudness_lufs, true_peak_dbtp: of the sound before a lossy codec; loudness is None for silence.
    words: written ones.  terms: of the voice, in plain words.  timing: the link of the chain that gave the times of
    the words, None without captions.  passed_over: the links before it.  heard: the check.  removed: what was taken
    out of the text because nobody sees it.
    """

    audio: Path
    format: AudioFormat
    seconds: float
    rate: int
    loudness_lufs: float | None
    true_peak_dbtp: float
    words: int
    language: str
    seed: int
    voice: str
    terms: tuple[str, ...]
    captions: CaptionFiles | None
    timing: str | None
    passed_over: tuple[PassedOver, ...]
    heard: Heard | None
    removed: tuple[str, ...]
    warnings: tuple[str, ...]


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
    form = _format_of_file(request)
    _refuse_clash(request)
    speaking, planned = _prepare(request, voice, notice)
    with Publication(request.output.parent) as out, open_audio(out, request.output.name) as file:
        speech = _not_empty(join(_say_and_listen(speaking.piper, request, planned, step)), request)
        speech = level(speech, request.inputs.loudness)
        write_audio(file, out.folder / request.output.name, form, speech.audio)
        captions, timing, passed_over = _caption(request, speech, planned, out, step)
    loudness = measure(speech.audio)
    return SpeakResult(
        audio=request.output,
        format=form,
        seconds=round(speech.audio.seconds, 3),
        rate=speaking.piper.rate,
        loudness_lufs=None if loudness.integrated is None else round(loudness.integrated, 1),
        true_peak_dbtp=round(loudness.true_peak, 1),
        words=len(speech.tokens),
        language=planned.language,
        seed=request.inputs.seed,
        voice=request.voice,
        terms=speaking.source.terms,
        captions=captions,
        timing=timing,
        passed_over=passed_over,
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
    if request.captions:
        raise InputInvalid("captions need a name to stand beside", mend="give -o FILE, or leave out --captions")
    form = audio_format(request.form or "wav")
    speaking, planned = _prepare(request, voice, notice)
    pieces = say(speaking.piper, request.inputs, planned, step)
    return stream(pieces, file, form, speaking.piper.rate, request.inputs.loudness)


def _prepare(request: Request, voice: LoadedVoice | None, notice: Notice) -> tuple[LoadedVoice, Plan]:
    source = voice.source if voice else find_voice(request.voice)
    notice(f"{source.name}: {source.notice}")
    speaking = voice or LoadedVoice(source, Piper.load(source.model))
    return speaking, plan(speaking.piper, request.inputs)


def _format_of_file(request: Request) -> AudioFormat:
    if request.form is not None:
        return audio_format(request.form)
    if not request.output.suffix:
        raise InputInvalid(
            f"-o {quoted(request.output)} has no ending to tell the format by",
            mend=f"name it .{', .'.join(AUDIO_FORMATS)}, or give --format",
        )
    return audio_format(request.output.suffix)


def _refuse_clash(request: Request) -> None:
    """Captions stand beside the sound under its stem: a sound that ends like one of them would be lost."""
    if request.output.name in {f"{request.output.stem}.{form}" for form in request.captions}:
        raise InputInvalid(
            f"the sound and its captions would both be named {quoted(request.output.name)}", mend="choose another -o"
        )


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


def _caption(
    request: Request, speech: Speech, planned: Plan, out: Publication, step: Step
) -> tuple[CaptionFiles | None, str | None, tuple[PassedOver, ...]]:
    if not request.captions:
        return None, None, ()
    timed = time_words(speech, planned.language, request.aligners, step)
    options = request.caption_options.for_language(planned.language)
    files = publish_captions(out, request.output.stem, request.captions, timed.words, options, speech.audio.seconds)
    return files, timed.source, timed.passed_over
