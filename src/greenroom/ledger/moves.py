"""Entries that change their place, and the links that lead to them.

Documents that are not history follow: a link names the entry's new place. Entries themselves stay word for word, so
what links in them say is history, too; only the head of a document of entries follows.
"""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

from greenroom.ledger.journal import JOURNAL, is_journal
from greenroom.ledger.links import goal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.ledger.draft import Draft

# Where a link leads: a path from the root, and what stands behind its hash.
Place = tuple[str, str]
_HISTORY = ("JOURNAL.d/", "JOURNAL_ARCHIVE/", "TASKS_ARCHIVE/", "ERRORS.d/", "activity/")


def places(draft: Draft) -> dict[str, list[list[Place]]]:
    """Where entries are, by their key: for each copy of one its document, its headings and its marks, in order."""
    found: dict[str, list[list[Place]]] = defaultdict(list)
    for path in draft.paths():
        if is_journal(path):
            document = draft.document(path)
            entries = draft.pages(path).entries
            lines = [entry.line for entry in entries]
            within: list[list[Place]] = [[(path, "")] for _ in entries]
            named = [
                *((one.line, one.slug) for one in document.headings),
                *((line, name) for name, line in document.marks.items()),
            ]
            for line, name in named:
                if at := bisect_right(lines, line):
                    within[at - 1].append((path, name))
            for entry, ways in zip(entries, within, strict=True):
                found[entry.key].append(ways)
    return found


def moved(before: Mapping[str, list[list[Place]]], after: Mapping[str, list[list[Place]]]) -> dict[Place, Place]:
    """Where places of ``before`` are now; only those that changed. A fragment as a whole is now its entry."""
    found: dict[Place, Place] = {}
    for key, copies in before.items():
        for old, new in zip(copies, after.get(key, ()), strict=False):
            found |= {one: other for one, other in zip(old[1:], new[1:], strict=False) if one != other}
            if old[0] != new[0] and old[0][0].startswith("JOURNAL.d/") and len(new) > 1:
                found[old[0]] = new[1]
    return found


def follows(path: str) -> bool:
    """Whether all links of a document follow; those of history say what was so."""
    return path != JOURNAL and not path.startswith(_HISTORY)


def rewrite_links(draft: Draft, found: Mapping[Place, Place]) -> None:
    """Let the links of all documents follow, those of history left out."""
    if not found:
        return
    for path in draft.paths():
        if not follows(path) and not is_journal(path):
            continue
        text = draft.text(path) or ""
        if "JOURNAL" not in text and path != JOURNAL:
            continue
        document = draft.document(path)
        end = len(draft.pages(path).head) if is_journal(path) else len(text)
        for link in reversed(document.links):
            where = goal(path, link.target)
            new = found.get((where.path, where.fragment)) if where and link.start < end else None
            if new is not None:
                text = text[: link.start] + _target(path, link.target, new) + text[link.end :]
        if text != document.text:
            draft.put(path, text)


def _target(document: str, said: str, new: Place) -> str:
    path, fragment = new
    if said.startswith("/"):
        shown = f"/{path}"
    elif path == document:
        shown = ""
    else:
        shown = posixpath.relpath(path, posixpath.dirname(document) or ".")
        shown = f"./{shown}" if said.startswith("./") else shown
    return f"{shown}#{fragment}" if fragment else shown
