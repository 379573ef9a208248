"""A file of a recipe as it lies on disk, and the folder that holds all of them."""

from __future__ import annotations

import bisect
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# A start script or a Dockerfile is a few kilobytes. What is larger is data, and is not read.
LARGEST = 1_000_000
# More than a recipe has. A folder that goes on is a checkout of something else, and its tail is not looked at.
MOST_NAMES = 50_000
_SKIPPED = {".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".tox"}


class Place(NamedTuple):
    """Where something stands: a path below the recipe's folder, a line from 1."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A text file. lines: without their ends.  carriage: the first line that ends with CR LF, 0 for none."""

    path: str
    text: str
    lines: tuple[str, ...]
    carriage: int = 0
    executable: bool = False
    byte_order_mark: bool = False

    def line(self, number: int) -> str:
        """A line by its number from 1; empty beyond the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


def source_file(path: str, data: bytes, *, executable: bool = False) -> SourceFile:
    """A file from its bytes. What is no UTF-8 is replaced: findings are about the rest."""
    mark = data.startswith(b"\xef\xbb\xbf")
    text = (data[3:] if mark else data).decode("utf-8", errors="replace")
    raw = text.split("\n")
    if "\r" not in text:
        return SourceFile(path, text, tuple(raw), 0, executable, mark)
    carriage = next((number for number, line in enumerate(raw, 1) if line.endswith("\r")), 0)
    lines = tuple(line.removesuffix("\r") for line in raw)
    return SourceFile(path, "\n".join(lines), lines, carriage, executable, mark)


class Folder:
    """The files of a recipe. Names are listed once; contents are read when somebody asks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names = tuple(_listed(root))
        self._ordered = sorted(self.names)
        self._named: dict[str, list[str]] = {}
        for path in self.names:
            self._named.setdefault(path.rpartition("/")[2], []).append(path)
        self.known = frozenset(self.names)
        self.folders = frozenset(above for name in self.names for above in _above(name))
        self._read: dict[str, SourceFile | None] = {}

    def named(self, name: str) -> Sequence[str]:
        """All paths whose last part is this name."""
        return self._named.get(name, ())

    def below(self, beginning: str) -> Sequence[str]:
        """All names that begin so, in the order of the alphabet."""
        first = bisect.bisect_left(self._ordered, beginning)
        last = bisect.bisect_left(self._ordered, beginning + "\U0010ffff", first)
        return self._ordered[first:last]

    def read(self, path: str) -> SourceFile | None:
        """A text file by its path; None where there is none, or where it is too large or binary."""
        if path not in self._read:
            self._read[path] = _read(self.root, path) if path in self.known else None
        return self._read[path]

    def is_executable(self, path: str) -> bool:
        """Whether a file may be executed, as it lies here."""
        try:
            return bool((self.root / path).stat().st_mode & 0o111)
        except OSError:
            return False


def _above(name: str) -> list[str]:
    """The folders that a path lies in."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _listed(root: Path) -> list[str]:
    names: list[str] = []
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(name for name in inner if name not in _SKIPPED and _is_text(name))
        below = Path(folder).relative_to(root).as_posix()
        shown = sorted(name for name in files if _is_text(name))
        names += [name if below == "." else f"{below}/{name}" for name in shown]
        if len(names) > MOST_NAMES:
            break
    return names[:MOST_NAMES]


def _is_text(name: str) -> bool:
    """Whether a name can be printed. No recipe has others, and no report could name them."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read(root: Path, path: str) -> SourceFile | None:
    try:
        mode = os.stat(f"{root}/{path}")  # noqa: PTH116 - pathlib takes longer to make a path than this to read it
        if not stat.S_ISREG(mode.st_mode) or mode.st_size > LARGEST:
            return None
        with open(f"{root}/{path}", "rb") as file:  # noqa: PTH123 - a path object for each of thousands of files costs more
            data = file.read()
    except OSError:
        return None
    if b"\0" in data:
        return None
    return source_file(path, data, executable=bool(mode.st_mode & 0o111))
