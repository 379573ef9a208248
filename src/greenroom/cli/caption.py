"""``greenroom caption``: subtitle files from timed words, or from sound and its text."""

from __future__ import annotations

from pathlib import Path

import click

from greenroom.cli.caption_flags import caption_flags, caption_options, caption_rows, format_list
from greenroom.cli.configured import usual_aligners
from greenroom.cli.output import Output, columns, json_option
from greenroom.cli.text import read_text_file
from greenroom.errors import InputInvalid

FORMATS = "srt,vtt,ass,csv,json"


@click.command()
@click.argument("source", metavar="WORDS.json|AUDIO", type=click.Path(path_type=Path))
@click.option("--text", type=click.Path(path_type=Path), help="What is said in AUDIO: a text file.")
@click.option("--format", "formats", default="srt", show_default=True, help=f"Any of {FORMATS}.")
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path), default=Path(), help="Folder for the files.")
@click.option("--stem", help="Name of the files, without ending; the source's if not given.")
@click.option("--language", help="Language of AUDIO, such as en-gb or fr.  [default: en-us]")
@caption_flags
@json_option
def caption(
    source: Path,
    text: Path | None,
    formats: str,
    folder: Path,
    stem: str | None,
    language: str | None,
    options: tuple[str, ...],
    karaoke: bool,
    as_json: bool,
) -> int:
    """Make subtitle files from timed words, or from sound and its text.

    \b
    WORDS.json holds {"words": [{"w": "Hello", "s": 0.4, "e": 0.8}], "options": {}, "audio_end": 1.2}.
    AUDIO is any sound or video file; its text is laid over it by the first aligner that can.
    """
    from greenroom.captions.options import CaptionInputs
    from greenroom.captions.publish import caption_audio, caption_words

    names = format_list(formats)
    if not names:
        raise InputInvalid("--format is empty", mend=f"name any of {FORMATS}")
    out = Output("caption", as_json)
    wanted = caption_options(options, karaoke=karaoke)
    name = source.stem if stem is None else stem
    if text is None:
        if language is not None:
            raise InputInvalid(
                "--language is of AUDIO, and goes with --text", mend="--option lang=... is for WORDS.json"
            )
        made = caption_words(source, names, folder, name, wanted)
        out.result(made, columns(caption_rows(made)))
        return 0
    said, chosen, aligners = read_text_file(text), CaptionInputs.check(wanted), usual_aligners(out)
    with out.progress() as step:
        result = caption_audio(
            source, said, names, folder, name, chosen, language=language or "en-us", aligners=aligners, step=step
        )
    for passed in result.passed_over[1:]:  # the first is the synthesiser, and there is none
        out.say(f"passed over {passed.name}: {passed.reason}")
    out.result(result, columns(caption_rows(result.captions)))
    out.say(f"times by {result.source}")
    return 0
