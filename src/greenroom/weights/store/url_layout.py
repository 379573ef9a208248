"""Files of plain URLs, at ``urls/HOST/PATH`` as their address has it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from greenroom.errors import InputInvalid, quoted
from greenroom.weights.store.records import BESIDE, Records
from greenroom.weights.transfer.source import shown

if TYPE_CHECKING:
    from greenroom.recipes.recipe import ModelFile

GITHUB = "https://github.com"
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class UrlFiles:
    """A folder of files by their URLs."""

    base: Path

    @property
    def records(self) -> Records:
        """What is known of them."""
        return Records(self.base)

    def place(self, url: str) -> Path:
        """Where the file of a URL lies, or would. Raises InputInvalid for one that names no file."""
        parts = urlsplit(url)
        names = [_name(unquote(part)) for part in PurePosixPath(parts.path or "/").parts[1:]]
        if not parts.hostname or not names or parts.path.endswith("/"):
            raise InputInvalid(f"{quoted(shown(url))} names no file", mend="say where it goes: -o FILE")
        if parts.query:
            # A query tells files apart and may hold a secret: its hash does the one without giving away the other.
            last = PurePosixPath(names[-1])
            names[-1] = f"{last.stem}-{hashlib.sha256(parts.query.encode()).hexdigest()[:12]}{last.suffix}"
        host = parts.hostname if parts.port is None else f"{parts.hostname}_{parts.port}"
        return self.base.joinpath(_name(host), *names)

    def find(self, url: str) -> Path | None:
        """The file of a URL, if it is here."""
        place = self.place(url)
        return place if place.is_file() else None


def github_url(file: ModelFile, host: str = GITHUB) -> str:
    """Where GitHub gives the bytes of a file, those of Git LFS too."""
    return f"{host}/{file.repository}/raw/{file.revision or 'HEAD'}/{quote(file.path)}"


def _name(part: str) -> str:
    """A part of a URL as a name of a file: nothing that climbs, hides, is too long or reads as unfinished."""
    name = "".join("_" if letter in "/\\\0" or ord(letter) < 32 else letter for letter in part)
    name = f"_{name[1:]}" if name.startswith(".") else name
    name = f"{name}_" if name.endswith(BESIDE) else name
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return f"{name[:60]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"
