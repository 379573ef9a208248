"""Documents while a change is worked out: what they will hold, byte for byte, and what they held."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from greenroom.errors import GreenroomError
from greenroom.ledger.changes import finish, moment, writing
from greenroom.ledger.errors_table import EVENTS
from greenroom.ledger.journal import FRAGMENTS, JOURNAL, pages
from greenroom.ledger.markdown import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from greenroom.ledger.changes import Writer
    from greenroom.ledger.journal import Pages
    from greenroom.ledger.tree import Tree

T = TypeVar("T")


class Draft:
    """A tree and what is to become of it. Bytes that are no text come back as they were."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._new: dict[str, bytes | None] = {}
        self._documents: dict[str, Document] = {}
        self._pages: dict[str, Pages] = {}

    @property
    def tree(self) -> Tree:
        """The tree as it will be."""
        return self._tree.changed(self._new) if self._new else self._tree

    @property
    def changes(self) -> dict[str, bytes | None]:
        """New contents by path, None for a file that goes; what comes to nothing is left out."""
        return {path: data for path, data in self._new.items() if data != self._tree.bytes(path)}

    def text(self, path: str) -> str | None:
        """What a file holds; None where there is none.

        The mark that some editors begin a file with is no part of a record, which is to stand in another file.
        """
        data = self._new[path] if path in self._new else self._tree.bytes(path)
        text = None if data is None else data.decode("utf-8", "surrogateescape")
        return text.removeprefix("\ufeff") if text and path.startswith((f"{FRAGMENTS}/", f"{EVENTS}/")) else text

    def before(self, path: str) -> bytes | None:
        """What a file held."""
        return self._tree.bytes(path)

    def document(self, path: str) -> Document:
        """The same as Markdown; an absent file holds nothing."""
        if path not in self._documents:
            self._documents[path] = Document(self.text(path) or "")
        return self._documents[path]

    def pages(self, path: str) -> Pages:
        """The same as a document of entries."""
        if path not in self._pages:
            self._pages[path] = pages(self.document(path), path)
        return self._pages[path]

    def paths(self, folder: str = "") -> tuple[str, ...]:
        """Documents that are there, or those of a folder and below."""
        within = f"{folder}/" if folder else ""
        found = {path for path in self._tree.documents if path.startswith(within) and path not in self._new}
        found |= {path for path, data in self._new.items() if data is not None and path.startswith(within)}
        return tuple(sorted(found))

    def put(self, path: str, text: str) -> None:
        """Let a file hold a text."""
        self._forget(path)
        self._new[path] = text.encode("utf-8", "surrogateescape")

    def remove(self, paths: Iterable[str]) -> None:
        """Let files go."""
        for path in paths:
            self._forget(path)
            self._new[path] = None

    def apply(self, writer: Writer) -> None:
        """Write what has changed. Raises what ``changes.writing`` raises."""
        changes = self.changes
        # The journal last: what goes from it into an archive is there before it is gone here.
        ordered = sorted(changes, key=lambda path: path == JOURNAL)
        writes = {path: data for path in ordered if (data := changes[path]) is not None}
        gone = [path for path, data in changes.items() if data is None]
        writer.apply(writes, gone, {path: self._tree.bytes(path) for path in changes})

    def _forget(self, path: str) -> None:
        self._documents.pop(path, None)
        self._pages.pop(path, None)


def carry_out(root: Path, begin: Callable[[], Draft], work: Callable[[Draft], T]) -> T:
    """Work a change out and write it; gives what ``work`` gives. Where nothing is to change, nothing is touched.

    begin: reads the ledger.  work: is done again when somebody else has changed it meanwhile.
    Raises what ``changes.writing`` and the two raise.
    """
    finish(root)
    before = moment(root)
    draft = begin()
    try:
        done = work(draft)
    except GreenroomError:
        if moment(root) == before:
            raise  # else what was read was half of another change
    else:
        if not draft.changes and moment(root) == before:
            return done
    with writing(root) as writer:
        if moment(root) != before:
            draft = begin()
            done = work(draft)
        draft.apply(writer)
    return done
