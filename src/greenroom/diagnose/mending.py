"""Applies patches to the files of a recipe, or shows what they would change."""

from __future__ import annotations

import difflib
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.files import Publication

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenroom.findings import Finding, Patch


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it is and as it would be. codes: of the findings that are mended so."""

    path: str
    before: str
    after: str
    codes: tuple[str, ...]

    @property
    def diff(self) -> str:
        """A unified diff, as ``git apply`` takes it."""
        sides = (self.before.splitlines(keepends=True), self.after.splitlines(keepends=True))
        lines = difflib.unified_diff(*sides, f"a/{self.path}", f"b/{self.path}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def changes(folder: Path, findings: Iterable[Finding], *, safe: bool) -> tuple[Change, ...]:
    """What the patches of findings change; with ``safe`` only those that nobody needs to read first.

    Of patches that touch the same lines the first one is taken. A patch whose lines are no more there is passed over.
    """
    by_path: dict[str, list[tuple[Patch, str]]] = {}
    for finding in findings:
        if finding.patch is not None and (finding.patch.safe or not safe):
            by_path.setdefault(finding.patch.path, []).append((finding.patch, finding.code))
    made = (_change(folder, path, patches) for path, patches in sorted(by_path.items()))
    return tuple(change for change in made if change is not None)


def apply(folder: Path, wanted: Iterable[Change]) -> None:
    """Write changed files: each whole under its name, or not at all. Raises OutputUnwritable."""
    for change in wanted:
        target = folder / change.path
        mode = stat.S_IMODE(target.stat().st_mode)
        with Publication(target.parent) as out, out.open(target.name) as file:
            os.fchmod(file.fileno(), mode)  # a script stays executable
            file.write(change.after.encode())


def _change(folder: Path, path: str, patches: list[tuple[Patch, str]]) -> Change | None:
    if (folder / path).is_symlink():
        return None  # what it names may lie elsewhere, and belong to others
    try:
        before = (folder / path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    lines = before.split("\n")
    taken: set[int] = set()
    codes: list[str] = []
    accepted: list[Patch] = []
    for patch, code in patches:
        touched = set(range(patch.line, patch.line + max(len(patch.before), 1)))
        there = [line.rstrip("\r") for line in lines[patch.line - 1 : patch.line - 1 + len(patch.before)]]
        if touched & taken or there != [line.rstrip("\r") for line in patch.before]:
            continue
        taken |= touched
        accepted.append(patch)
        codes.append(code)
    for patch in sorted(accepted, key=lambda patch: patch.line, reverse=True):
        begin, end = patch.line - 1, patch.line - 1 + len(patch.before)
        # A file with CR LF keeps them, unless they are what is mended.
        returns = any(line.endswith("\r") for line in lines[begin:end]) and not any(
            "\r" in line for line in patch.before
        )
        lines[begin:end] = [f"{line}\r" if returns else line for line in patch.after]
    after = "\n".join(lines)
    return Change(path, before, after, tuple(dict.fromkeys(codes))) if after != before else None
