"""Files of the kernel's and of the system's: their text, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def text(file: Path) -> str | None:
    """What a small file holds, stripped; None where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def number(file: Path) -> int | None:
    """The whole number in a file; None for anything else, such as cgroup's ``max``."""
    said = text(file)
    return int(said) if said is not None and said.isdecimal() else None


def entries(folder: Path) -> tuple[str, ...]:
    """The names in a folder, sorted; none where it is not there."""
    try:
        return tuple(sorted(entry.name for entry in folder.iterdir()))
    except OSError:
        return ()


def assignments(file: Path, separator: str) -> Mapping[str, str]:
    """The lines of a file that hold the separator, as names and unquoted values."""
    lines = (text(file) or "").splitlines()
    pairs = (line.split(separator, 1) for line in lines if separator in line)
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}
