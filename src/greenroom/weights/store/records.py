"""What is known of files that were verified: one small JSON file each, so that nobody needs to hash them again.

``BASE/.greenroom/PATH.json`` is the record of ``BASE/PATH``. The hub's client does not look there.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from greenroom.files import Publication

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = ".greenroom"
_ENDING = ".json"

# What stands behind the names of files that are no file of weights.
BESIDE = (".part", ".part.json", ".part.json.new", ".damaged", ".incomplete")

# Who said what the hash must be. none: nobody did, and it is the one with which the file arrived.
Authority = Literal["recipe", "hub", "user", "none"]


@dataclass(frozen=True, slots=True)
class Record:
    """A file as it was when it was verified.

    size: bytes.  mtime_ns: of its last change.  sha256: of its bytes.  authority: who had said the hash.
    origin: what it is, ``owner/name/path`` or a URL without its query.  revision: the commit it is of, or empty.
    verified: when, UTC, ``2026-11-24T21:00:00Z``.
    """

    size: int
    mtime_ns: int
    sha256: str
    authority: Authority
    origin: str
    revision: str
    verified: str

    @classmethod
    def of(cls, file: Path, sha256: str, authority: Authority, origin: str, revision: str, verified: str) -> Self:
        """The record of a file that has just been verified. Raises OSError."""
        told = file.stat()
        return cls(told.st_size, told.st_mtime_ns, sha256, authority, origin, revision, verified)

    def fits(self, file: Path) -> bool:
        """Whether a file has not been written to since."""
        with contextlib.suppress(OSError):
            told = file.stat()
            return (told.st_size, told.st_mtime_ns) == (self.size, self.mtime_ns)
        return False


@dataclass(frozen=True, slots=True)
class Records:
    """The records of the files below a folder."""

    base: Path

    def of(self, file: Path) -> Record | None:
        """What was noted of a file; None where nothing was, or where it cannot be read."""
        place = self.place(file)
        try:
            said = json.loads(place.read_text(encoding="utf-8"))
            return Record(**said)
        except (OSError, ValueError, TypeError):
            return None

    def keep(self, file: Path, record: Record) -> None:
        """Note a file. Raises OutputUnwritable."""
        place = self.place(file)
        with Publication(place.parent) as out:
            out.write(place.name, json.dumps(asdict(record), ensure_ascii=False, indent=1).encode())

    def doubt(self, file: Path) -> None:
        """Have a file hashed again before it is believed: disks change bytes without a change of time. Its hash stays.

        Raises OutputUnwritable.
        """
        if (record := self.of(file)) is not None:
            self.keep(file, replace(record, mtime_ns=0))

    def place(self, file: Path) -> Path:
        """Where the record of a file is; of a link, that of what it leads to, if that is below the folder too."""
        real = led_to(file)
        inside = (real if real.is_relative_to(self.base) else file).relative_to(self.base)
        return self.base / FOLDER / inside.with_name(inside.name + _ENDING)

    def all(self) -> Iterator[tuple[Path, Path]]:
        """Every file that has a record, with the record's own; the file may be gone."""
        folder = self.base / FOLDER
        for place in sorted(folder.rglob(f"*{_ENDING}")):
            inside = place.relative_to(folder)
            yield self.base / inside.with_name(inside.name.removesuffix(_ENDING)), place


def led_to(file: Path) -> Path:
    """Where a link leads in one step; the file itself if it is none.

    One step and not all: the hub's client may make a blob a link to where several caches share it.
    """
    return Path(os.path.normpath(file.parent / file.readlink())) if file.is_symlink() else file
