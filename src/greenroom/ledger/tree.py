"""A project as it is on the disk, or was at a revision: which documents it has, and what they say.

A change of several files that was cut off is read as if it had been finished, so nobody sees half of one. Documents
are those that git knows or would not ignore, and those of the ledger itself; without git all but those of hidden
folders and of what was installed. A link to a document that is there is no other one. A folder below that has a hub of
its own is another ledger, and no part of this one.
"""

from __future__ import annotations

import os
import posixpath
import subprocess
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from greenroom.errors import quoted
from greenroom.ledger.changes import overlay
from greenroom.ledger.errors import LedgerUnreadable
from greenroom.ledger.markdown import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HUB = "CONDUCTOR.md"
_INSTALLED = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
_LINK_MODE = "120000"
_NAMES = (HUB, "JOURNAL.md", "TASKS.md", "ERRORS.md")
_RECORDS = ("JOURNAL.d", "ERRORS.d", "JOURNAL_ARCHIVE", "TASKS_ARCHIVE")
_OF_A_HOOK = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})


class _Source(Protocol):
    """Where files come from. Paths are those of posix, relative to the root."""

    def documents(self) -> Iterable[str]: ...
    def read(self, path: str) -> bytes | None: ...
    def exists(self, path: str) -> bool: ...
    def files(self, folder: str) -> Iterable[str]: ...


class Tree:
    """A snapshot. Nothing is read twice, so that all checks see one state of each file.

    documents: paths of Markdown files, sorted.  root: the folder that it was made of.
    """

    def __init__(self, root: Path, source: _Source, changes: Mapping[str, bytes | None]) -> None:
        self.root = root
        self._source = source
        self._changes = dict(changes)
        self._left_out: tuple[str, ...] = ()
        self._bytes: dict[str, bytes | None] = {}
        self._texts: dict[str, str | None] = {}
        self._documents: dict[str, Document] = {}

    @classmethod
    def of(cls, folder: Path) -> Self:
        """A folder as it is. Raises LedgerUnreadable where there is none."""
        if not folder.is_dir():
            what = "is no folder" if folder.exists() else "is not there"
            raise LedgerUnreadable(f"{quoted(folder)} {what}", mend="name the folder of a project")
        return cls(folder, _Folder(folder), overlay(folder))

    @classmethod
    def at(cls, folder: Path, revision: str) -> Self:
        """A folder as it was at a revision of git. Raises LedgerUnreadable where there is no such revision."""
        return cls(folder, _Revision(folder, revision), {})

    def changed(self, changes: Mapping[str, bytes | None]) -> Tree:
        """The same with other contents of some files; None for one that is gone."""
        tree = Tree(self.root, self._source, {**self._changes, **changes})
        tree._left_out = self._left_out
        return tree

    def without(self, patterns: Iterable[str]) -> Tree:
        """The same without the documents whose paths match a pattern, as ``tests/*`` does; they are there still."""
        tree = self.changed({})
        tree._left_out = (*self._left_out, *patterns)
        return tree

    @cached_property
    def documents(self) -> tuple[str, ...]:
        found = set(self._source.documents())
        found |= {path for path, data in self._changes.items() if data is not None and is_document(path)}
        found -= {path for path, data in self._changes.items() if data is None}
        found = {path for path in found if not any(fnmatchcase(path, pattern) for pattern in self._left_out)}
        hubs = [posixpath.dirname(path) for path in found if posixpath.basename(path) == HUB and "/" in path]
        return tuple(sorted(path for path in found if not any(path.startswith(f"{hub}/") for hub in hubs)))

    @cached_property
    def is_ledger(self) -> bool:
        """Whether it keeps a hub, a journal, tasks or errors, and not just documents."""
        return any(path in _NAMES or path.startswith(("JOURNAL.d/", "ERRORS.d/")) for path in self.documents)

    def exists(self, path: str) -> bool:
        """Whether there is such a file or folder; above the root, too, as far as that can be known."""
        path = posixpath.normpath(path)
        if path in self._changes:
            return self._changes[path] is not None
        return self._source.exists(path) or any(
            other.startswith(f"{path}/") and data is not None for other, data in self._changes.items()
        )

    def bytes(self, path: str) -> bytes | None:
        """What is in a file; None where there is none. Raises LedgerUnreadable."""
        path = posixpath.normpath(path)
        if path in self._changes:
            return self._changes[path]
        if path not in self._bytes:
            self._bytes[path] = self._source.read(path)
        return self._bytes[path]

    def text(self, path: str) -> str | None:
        """What is in a file as text; bytes that are no UTF-8 become U+FFFD. None where there is none.

        Raises LedgerUnreadable.
        """
        path = posixpath.normpath(path)
        if path not in self._texts:
            data = self.bytes(path)
            self._texts[path] = None if data is None else data.decode("utf-8-sig", "replace")
        return self._texts[path]

    def document(self, path: str) -> Document:
        """A file as Markdown; an absent one has nothing in it. Raises LedgerUnreadable."""
        path = posixpath.normpath(path)
        if path not in self._documents:
            self._documents[path] = Document(self.text(path) or "")
        return self._documents[path]

    def files(self, folder: str) -> tuple[str, ...]:
        """Paths of the files of any kind that lie in a folder, not deeper, sorted."""
        found = {path for path in self._source.files(folder) if self._changes.get(path, b"") is not None}
        found |= {
            path for path, data in self._changes.items() if data is not None and posixpath.dirname(path) == folder
        }
        return tuple(sorted(found))


