"""The flags of captions, which several verbs share, and how they show the files they made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenroom.errors import InputInvalid, quoted
from greenroom.words import counted

if TYPE_CHECKING:
    from greenroom.captions.publish import CaptionFiles


def caption_flags(verb: Any) -> Any:
    """Give a verb ``--karaoke`` and ``--option``."""
    verb = click.option(
        "--option", "options", multiple=True, metavar="NAME=VALUE", help="A caption option, such as max_chars=37."
    )(verb)
    return click.option("--karaoke", is_flag=True, help="Mark when each word begins, in ASS and WebVTT.")(verb)


def format_list(value: str | None) -> list[str]:
    """``srt,vtt`` as names. Raises UnknownName."""
    from greenroom.captions.write import check_formats

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
