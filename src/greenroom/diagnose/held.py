"""The files of an image that the recipe decides."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom.diagnose.source import Place

if TYPE_CHECKING:
    from greenroom.diagnose.command import Command
    from greenroom.diagnose.ignoring import Rule
    from greenroom.diagnose.image import Stage, Step
    from greenroom.diagnose.source import Folder, SourceFile

SEARCHED = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")

Line = tuple[str, Place]


@dataclass(slots=True)
class HeldFile:
    """A file of the image. place: what brought it there.  owner: whom it was given to.

    written: its lines, each with where it was written.  origin: the path of the context that it is a copy of, which is
    read when somebody asks.  Of a file with neither nobody can say what it holds.  mode: whether it may be executed, as
    the recipe says; None where it does not.
    """

    path: str
    place: Place
    written: list[Line] | None = None
    origin: str = ""
    folder: Folder | None = None
    mode: bool | None = None
    owner: str = ""

    @property
    def source(self) -> SourceFile | None:
        """The file that it is a copy of."""
        return self.folder.read(self.origin) if self.folder is not None else None

    @property
    def lines(self) -> list[Line] | None:
        """What it holds, line by line; None where nobody can say."""
        if self.written is None and (source := self.source) is not None:
            self.written = [(line, Place(self.origin, row)) for row, line in enumerate(source.lines, 1)]
        return self.written

    @property
    def executable(self) -> bool | None:
        """Whether it may be executed; None is unknown."""
        if self.mode is None and self.folder is not None:
            return self.folder.is_executable(self.origin)
        return self.mode


@dataclass(frozen=True, slots=True)
class Write:
    """One command of RUN that puts lines into a file. empties: it begins the file anew."""

    path: str
    place: Place
    lines: tuple[Line, ...]
    empties: bool
    command: Command
    step: Step


@dataclass(frozen=True, slots=True)
class Copied:
    """One source of a COPY or ADD.

    found: paths of the context.  hidden: what ``.dockerignore`` keeps out, by rule.  placed: paths in the image.
    """

    step: Step
    stage: Stage
    source: str
    target: str
    found: tuple[str, ...]
    hidden: tuple[tuple[str, Rule], ...]
    is_folder: bool
    placed: tuple[str, ...] = ()


@dataclass(slots=True)
class Held:
    """All of it. opaque: words of RUN commands that may have made any file below them."""

    files: dict[str, HeldFile] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    copies: list[Copied] = field(default_factory=list)
    opaque: set[str] = field(default_factory=set)

    def get(self, path: str) -> HeldFile | None:
        """A file by its path, links of the usual folders followed."""
        return self.files.get(posixpath.normpath(path)) if path else None

    def searched(self, program: str) -> HeldFile | None:
        """The file that is run when a bare name is called, as PATH is from the start."""
        return next((file for folder in SEARCHED if (file := self.files.get(f"{folder}/{program}"))), None)

    def may_hold(self, path: str) -> bool:
        """Whether a command may have made the file, as far as its words tell."""
        parents = [path]
        while len(parents[-1]) > 1:
            parents.append(posixpath.dirname(parents[-1]))
        near = parents[:-1]
        # A file may have been made under its name elsewhere and moved; folders are called alike too often.
        name = posixpath.basename(path) if "." in posixpath.basename(path) else ""
        return any(
            word in near or (name and (word == name or word.rstrip("/").endswith(f"/{name}"))) for word in self.opaque
        )
