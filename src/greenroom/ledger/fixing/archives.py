"""Archives where they belong, each with the entries of its month and a summary at its head."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from greenroom.ledger.journal import ARCHIVES, pages
from greenroom.ledger.markdown import Document
from greenroom.ledger.shelves import is_counted, shelved, summarised, with_entries

if TYPE_CHECKING:
    from greenroom.ledger.draft import Draft
    from greenroom.ledger.journal import Entry
    from greenroom.ledger.moves import Place

_MONTH = re.compile(r"(?P<month>[0-9]{4}-[0-9]{2})\.md")


def mend_archives(draft: Draft) -> dict[Place, Place]:
    """Put archives and their entries in place; gives where each file that was moved is now."""
    renamed = _flatten(draft)
    _refile(draft)
    for path in draft.paths(ARCHIVES):
        document = draft.document(path)
        found = draft.pages(path)
        head = summarised(found.head, found.entries) if found.entries else found.head
        if head != found.head:
            draft.put(path, head + document.text[len(found.head) :])
    return renamed


def _flatten(draft: Draft) -> dict[Place, Place]:
    """``JOURNAL_ARCHIVE/2026-05/2026-05.md`` becomes ``JOURNAL_ARCHIVE/2026-05.md``, or goes into the one there."""
    renamed: dict[Place, Place] = {}
    for path in draft.paths(ARCHIVES):
        month = _MONTH.fullmatch(posixpath.basename(path))
        flat = f"{ARCHIVES}/{posixpath.basename(path)}"
        if month is None or flat == path:
            continue
        text, there = draft.text(path) or "", draft.text(flat)
        if there is None:
            draft.put(flat, text)
        else:
            own = draft.pages(path)
            together = shelved(there, month["month"], own.entries)
            draft.put(flat, _with_words(together, own.head))
        renamed |= {(path, place): (flat, place) for place in ("", *draft.document(path).places)}
        draft.remove([path])
    return renamed


def _refile(draft: Draft) -> None:
    """Entries of another month to the archive of theirs."""
    astray: dict[str, list[Entry]] = defaultdict(list)
    for path in draft.paths(ARCHIVES):
        month = _MONTH.fullmatch(posixpath.relpath(path, ARCHIVES))
        if month is None:
            continue
        document = draft.document(path)
        found = draft.pages(path)
        gone = [entry for entry in found.entries if entry.month != month["month"]]
        for entry in gone:
            astray[entry.month].append(entry)
        left = [entry for entry in found.entries if entry.month == month["month"]]
        if gone and (left or _words(found.head)):
            draft.put(path, with_entries(document.text, found.head, left))
        elif gone:
            draft.remove([path])
    for name, entries in astray.items():
        path = f"{ARCHIVES}/{name}.md"
        draft.put(path, shelved(draft.text(path), name, entries))


def _with_words(text: str, head: str) -> str:
    """An archive with what a person wrote at the head of another, at the end of its own head."""
    words = _words(head)
    own = pages(Document(text)).head
    return f"{own.rstrip()}\n\n{words}\n\n{text[len(own) :]}" if words and words not in own else text


def _words(head: str) -> str:
    """What a head says, without its title, the heading of its summary, and what was counted."""
    document = Document(head)
    headings = [one for one in document.headings if one.level == 1 or one.text.casefold() == "summary"]
    lines = [line for number, line in enumerate(document.lines, 1) if number not in {one.line for one in headings}]
    words = "\n".join(lines).strip()
    return "" if is_counted(words) else words