def _is_own(path: str) -> bool:
    """Whether a ledger knows a document by this name."""
    return path in _NAMES or path.startswith(tuple(f"{name}/" for name in _RECORDS))


def is_document(path: str) -> bool:
    """Whether a path is that of a Markdown file that is not hidden."""
    return path.lower().endswith(".md") and not any(part.startswith(".") for part in path.split("/"))


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._listed: tuple[str, ...] | None = None

    def documents(self) -> Iterable[str]:
        if self._listed is None:
            self._listed = tuple(self._looked_for())
        return self._listed

    def _looked_for(self) -> Iterable[str]:
        listed = [path for path in self._known_to_git() if is_document(path) and (self._root / path).is_file()]
        # A folder that git ignores as a whole is looked at nevertheless: somebody has named it.
        found = {*(listed or self._walked()), *self._own()}
        links = {path for path in found if (self._root / path).is_symlink()}
        real = {self._real(path) for path in found - links} if links else set()
        return (path for path in found if path not in links or _is_own(path) or self._real(path) not in real)

    def _own(self) -> Iterator[str]:
        """What a ledger consists of, also where git ignores it: for compilers *.d is something else."""
        yield from (name for name in _NAMES if (self._root / name).is_file())
        for name in _RECORDS:
            yield from self._walked(name)

    def _real(self, path: str) -> str:
        return os.path.realpath(self._root / path)

    def read(self, path: str) -> bytes | None:
        place = self._root / path
        try:
            # A device may have no end.
            return place.read_bytes() if self._is_file(place) else None
        except OSError as error:
            message = f"{quoted(place)} cannot be read: {error.strerror or error}"
            raise LedgerUnreadable(message, mend="make it readable") from error

    def exists(self, path: str) -> bool:
        try:
            return (self._root / path).exists()
        except (OSError, ValueError):  # a name that no file can have
            return False

    def files(self, folder: str) -> Iterator[str]:
        place = self._root / folder
        if place.is_dir():
            yield from (f"{folder}/{found.name}" for found in place.iterdir() if found.is_file())

    @staticmethod
    def _is_file(place: Path) -> bool:
        try:
            return place.is_file()
        except (OSError, ValueError):  # a name that no file can have
            return False

    def _known_to_git(self) -> list[str]:
        absolute = self._root.absolute()
        if not any((folder / ".git").exists() for folder in (absolute, *absolute.parents)):
            return []
        listed = _git(self._root, "ls-files", "-z", "-co", "--exclude-standard", "--", ":(icase)*.md")
        return [os.fsdecode(name) for name in listed.split(b"\0") if name] if listed else []

    def _walked(self, below: str = "") -> Iterator[str]:
        for folder, inner, names in os.walk(self._root / below):
            inner[:] = [
                name
                for name in inner
                if not name.startswith(".")
                and name not in _INSTALLED
                and not (Path(folder) / name / "pyvenv.cfg").exists()
            ]
            within = Path(folder).relative_to(self._root).as_posix()
            paths = (name if within == "." else f"{within}/{name}" for name in names)
            yield from (path for path in paths if is_document(path) and (self._root / path).is_file())


