"""``greenroom keys``: make keys for a server."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import click

from greenroom.cli.configured import configured
from greenroom.cli.output import Output, json_option
from greenroom.errors import FileUnreadable, InputInvalid, quoted

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("name")
@click.option("--file", help="Put it into this file of keys; that of the settings, if not given.")
@click.option("--concurrency", type=click.IntRange(1), help="Jobs that may wait or run at once.")
@click.option("--requests-per-minute", type=click.FloatRange(0, min_open=True), help="Requests on the long run.")
@click.option("--admin", is_flag=True, help="It sees and stops everybody's jobs.")
@json_option
def keys(
    name: str,
    file: str | None,
    concurrency: int | None,
    requests_per_minute: float | None,
    admin: bool,
    as_json: bool,
) -> None:
    """Make a key for a server, and show it this once.

    NAME: whose it is; their jobs are kept under it. The file holds only a hash of the key. A server that runs takes the
    new key at once.
    """
    from pathlib import Path

    from greenroom.serve.keys import new_key

    out = Output("keys", as_json)
    path = Path(file).expanduser() if file is not None else configured(out).keys
    key, entry = new_key(name, concurrency=concurrency, requests_per_minute=requests_per_minute, admin=admin)
    if path is None:
        out.say(f"put this into a file, and serve with --keys FILE:\n\n{entry}")
    else:
        _add(path, name, entry)
        out.say(f"{name} is in {path}; the key is shown this once:")
    out.result({"name": name, "key": key, "entry": entry, "file": path}, key)


def _add(path: Path, name: str, entry: str) -> None:
    """Write the file anew with one entry more. Raises InputInvalid, FileUnreadable, OutputUnwritable."""
    import tomllib

    from greenroom.files import Publication

    try:
        text = path.read_text(encoding="utf-8")
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        text, mode = "", 0o600
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"the file of keys {quoted(path)} cannot be read", mend="check its rights") from error
    try:
        listed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileUnreadable(f"{quoted(path)} is not TOML: {error}", mend="name a file of keys") from error
    if name in listed:
        raise InputInvalid(
            f"{quoted(path)} has a key of the name {quoted(name)}", mend="choose another name, or take it out first"
        )
    with Publication(path.parent) as publication, publication.open(path.name) as written:
        os.fchmod(written.fileno(), mode)
        written.write(f"{text.rstrip()}\n\n{entry}".lstrip().encode())
