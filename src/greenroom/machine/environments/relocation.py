"""Environments that move: they are built under another name than they get, and unpacked on other machines."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from typing import TYPE_CHECKING

from greenroom.machine.environments.record import site_packages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What a script begins with, so that it finds the Python that lies beside it, through links; both sh and Python read it.
_HEAD = b"""#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")"/'python' "$0" "$@"
' '''
"""
_LONGEST_HEAD = 1024


def make_scripts_relative(environment: Path) -> None:
    """Let scripts that were written for this place run at any, and write their new hashes into RECORD."""
    changed: dict[Path, bytes] = {}
    for script in sorted((environment / "bin").iterdir()):
        if script.is_symlink() or not script.is_file():
            continue
        content = script.read_bytes()
        rest = _without_head(content, environment)
        if rest is not None:
            script.write_bytes(_HEAD + rest)
            changed[script.parent.resolve() / script.name] = _HEAD + rest
    if changed:
        _record(environment, changed)


def replace_in_activation(environment: Path, old: str, new: str) -> None:
    """Let bin/activate and its kin name the place that the environment will have."""
    for script in (environment / "bin").glob("[aA]ctivate*"):
        content = script.read_bytes()
        moved = content.replace(old.encode(), new.encode())
        if moved != content:
            script.write_bytes(moved)


def set_base(environment: Path, python: Path) -> None:
    """Let an environment rest on this machine's interpreter, which must be of the same Python."""
    binaries = environment / "bin"
    version = f"python{'.'.join(map(str, _version(environment)))}"
    for name, target in (("python", str(python)), ("python3", "python"), (version, "python")):
        (binaries / name).unlink(missing_ok=True)
        (binaries / name).symlink_to(target)
    config = environment / "pyvenv.cfg"
    lines = [line for line in config.read_text().splitlines() if line.partition("=")[0].strip() not in _BASE_KEYS]
    config.write_text("\n".join([f"home = {python.parent}", *lines, ""]))


# Of pyvenv.cfg: where the interpreter was on the machine that made the environment.
_BASE_KEYS = {"home", "executable", "command"}


def _version(environment: Path) -> tuple[int, int]:
    (folder,) = (environment / "lib").glob("python*.*")
    major, minor = folder.name.removeprefix("python").split(".")
    return int(major), int(minor)


def _without_head(content: bytes, environment: Path) -> bytes | None:
    """What follows the lines that name the interpreter of ``environment``; None where none does."""
    python = str(environment / "bin").encode()
    if not content.startswith(b"#!"):
        return None
    first, _, rest = content.partition(b"\n")
    if python in first:
        return rest
    # A path that is too long for the kernel stands in a line of sh, between quotes that Python skips.
    head, quotes, behind = content[:_LONGEST_HEAD].partition(b"\n' '''\n")
    if first == b"#!/bin/sh" and quotes and python in head:
        return behind + content[_LONGEST_HEAD:]
    return None


def _record(environment: Path, changed: dict[Path, bytes]) -> None:
    site = site_packages(environment)
    for record in site.glob("*.dist-info/RECORD"):
        rows = list(csv.reader(io.StringIO(record.read_text(encoding="utf-8"), newline="")))
        new = list(_with_hashes(rows, site, changed))
        if new != rows:
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\n").writerows(new)
            record.write_text(text.getvalue(), encoding="utf-8")


def _with_hashes(rows: list[list[str]], site: Path, changed: dict[Path, bytes]) -> Iterator[list[str]]:
    for row in rows:
        path = site / row[0]
        content = changed.get(path.parent.resolve() / path.name) if ".." in row[0] else None
        if content is None:
            yield row
        else:
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            yield [row[0], f"sha256={digest}", str(len(content))]
