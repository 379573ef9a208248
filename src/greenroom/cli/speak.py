"""``greenroom speak``: a text becomes sound, with captions."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from greenroom.cli.caption_flags import caption_flags, caption_options, caption_rows, format_list
from greenroom.cli.configured import configured, usual_aligners
from greenroom.cli.devices import chosen_device
from greenroom.cli.flags import given, input_flags
from greenroom.cli.output import Output, columns, json_option
from greenroom.cli.text import STANDARD, read_text_file
from greenroom.cli.verbs import class_of
from greenroom.errors import InputInvalid
from greenroom.files import writing_to
from greenroom.recipes.inputs.f5tts import F5SpeakInputs
from greenroom.recipes.inputs.voice import SpeakInputs
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenroom.inputs import Inputs
    from greenroom.models.f5tts.model import F5Model
    from greenroom.models.spoken import SpeakResult, Wanted
    from greenroom.settings import Settings

_EMBEDDED = "voice-joe"
# What the verb takes in its own way, and what both kinds of voice have.
_OWN = ("text", "voice", "reference", "reference_text")
_SHARED = tuple(SpeakInputs.model_fields)


@click.command()
@click.argument("text", required=False)
@click.option("-f", "--file", type=click.Path(path_type=Path), help="Read the text from a file; - is standard input.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("speech.wav"), show_default=True,
    help="Where the sound goes; - streams it to standard output while it is made.",
)  # fmt: skip
@click.option("--format", "form", help="wav, flac, mp3, opus, aac or pcm; the ending of -o if not given.")
@click.option("--captions", metavar="FORMATS", help="Captions beside the sound: any of srt,vtt,ass,csv,json.")
@click.option(
    "--voice", help="A voice of the catalogue, or the path of a Piper MODEL.onnx; with --model, a stored voice."
)
@click.option("--model", help="A model that takes any voice, such as f5tts-v1-base; the embedded voice if not given.")
@click.option(
    "--ref", "reference", type=click.Path(path_type=Path), help="A recording of the voice to take. (with --model)"
)
@click.option("--ref-text", "reference_text", help="The words of that recording, exactly as spoken. (with --model)")
@click.option("--device", help="cpu or cuda:0; a GPU if there is one. (with --model)")
@input_flags(SpeakInputs, without=_OWN)
@input_flags(F5SpeakInputs, without=(*_OWN, *_SHARED), only_with="--model")
@caption_flags
@json_option
def speak(
    text: str | None,
    file: Path | None,
    output: Path,
    form: str | None,
    captions: str | None,
    voice: str | None,
    model: str | None,
    device: str | None,
    options: tuple[str, ...],
    karaoke: bool,
    as_json: bool,
    **inputs: Any,
) -> int:
    """Say a text, and write captions of it.

    TEXT is what to say; without it and -f, standard input is read. The embedded voice is for evaluation: its engine is
    GPL-3.0-or-later, and it was fine-tuned from recordings licensed for research. With --model, a seed that is not
    given is drawn and said, --speed is 0.3 to 2, and --language is en, zh or the like.
    """
    from greenroom.captions.options import CaptionInputs
    from greenroom.models.spoken import Wanted

    out = Output("speak", as_json)
    if captions is None and (karaoke or options):
        raise InputInvalid("--karaoke and --option are for captions", mend="add --captions srt,vtt")
    settings = configured(out, {"voice": voice if model is None else None})
    wanted = Wanted(
        output=output,
        form=form,
        captions=tuple(format_list(captions)),
        caption_options=CaptionInputs.check(caption_options(options, karaoke=karaoke)),
        aligners=usual_aligners(out, settings),
    )
    asked = given({**inputs, "device": device})
    if model is None or model == _EMBEDDED:
        speaking: _Embedded | _Loaded = _Embedded(asked, voice or settings.voice, model, out)
    else:
        speaking = _Loaded(asked, voice, model, settings, out)
    speaking.take(_text(text, file))
    if output == STANDARD:
        if as_json:
            raise InputInvalid("-o - and --json both want standard output", mend="write to a file, or leave out --json")
        # Who listens may leave early, as head does: that is no failure.
        with writing_to(Path("standard output")), contextlib.suppress(BrokenPipeError):
            speaking.into(_binary_stdout(), wanted)
        return 0
    result = speaking.files(wanted)
    for warning in result.warnings:
        out.say(f"warning: {warning}")
    out.result(result, _lines(result, drawn=isinstance(speaking, _Loaded) and "seed" not in asked))
    return 0


class _Embedded:
    """The embedded voice, or any Piper voice."""

    def __init__(self, asked: dict[str, Any], voice: str, model: str | None, out: Output) -> None:
        _refuse(asked, SpeakInputs, model or "a Piper voice", "add --model f5tts-v1-base, or leave out")
        self._asked, self._voice, self._out = asked, voice, out

    def take(self, text: str) -> None:
        """Check what is asked for. Raises InputInvalid."""
        self._inputs = SpeakInputs.check({"text": text, **self._asked})

    def files(self, wanted: Wanted) -> SpeakResult:
        """Say it into files."""
        from greenroom.models.voice.speak import Request, speak_to_files

        with self._out.progress() as step:
            return speak_to_files(Request(self._inputs, self._voice, wanted), step=step, notice=self._out.notice)

    def into(self, file: IO[bytes], wanted: Wanted) -> None:
        """Say it into a pipe."""
        from greenroom.models.voice.speak import Request, speak_to_stream

        speak_to_stream(Request(self._inputs, self._voice, wanted), file, notice=self._out.notice)


class _Loaded:
    """A model that takes the voice of a recording."""

    def __init__(self, asked: dict[str, Any], voice: str | None, model: str, settings: Settings, out: Output) -> None:
        self._device = asked.pop("device", None)
        _refuse(asked, F5SpeakInputs, model, "leave out")
        self._asked, self._name, self._settings, self._out = asked, model, settings, out
        if voice is not None:
            self._asked["voice"] = voice
        if "reference" in self._asked:
            self._asked["reference"] = str(self._asked["reference"])
        self._class = _model_class(model)

    def take(self, text: str) -> None:
        """Check what is asked for. Raises InputInvalid, FileUnreadable."""
        from greenroom.media.audio import require_file

        self._inputs = F5SpeakInputs.check({"text": text, **self._asked})
        if self._inputs.reference is not None:
            require_file(Path(self._inputs.reference))

    def files(self, wanted: Wanted) -> SpeakResult:
        """Say it into files."""
        wanted.file_format()  # loading takes seconds: what can be refused before is
        loaded = self._load()
        with self._out.progress() as step:
            return loaded.speak(self._inputs, wanted, step)

    def into(self, file: IO[bytes], wanted: Wanted) -> None:
        """Say it into a pipe."""
        wanted.stream_format()
        loaded = self._load()
        if self._inputs.seed is None:  # nothing else could say it: the sound has standard output for itself
            from greenroom.models.f5tts.speaking import seed_of

            self._inputs = self._inputs.model_copy(update={"seed": seed_of(self._inputs)})
            self._out.say(f"seed {self._inputs.seed}")
        loaded.speak_into(self._inputs, wanted, file)

    def _load(self) -> F5Model:
        device = chosen_device(self._device, self._settings).device
        self._out.notice(f"{self._name}: {self._class.notice()}")
        return self._class.load(device)


def _model_class(name: str) -> type[F5Model]:
    """Raises UnknownName, NotServed, ModelInvalid, InputInvalid for a model that does not speak."""
    from greenroom.models.f5tts.model import F5Model

    return class_of(name, F5Model, lacks="does not speak in the voice of a recording", usual="f5tts-v1-base")


def _refuse(asked: Iterable[str], declaration: type[Inputs], model: str, mend: str) -> None:
    """Refuse a flag of another kind of voice by its name. Raises InputInvalid."""
    for name in asked:
        if name not in declaration.model_fields:
            flag = _FLAGS.get(name, f"--{name.replace('_', '-')}")
            raise InputInvalid(f"{flag} is given, and {model} has none", mend=f"{mend} {flag}")


_FLAGS = {"reference": "--ref", "reference_text": "--ref-text"}


def _text(given_text: str | None, file: Path | None) -> str:
    """The text from where it was given. Raises InputInvalid when that is nowhere or twice, FileUnreadable."""
    if given_text is not None and file is not None:
        raise InputInvalid("the text is given twice, as TEXT and with --file", mend="give one of them")
    if given_text is not None:
        return given_text
    if file is None and sys.stdin.isatty():
        raise InputInvalid("text is missing", mend='greenroom speak "Hello.", or greenroom speak -f FILE')
    return read_text_file(file or STANDARD)


def _binary_stdout() -> IO[bytes]:
    if sys.stdout.isatty():
        raise InputInvalid("standard output is a terminal, which cannot play sound", mend="pipe it on, or give -o FILE")
    return sys.stdout.buffer


def _lines(result: SpeakResult, *, drawn: bool) -> str:
    """Where the files are and what they hold. drawn: nobody gave a seed, so it is said which one it was."""
    words = counted(result.words, "word")
    holds = f"{result.seconds:.1f} s of speech, {words}, {result.rate} Hz, {result.loudness_lufs} LUFS"
    if drawn:
        holds += f", seed {result.seed}"
    rows = [(str(result.audio), holds)]
    if result.captions:
        rows += caption_rows(result.captions)
    return columns(rows)
