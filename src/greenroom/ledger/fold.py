"""Fragments folded into the documents that they belong to, and a long journal made shorter, without losing a word.

Entries move whole and word for word. What is not an entry stays where it is, and with it the entry that it stands in.
Nothing is written unless the same entries, as often as before, are there afterwards, and the same errors.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import quoted
from greenroom.ledger.compaction import FoldRefused, compact, entry_keys, refuse_unless_same
from greenroom.ledger.draft import Draft, carry_out
from greenroom.ledger.errors_table import ERRORS, EVENTS, event_of, merged, rows_of
from greenroom.ledger.fixing.duplicates import settle
from greenroom.ledger.fixing.error_rows import placed
from greenroom.ledger.fragments import meant
from greenroom.ledger.journal import FRAGMENTS, JOURNAL, TITLE
from greenroom.ledger.moves import moved, places, rewrite_links
from greenroom.ledger.shelves import in_order, inserted, with_entries
from greenroom.ledger.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from greenroom.ledger.errors_table import ErrorRow
    from greenroom.ledger.journal import Entry

_LINK = re.compile(r"\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Folded:
    """What was done. entries, events: how many fragments of each.  archived: how many entries left the journal.

    settled: new ids by the old ones, of records that two branches gave one id.  changes: the files that were written.
    """

    entries: int
    events: int
    archived: int
    settled: tuple[tuple[str, str], ...]
    changes: tuple[str, ...]


def fold(root: Path) -> Folded:
    """Fold a ledger. Raises FoldRefused, and what ``changes.writing`` raises."""
    return carry_out(root, lambda: Draft(Tree.of(root)), work_out)


def work_out(draft: Draft) -> Folded:
    """Fold in a draft, whose files nobody else sees. Raises FoldRefused."""
    settled = settle(draft)
    entries, errors, before = entry_keys(draft), _rows(draft), places(draft)
    events = _fold_events(draft)
    count = _fold_entries(draft)
    archived = compact(draft)
    rewrite_links(draft, moved(before, places(draft)))
    refuse_unless_same(entries, entry_keys(draft), "an entry")
    refuse_unless_same(errors, _rows(draft), "an error")
    return Folded(count, events, archived, tuple(settled), tuple(sorted(draft.changes)))


def _fold_entries(draft: Draft) -> int:
    found: list[Entry] = []
    folded = []
    for path in draft.paths(FRAGMENTS):
        one = draft.pages(path)
        if not one.entries:
            continue  # not a fragment
        if meant(one.head) is None:
            message = f"{quoted(path)} holds more than its entry: {quoted(' '.join(one.head.split()))}"
            raise FoldRefused(message, mend="leave only the entry in it, from its heading ## YYYY-MM-DD HH:MM on")
        found += one.entries
        folded.append(path)
    if not folded:
        return 0
    if draft.text(JOURNAL) is None:
        draft.put(JOURNAL, f"{TITLE}\n\n")
    journal = draft.pages(JOURNAL)
    entries = list(journal.entries)
    for entry in in_order(found):
        inserted(entries, entry)
    draft.put(JOURNAL, with_entries(draft.document(JOURNAL).text, journal.head, entries))
    draft.remove(folded)
    return len(found)


def _fold_events(draft: Draft) -> int:
    """Events into the table; one that speaks of an error which is nowhere stays a fragment."""
    paths = draft.paths(EVENTS)
    events = {path: event for path in paths if (event := event_of(draft.text(path) or "", path))}
    rows = rows_of(draft.text(ERRORS) or "")
    opened = [event for event in events.values() if event.verb == "opened"]
    known = {row.id for row in rows} | {event.id for event in opened}
    names = {event.name for event in opened}
    told = {path: event for path, event in events.items() if event.id in known or event.record in names}
    if told:
        draft.put(ERRORS, placed(draft.text(ERRORS), rows, merged(rows, told.values())))
        draft.remove(told)
    return len(told)


def _rows(draft: Draft) -> Counter[tuple[str, ...]]:
    """All errors, but for where their links lead, which follows the entries."""
    rows: Sequence[ErrorRow] = rows_of(draft.text(ERRORS) or "")
    events = [event_of(draft.text(path) or "", path) for path in draft.paths(EVENTS)]
    found = merged(rows, [event for event in events if event])
    return Counter((row.id, row.seen, row.status, row.severity, row.area, _LINK.sub("]()", row.fix)) for row in found)
