"""``greenroom voices``: voices by name, for the models that take any."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, columns, json_option

if TYPE_CHECKING:
    from greenroom.models.f5tts.voices import StoredVoice, Voices


@click.group()
def voices() -> None:
    """Keep voices by name, for the models that take any."""


@voices.command("add")
@click.argument("name")
@click.option("--ref", "recording", type=click.Path(path_type=Path), required=True, help="A recording of the voice.")
@click.option("--ref-text", "transcript", help="Its words, exactly as spoken.")
@click.option("--language", help="Their language, such as en or zh; told from the letters if not given.")
@click.option(
    "--check-reference/--no-check-reference",
    "check",
    default=True,
    help="Listen whether it says its words.",
)
@setting_flags("data")
@json_option
def add(
    name: str,
    recording: Path,
    transcript: str | None,
    language: str | None,
    check: bool,
    data: str | None,
    as_json: bool,
) -> int:
    """Keep a voice under a NAME of letters, digits and _."""
    from greenroom.errors import InputInvalid
    from greenroom.models.f5tts.voices import add_recording

    out = Output("voices", as_json)
    kept = _kept(out, data)
    kept.check_new(name)
    if transcript is None:
        raise InputInvalid(
            "--ref-text is missing, and the model needs the words of a recording",
            mend='--ref-text "what is said in it"',
        )
    with out.progress() as step:
        voice, warnings = add_recording(kept, name, recording, transcript, language=language, check=check, step=step)
    for warning in warnings:
        out.say(f"warning: {warning}")
    out.result({"voice": voice, "warnings": warnings}, _row(voice)[0] + "  " + _row(voice)[1])
    return 0


@voices.command("list")
@setting_flags("data")
@json_option
def listed(data: str | None, as_json: bool) -> int:
    """List the voices."""
    out = Output("voices", as_json)
    found = _kept(out, data).all()
    if not found:
        out.say('no voice is stored yet: greenroom voices add NAME --ref voice.wav --ref-text "..."')
    out.result({"voices": found}, columns([_row(voice) for voice in found]) if found else "")
    return 0


@voices.command("show")
@click.argument("name")
@setting_flags("data")
@json_option
def show(name: str, data: str | None, as_json: bool) -> int:
    """Show all that is known of a voice."""
    out = Output("voices", as_json)
    kept = _kept(out, data)
    voice = kept.get(name)
    facts = [
        (voice.name, f"{voice.seconds:.1f} s, {voice.language}, made {voice.created}"),
        ("says", voice.transcript),
        ("sound", str(kept.recording(name))),
        ("made from", f"a file with the SHA-256 {voice.source_sha256}"),
    ]
    out.result(voice, columns(facts))
    return 0


@voices.command("remove")
@click.argument("name")
@setting_flags("data")
@json_option
def remove(name: str, data: str | None, as_json: bool) -> int:
    """Forget a voice."""
    out = Output("voices", as_json)
    _kept(out, data).remove(name)
    out.result({"removed": name}, f"{name} is removed")
    return 0


def _kept(out: Output, data: str | None) -> Voices:
    from greenroom.models.f5tts.voices import FOLDER, Voices

    return Voices(configured(out, {"data": data}).data / FOLDER)


def _row(voice: StoredVoice) -> tuple[str, str]:
    return voice.name, f"{voice.seconds:.1f} s, {voice.language}: {voice.transcript}"
