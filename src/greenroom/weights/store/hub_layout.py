"""The model hub's cache, as its client, transformers and diffusers read it; done here without that client.

``models--OWNER--NAME/blobs/ETAG`` holds the bytes, ``snapshots/COMMIT/PATH`` is a link to them, and ``refs/REVISION``
names a commit. The ETAG of a large file is its SHA-256, that of a small one the SHA-1 that git gives it.
On a file system without links the bytes lie in the snapshot itself.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.weights.store.records import led_to

if TYPE_CHECKING:
    from pathlib import Path

_PREFIX = "models--"
_MAIN = "main"


@dataclass(frozen=True, slots=True)
class HubRepository:
    """One repository in a cache. cache: the folder of all.  name: ``owner/name``."""

    cache: Path
    name: str

    @classmethod
    def all(cls, cache: Path) -> tuple[HubRepository, ...]:
        """The repositories of models in a cache, by name."""
        try:
            folders = sorted(entry.name for entry in cache.iterdir() if entry.name.startswith(_PREFIX))
        except OSError:
            return ()
        return tuple(cls(cache, name.removeprefix(_PREFIX).replace("--", "/", 1)) for name in folders)

    @property
    def folder(self) -> Path:
        """All that the cache holds of it."""
        return self.cache / f"{_PREFIX}{self.name.replace('/', '--')}"

    def blob(self, etag: str) -> Path:
        """Where the bytes of an etag lie."""
        return self.folder / "blobs" / etag

    def snapshot(self, commit: str) -> Path:
        """The tree of a commit, as far as it was fetched."""
        return self.folder / "snapshots" / commit

    def refs(self) -> dict[str, str]:
        """The commit of every branch and tag that was asked for."""
        folder = self.folder / "refs"
        named = {str(ref.relative_to(folder)): _text(ref) for ref in sorted(folder.rglob("*")) if ref.is_file()}
        return {name: commit for name, commit in named.items() if commit}

    def commit(self, revision: str | None) -> str:
        """The commit that a branch or tag stood for when it was fetched; anything else is taken for a commit."""
        return _text(self.folder / "refs" / (revision or _MAIN)) or revision or _MAIN

    def files(self, commit: str) -> tuple[Path, ...]:
        """The files of a commit's tree that are here, by path."""
        return tuple(sorted(file for file in self.snapshot(commit).rglob("*") if file.is_file()))

    def find(self, path: str, revision: str | None, sha256: str | None = None) -> Path | None:
        """A file of a revision, if it is here. sha256: of its bytes; then any commit that has them will do."""
        found = self.snapshot(self.commit(revision)) / path
        if found.is_file():
            return found
        if sha256 is None or not self.blob(sha256).is_file():
            return None
        named = (self.snapshot(commit) / path for commit in self.commits())
        return next((file for file in named if file.is_file() and etag_of(file) == sha256), None)

    def commits(self) -> tuple[str, ...]:
        """The commits of which something is here."""
        try:
            return tuple(sorted(tree.name for tree in (self.folder / "snapshots").iterdir()))
        except OSError:
            return ()

    def matching(self, pattern: str, revision: str | None) -> tuple[Path, ...]:
        """The files of a revision whose path fits a pattern with ``*``, by name."""
        tree = self.snapshot(self.commit(revision))
        return tuple(sorted(file for file in tree.glob(pattern) if file.is_file()))

    def link(self, etag: str, commit: str, path: str) -> Path:
        """Give a blob its name in a commit's tree; gives that path. A file without links takes the blob's place.

        Raises OSError.
        """
        blob, named = self.blob(etag), self.snapshot(commit) / path
        if named.is_file() and not blob.exists():
            return named  # without links, an earlier run has put it here
        named.parent.mkdir(parents=True, exist_ok=True)
        staged = named.with_name(f".{named.name}.part")
        staged.unlink(missing_ok=True)
        try:
            staged.symlink_to(os.path.relpath(blob, named.parent))
        except OSError:
            # Here, as the hub's client does on such a file system, the snapshot holds the bytes.
            blob.replace(named)
        else:
            staged.replace(named)
        return named

    def point(self, revision: str | None, commit: str) -> None:
        """Let a branch or tag stand for a commit; a commit needs no name. Raises OSError."""
        name = revision or _MAIN
        ref = self.folder / "refs" / name
        if name == commit or _text(ref) == commit:
            return
        ref.parent.mkdir(parents=True, exist_ok=True)
        staged = ref.with_name(f".{ref.name}.part")
        staged.write_text(commit)
        staged.replace(ref)


_ETAG = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def etag_of(file: Path) -> str | None:
    """The etag of a file of the cache, which says what its bytes must hash to; None where its place does not tell."""
    real = led_to(file)
    return real.name if real.parent.name == "blobs" and is_etag(real.name) else None


def is_etag(name: str) -> bool:
    """Whether a blob of this name is whole: the others have something behind it."""
    return _ETAG.fullmatch(name) is not None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