class _Revision:
    def __init__(self, root: Path, revision: str) -> None:
        self._root = root
        commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        prefix = _git(root, "rev-parse", "--show-prefix")
        if not commit or prefix is None:
            if prefix is None:
                message = f"git knows no repository at {quoted(root)}, and so no revision {quoted(revision)}"
                raise LedgerUnreadable(message, mend="git status there says why; --before DIR compares with a folder")
            mend = "name a commit, branch or tag of the repository that the project is in"
            if (_git(root, "rev-parse", "--is-shallow-repository") or b"").strip() == b"true":
                mend = "this clone holds the latest commits only: git fetch --unshallow, or fetch-depth: 0 in CI"
            raise LedgerUnreadable(f"git knows no revision {quoted(revision)} in {quoted(root)}", mend=mend)
        # A folder that was not there yet held nothing.
        listed = _git(
            root, "ls-tree", "-r", "-z", "--full-tree", f"{commit.decode().strip()}:{os.fsdecode(prefix).strip()}"
        )
        self._blobs: dict[str, tuple[str, str]] = {}  # mode and object by path
        for line in (listed or b"").split(b"\0"):
            said, _, name = line.partition(b"\t")
            mode, kind, blob = (*said.decode().split(), "", "", "")[:3]
            if kind == "blob":
                self._blobs[os.fsdecode(name)] = (mode, blob)
        self._read: dict[str, bytes] = {}

    def documents(self) -> Iterable[str]:
        found = (path for path in self._blobs if is_document(path))
        return (path for path in found if _is_own(path) or not self._is_second(path))

    def _is_second(self, path: str) -> bool:
        """Whether it is a link to a document that stands there under its own name."""
        if self._blobs[path][0] != _LINK_MODE:
            return False
        followed = self._followed(path)
        return followed in self._blobs and is_document(followed)

    def read(self, path: str) -> bytes | None:
        path = self._followed(path)
        if path not in self._blobs:
            return None
        if path not in self._read:
            # All documents at once: whoever reads one reads others.
            wanted = [path, *(self.documents() if is_document(path) else ())]
            self._read.update(self._fetched([name for name in dict.fromkeys(wanted) if name not in self._read]))
        return self._read[path]

    def exists(self, path: str) -> bool:
        # What lies above the root is not known; a link to it is not called broken.
        return path == "." or path.startswith("..") or path in self._blobs or path in self._folders

    def files(self, folder: str) -> Iterable[str]:
        return (path for path in self._blobs if posixpath.dirname(path) == folder)

    @cached_property
    def _folders(self) -> frozenset[str]:
        found: set[str] = set()
        for path in self._blobs:
            folder = posixpath.dirname(path)
            while folder and folder not in found:
                found.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(found)

    def _followed(self, path: str) -> str:
        """What a link of the file system leads to, a few steps far."""
        for _ in range(8):
            if self._blobs.get(path, ("", ""))[0] != _LINK_MODE:
                break
            target = os.fsdecode(self._fetched([path])[path])
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        return path

    def _fetched(self, paths: list[str]) -> dict[str, bytes]:
        asked = "".join(f"{self._blobs[path][1]}\n" for path in paths)
        said = _git(self._root, "cat-file", "--batch", given=asked.encode())
        found: dict[str, bytes] = {}
        at = 0
        for path in paths:
            end = (said or b"").find(b"\n", at)
            head = (said or b"")[at:end].split()
            if said is None or end < 0 or len(head) != 3:
                message = f"git cannot give {quoted(path)} as it was"
                raise LedgerUnreadable(message, mend="fetch that revision with its files")
            size = int(head[2])
            found[path] = said[end + 1 : end + 1 + size]
            at = end + size + 2
        return found


def _git(folder: Path, *arguments: str, given: bytes | None = None) -> bytes | None:
    """What git says; None where it fails or is not there."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program; names of revisions stand behind --end-of-options
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - whichever git the user has
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            check=False,
            env={**_without(os.environ), "GIT_OPTIONAL_LOCKS": "0"},
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def _without(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the repository of the hook that we may run in: the folder that was named decides."""
    return {name: value for name, value in environment.items() if name not in _OF_A_HOOK}
