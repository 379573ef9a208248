"""How analysers say what they found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.findings import Finding, Patch, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.diagnose.recipe import Recipe
    from greenroom.diagnose.source import Folder, Place

    Analyser = Callable[[Recipe], Iterator[Finding]]


def found(code: str, severity: Severity, place: Place, message: str, mend: str, patch: Patch | None = None) -> Finding:
    """A finding at a place."""
    return Finding(code, severity, message, mend, place.path, place.line, patch)


def error(code: str, place: Place, message: str, mend: str, patch: Patch | None = None) -> Finding:
    """What breaks the recipe for sure."""
    return found(code, "error", place, message, mend, patch)


def warning(code: str, place: Place, message: str, mend: str, patch: Patch | None = None) -> Finding:
    """What may break it."""
    return found(code, "warning", place, message, mend, patch)


def note(code: str, place: Place, message: str, mend: str, patch: Patch | None = None) -> Finding:
    """What is good to know."""
    return found(code, "note", place, message, mend, patch)


def replaced(folder: Folder, place: Place, old: str, new: str, *, safe: bool = False) -> Patch | None:
    """A patch that puts ``new`` in the place of the first ``old`` of a line; None where the line has no ``old``."""
    source = folder.read(place.path)
    line = source.line(place.line) if source is not None else ""
    if not old or old not in line:
        return None
    return Patch(place.path, place.line, (line,), (line.replace(old, new, 1),), safe)


def appended(folder: Folder, place: Place, text: str, *, safe: bool = False) -> Patch | None:
    """A patch that puts text behind a line's command, in front of ``&& \\`` or ``\\`` at its end."""
    source = folder.read(place.path)
    line = source.line(place.line) if source is not None else ""
    if not line.strip():
        return None
    body = line.rstrip()
    tail = ""
    while body.endswith(("\\", "&&", "||", ";", "&", "|")) and not body.endswith("\\;"):
        last = 2 if body.endswith(("&&", "||")) else 1
        tail = body[-last:] + (" " if tail else "") + tail
        body = body[:-last].rstrip()
    return Patch(place.path, place.line, (line,), (f"{body}{text}{' ' if tail else ''}{tail}",), safe)


def size(count: float) -> str:
    """``33.0 GB``; a GB is 10^9 bytes, as the platform counts."""
    return f"{count / 1e9:.1f} GB"
