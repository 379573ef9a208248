"""``greenroom speak``: a text becomes sound, with captions."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from greenroom.cli.caption_flags import caption_flags, caption_options, caption_rows, format_list
from greenroom.cli.configured import configured, usual_aligners
from greenroom.cli.flags import given, input_flags
from greenroom.cli.output import Output, columns, counted, json_option
from greenroom.cli.text import STANDARD, read_text_file
from greenroom.errors import InputInvalid
from greenroom.files import writing_to
from greenroom.recipes.inputs.voice import SpeakInputs

if TYPE_CHECKING:
    from greenroom.models.voice.speak import SpeakResult


@click.command()
@click.argument("text", required=False)
@click.option("-f", "--file", type=click.Path(path_type=Path), help="Read the text from a file; - is standard input.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("speech.wav"), show_default=True,
    help="Where the sound goes; - streams it to standard output while it is made.",
)  # fmt: skip
@click.option("--format", "form", help="wav, flac, mp3, opus, aac or pcm; the ending of -o if not given.")
@click.option("--captions", metavar="FORMATS", help="Captions beside the sound: any of srt,vtt,ass,csv,json.")
@click.option("--voice", help="A voice of the catalogue, or the path of a Piper MODEL.onnx.")
@input_flags(SpeakInputs, without=("text",))
@caption_flags
@json_option
def speak(
    text: str | None,
    file: Path | None,
    output: Path,
    form: str | None,
    captions: str | None,
    voice: str | None,
    options: tuple[str, ...],
    karaoke: bool,
    as_json: bool,
    **inputs: Any,
) -> int:
    """Say a text, and write captions of it.

    TEXT is what to say; without it and -f, standard input is read. The voice is for evaluation: its engine is
    GPL-3.0-or-later, and it was fine-tuned from recordings licensed for research.
    """
    from greenroom.captions.options import CaptionInputs
    from greenroom.models.voice.speak import Request, speak_to_files, speak_to_stream

    out = Output("speak", as_json)
    settings = configured(out, {"voice": voice})
    if captions is None and (karaoke or options):
        raise InputInvalid("--karaoke and --option are for captions", mend="add --captions srt,vtt")
    request = Request(
        inputs=SpeakInputs.check({"text": _text(text, file), **given(inputs)}),
        voice=settings.voice,
        output=output,
        form=form,
        captions=tuple(format_list(captions)),
        caption_options=CaptionInputs.check(caption_options(options, karaoke=karaoke)),
        aligners=usual_aligners(out, settings),
    )
    if output == STANDARD:
        if as_json:
            raise InputInvalid("-o - and --json both want standard output", mend="write to a file, or leave out --json")
        # Who listens may leave early, as head does: that is no failure.
        with writing_to(Path("standard output")), contextlib.suppress(BrokenPipeError):
            speak_to_stream(request, _binary_stdout(), notice=out.say)
        return 0
    with out.progress() as step:
        result = speak_to_files(request, step=step, notice=out.say)
    for warning in result.warnings:
        out.say(f"warning: {warning}")
    out.result(result, _lines(result))
    return 0


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


def _lines(result: SpeakResult) -> str:
    """Where the files are and what they hold."""
    words = counted(result.words, "word")
    holds = f"{result.seconds:.1f} s of speech, {words}, {result.rate} Hz, {result.loudness_lufs} LUFS"
    rows = [(str(result.audio), holds)]
    if result.captions:
        rows += caption_rows(result.captions)
    return columns(rows)
