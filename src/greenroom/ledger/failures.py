"""What operations do to the errors of a ledger: a failure opens one, or meets one that is open; success drafts a mend.

An error is found again by the area that it affects. A draft leaves it active: a person completes it with the commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenroom.ledger.changes import writing
from greenroom.ledger.errors_table import EVENTS, Event, event_text, read_errors
from greenroom.ledger.fragments import error_ids, minute, next_id
from greenroom.ledger.journal import FRAGMENTS, Tag
from greenroom.ledger.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from greenroom.ledger.errors_table import ErrorRow

    # An entry as text, that bears tags, and says which records they mean.
    Entry = Callable[[Sequence[Tag], Mapping[str, str]], str]

# P0: the service answers no more.  P1: something important does not work.
Severity = Literal["P0", "P1"]


@dataclass(frozen=True, slots=True)
class Place:
    """Of an entry that is to be. name: of its file, without the ending.  moment: when its operation began."""

    root: Path
    name: str
    moment: datetime

    @property
    def path(self) -> str:
        """Of its file, from the root."""
        return f"{FRAGMENTS}/{self.name}.md"


def write_failure(place: Place, entry: Entry, area: str, severity: Severity) -> str:
    """Write an entry, and with it open the error of an area, unless one as grave is open; gives the error's id.

    Raises what ``changes.writing`` raises.
    """
    with writing(place.root) as writer:
        tree = Tree.of(place.root)
        met = next((row for row in _active(tree, area) if row.severity <= severity), None)
        if met is not None:
            writer.apply({place.path: _told(entry, [met])})
            return met.id
        name = next_id("ERR", place.moment, error_ids(tree))
        event = Event(place.name, name, "opened", minute(place.moment), severity, area, link=place.path)
        text = entry([Tag("ERROR", name)], {name: place.name})
        writer.apply({place.path: text.encode(), f"{EVENTS}/{place.name}.md": event_text(event).encode()})
        return name


def write_success(place: Place, entry: Entry, area: str, note: str) -> tuple[str, ...]:
    """Write an entry, and with it a draft for each open error of an area that has none; gives the errors' ids.

    note: what went well, in a word or two.  Raises what ``changes.writing`` raises.
    """
    with writing(place.root) as writer:
        rows = _active(Tree.of(place.root), area)
        writes = {place.path: _told(entry, rows)}
        for number, row in enumerate(row for row in rows if not row.fix):
            name = f"{place.name}-{number + 1}" if number else place.name
            event = Event(name, row.id, "drafted", minute(place.moment), record=row.record, link=place.path, note=note)
            writes[f"{EVENTS}/{name}.md"] = event_text(event).encode()
        writer.apply(writes)
        return tuple(row.id for row in rows)


def _active(tree: Tree, area: str) -> list[ErrorRow]:
    """The gravest first."""
    rows = [row for row in read_errors(tree) if not row.is_resolved and row.area == area]
    return sorted(rows, key=lambda row: row.severity)


def _told(entry: Entry, rows: Sequence[ErrorRow]) -> bytes:
    """The entry; which records its tags mean is said where the tables do not say it."""
    return entry([Tag("ERROR", row.id) for row in rows], {row.id: row.record for row in rows if row.record}).encode()
