"""``greenroom caption``: subtitle files from timed words, or from sound and its text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from greenroom.captions.align.chain import default_aligners
from greenroom.captions.options import CaptionInputs
from greenroom.captions.publish import CaptionFiles, caption_audio, caption_words
from greenroom.captions.write import FORMATS, check_formats
from greenroom.cli.output import Output, columns, counted, json_option
from greenroom.cli.text import read_text_file
from greenroom.errors import InputInvalid, quoted
from greenroom.settings import resolve


def caption_flags(verb: Any) -> Any:
    """The flags that every verb with captions shares."""
    verb = click.option(
        "--option", "options", multiple=True, metavar="NAME=VALUE", help="A caption option, such as max_chars=37."
    )(verb)
    return click.option("--karaoke", is_flag=True, help="Mark when each word begins, in ASS and WebVTT.")(verb)


def format_list(value: str | None) -> list[str]:
    """``srt,vtt`` as names. Raises UnknownName."""
    return check_formats(name.strip().lower() for name in (value or "").split(",") if name.strip())


def caption_options(options: tuple[str, ...], *, karaoke: bool) -> dict[str, Any]:
    """``("max_chars=37",)`` as values by name; the declaration checks them."""
    values: dict[str, Any] = {"karaoke": True} if karaoke else {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise InputInvalid(f"--option is {quoted(option)}, which is no NAME=VALUE", mend="--option max_chars=37")
        values[name.strip().replace("-", "_")] = value
    return values


@click.command()
@click.argument("source", metavar="WORDS.json|AUDIO", type=click.Path(path_type=Path))
@click.option("--text", type=click.Path(path_type=Path), help="What is said in AUDIO: a text file.")
@click.option("--format", "formats", default="srt", show_default=True, help=f"Any of {','.join(FORMATS)}.")
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path), default=Path(), help="Folder for the files.")
@click.option("--stem", help="Name of the files, without ending; the source's if not given.")
@click.option("--language", default="en-us", show_default=True, help="Language of AUDIO, such as en-gb or fr.")
@caption_flags
@json_option
def caption(
    source: Path,
    text: Path | None,
    formats: str,
    folder: Path,
    stem: str | None,
    language: str,
    options: tuple[str, ...],
    karaoke: bool,
    as_json: bool,
) -> int:
    """Make subtitle files from timed words, or from sound and its text.

    \b
    WORDS.json holds {"words": [{"w": "Hello", "s": 0.4, "e": 0.8}], "options": {}, "audio_end": 1.2}.
    AUDIO is any sound or video file; its text is laid over it by the first aligner that can.
    """
    names = format_list(formats)
    if not names:
        raise InputInvalid("--format is empty", mend=f"name any of {','.join(FORMATS)}")
    out = Output("caption", as_json)
    wanted = caption_options(options, karaoke=karaoke)
    name = stem or source.stem
    if text is None:
        made = caption_words(source, names, folder, name, wanted)
        out.result(made, columns(caption_rows(made)))
        return 0
    settings = resolve().settings
    aligners = default_aligners(
        whisperx_python=settings.whisperx_python, google_credentials=settings.google_credentials
    )
    said, chosen = read_text_file(text), CaptionInputs.check(wanted)
    with out.progress() as step:
        result = caption_audio(
            source, said, names, folder, name, chosen, language=language, aligners=aligners, step=step
        )
    for passed in result.passed_over[1:]:  # the first is the synthesiser, and there is none
        out.say(f"passed over {passed.name}: {passed.reason}")
    out.result(result, columns(caption_rows(result.captions)))
    out.say(f"times by {result.source}")
    return 0


def caption_rows(made: CaptionFiles) -> list[tuple[str, str]]:
    """Where the captions are and what they hold."""
    marked = [
        f"{count} {what}"
        for count, what in (
            (made.fast, "too fast to read"),
            (made.long, "longer than asked"),
            (made.estimated, "with estimated times"),
        )
        if count
    ]
    holds = ", ".join([counted(made.cues, "cue"), counted(made.words, "word"), *marked])
    return [(str(path), holds) for path in made.files.values()]
