"""A long journal made shorter: its oldest entries go to the archives of their months, whole and word for word."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from greenroom.errors import GreenroomError, quoted
from greenroom.ledger.journal import ARCHIVES, JOURNAL, is_journal
from greenroom.ledger.shelves import in_order, shelved, with_entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.ledger.draft import Draft
    from greenroom.ledger.journal import Entry, Pages

LONGEST = 500


class FoldRefused(GreenroomError):
    """Folding would lose, double or change something; nothing has been written."""

    code = "fold-refused"


def compact(draft: Draft) -> int:
    """Move the oldest entries of a long journal into the archives of their months; gives how many.

    So many that at most half of the lines are left, and no more than a journal may have. The newest one stays.
    """
    document = draft.document(JOURNAL)
    if document.count <= LONGEST:
        return 0
    journal = draft.pages(JOURNAL)
    kept, gone = _halved(journal, document.count)
    by_month: dict[str, list[Entry]] = defaultdict(list)
    for entry in gone:
        by_month[entry.month].append(entry)
    for month, entries in by_month.items():
        path = f"{ARCHIVES}/{month}.md"
        draft.put(path, shelved(draft.text(path), month, entries))
    if gone:
        draft.put(JOURNAL, with_entries(document.text, journal.head, kept))
    return len(gone)


def _halved(journal: Pages, lines: int) -> tuple[list[Entry], list[Entry]]:
    """What stays of a journal of so many lines, in its order, and what goes, oldest first."""
    most = min(lines // 2, LONGEST)
    oldest_first = in_order(journal.entries)
    left, gone = lines, []
    for entry in oldest_first[:-1]:
        if left <= most:
            break
        if not entry.strays:
            gone.append(entry)
            left -= entry.text.count("\n")
    taken = {entry.line for entry in gone}
    return [entry for entry in journal.entries if entry.line not in taken], gone


def entry_keys(draft: Draft) -> Counter[str]:
    """How often each entry is there."""
    found = (entry for path in draft.paths() if is_journal(path) for entry in draft.pages(path).entries)
    return Counter(entry.key for entry in found)


def refuse_unless_same(before: Mapping[Any, int], after: Mapping[Any, int], what: str) -> None:
    """Raises FoldRefused where something is there more or less often than before."""
    for one in {**before, **after}:
        if before.get(one, 0) != after.get(one, 0):
            said = one if isinstance(one, str) else " ".join(map(str, one)) if isinstance(one, tuple) else str(one)
            verb = "lose" if before.get(one, 0) > after.get(one, 0) else "change"
            message = f"this would {verb} {what}: {quoted(said)}; nothing was written"
            raise FoldRefused(message, mend="look for a fence or a comment that is opened before it and never closed")
