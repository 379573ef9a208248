"""Entries in their order, and links that lead to one which has moved."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from greenroom.ledger.journal import ARCHIVES, JOURNAL, is_journal
from greenroom.ledger.links import goal
from greenroom.ledger.moves import follows, rewrite_links
from greenroom.ledger.shelves import in_order, with_entries

if TYPE_CHECKING:
    from greenroom.ledger.draft import Draft
    from greenroom.ledger.moves import Place


def mend_order(draft: Draft) -> None:
    """Let entries stand oldest first, in the journal and in each archive; those of one minute as they stood."""
    for path in (JOURNAL, *draft.paths(ARCHIVES)):
        document = draft.document(path)
        found = draft.pages(path)
        ordered = in_order(found.entries)
        if [entry.line for entry in ordered] != [entry.line for entry in found.entries]:
            draft.put(path, with_entries(document.text, found.head, ordered))


def mend_links(draft: Draft) -> None:
    """Let a link to an entry that is not where the link says follow it, if there is just one such entry."""
    where: dict[str, set[Place]] = defaultdict(set)
    for path in draft.paths():
        if is_journal(path):
            for heading in draft.document(path).headings:
                where[heading.slug].add((path, heading.slug))
    found: dict[Place, Place] = {}
    for path in draft.paths():
        if not follows(path) or "JOURNAL" not in (draft.text(path) or ""):
            continue
        for link in draft.document(path).links:
            there = goal(path, link.target)
            if there is None or not there.fragment or not is_journal(there.path):
                continue
            if there.fragment not in draft.document(there.path).places and len(where[there.fragment]) == 1:
                found[there.path, there.fragment] = next(iter(where[there.fragment]))
    rewrite_links(draft, found)
