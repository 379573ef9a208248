"""The error ledger: rows of P0 and P1 errors in ``ERRORS.md``, and events in ``ERRORS.d`` that are not yet in it.

An event is one file: an error was opened, or resolved. The row that it makes is read as if it stood in the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from greenroom.ledger.lines import beginnings
from greenroom.ledger.markdown import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from greenroom.ledger.tree import Tree

ERRORS = "ERRORS.md"
EVENTS = "ERRORS.d"
ACTIVE = "Active Errors"
RESOLVED = "Resolved Errors"
COLUMNS = ("ID", "First seen", "Status", "Severity", "Affected area", "Link to fix")
ID = re.compile(r"ERR-(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})-(?P<number>[0-9]{3,})")
_ORDER: tuple[Literal["opened", "drafted", "resolved"], ...] = ("opened", "drafted", "resolved")
_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[\s|:-]+")
_EVENT = re.compile(r"(?P<id>\S+) (?P<verb>opened|drafted|resolved)")
_LINK = re.compile(r"(\]\()(?:\.\./)([^)\s]+\))")


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """An error. section: the heading it stands below.  fix: the last cell.  text: the row as it is written.

    path, line: where; of an event its file and line 1.  record: the name of the event that opened it, while it is one.
    """

    id: str
    seen: str
    status: str
    severity: str
    area: str
    fix: str
    section: str
    text: str
    path: str = ERRORS
    line: int = 0
    record: str = ""

    @property
    def is_resolved(self) -> bool:
        """By its status."""
        return self.status.casefold() == "resolved"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to an error. name: of its file, without the ending.  record: that of the event that opened it.

    drafted: an operation went well where it had failed, as ``note`` says; the error stays active until a person
    resolves it.  link: to the journal, from the ledger's root.  commit, pull: of a resolution.
    """

    name: str
    id: str
    verb: Literal["opened", "drafted", "resolved"]
    time: str
    severity: str = ""
    area: str = ""
    record: str = ""
    commit: str = ""
    pull: str = ""
    link: str = ""
    note: str = ""


def read_errors(tree: Tree) -> tuple[ErrorRow, ...]:
    """All errors: the rows of the table in their order, changed by the events, then those that only events know."""
    text = tree.text(ERRORS)
    rows = rows_of(text) if text else ()
    events = [event_of(tree.text(path) or "", path) for path in tree.documents if path.startswith(f"{EVENTS}/")]
    return merged(rows, [event for event in events if event])


def rows_of(text: str, path: str = ERRORS) -> tuple[ErrorRow, ...]:
    """The rows of all tables below headings called Active Errors and Resolved Errors, in order; of the nearer one."""
    by_line = {row.line: row for row in _rows(text, path)}
    return tuple(by_line[line] for line in sorted(by_line))


def merged(rows: Sequence[ErrorRow], events: Iterable[Event]) -> tuple[ErrorRow, ...]:
    """Rows as they are after events: the opened in order of time and name, then drafts and resolutions likewise.

    A draft or a resolution meets the record that it names, or else the row of its id; without either it says nothing.
    """
    found = list(rows)
    ordered = sorted(events, key=lambda event: (_ORDER.index(event.verb), event.time, event.name))
    for event in ordered:
        if event.verb == "opened":
            cells = (event.id, event.time, "active", event.severity, event.area, "")
            opened = ErrorRow(*cells, ACTIVE, row(*cells), f"{EVENTS}/{event.name}.md", 1, event.name)
            found.append(opened)
            continue
        at = next((at for at, one in enumerate(found) if event.record and one.record == event.record), None)
        if at is None:
            at = next((at for at, one in enumerate(found) if one.id == event.id), None)
        if at is not None:
            found[at] = (drafted if event.verb == "drafted" else resolved)(found[at], fix_of(event))
    return tuple(found)


def resolved(error: ErrorRow, fix: str) -> ErrorRow:
    """An error whose mend is known. What its last cell said before stays in front: two may have mended one."""
    said = ", ".join(part for part in (error.fix, fix) if part)
    text = row(error.id, error.seen, "resolved", error.severity, error.area, said)
    return replace(error, status="resolved", fix=said, section=RESOLVED, text=text)


def drafted(error: ErrorRow, fix: str) -> ErrorRow:
    """An error whose last cell says what is known of its mend; it stays active."""
    said = ", ".join(part for part in (error.fix, fix) if part)
    text = row(error.id, error.seen, error.status, error.severity, error.area, said)
    return replace(error, fix=said, text=text)


def fix_of(event: Event) -> str:
    """The last cell: ``commit abc1234, PR #7, [JOURNAL](…)``; of a draft ``brought back: [JOURNAL](…)``."""
    link = f"[JOURNAL]({event.link})" if event.link else ""
    if event.verb == "drafted":
        return ": ".join(part for part in (event.note, link) if part)
    pull = f"PR #{event.pull.lstrip('#')}" if event.pull else ""
    return ", ".join(part for part in (f"commit {event.commit}", pull, link) if part)


def row(*cells: str) -> str:
    """A row of the table; an empty cell is one space."""
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def rendered(rows: Sequence[ErrorRow], section: str) -> str:
    """The table of a section: its head, then the rows newest first; at one time as they come."""
    head = f"{row(*COLUMNS)}\n|{'|'.join('-' * (len(name) + 2) for name in COLUMNS)}|\n"
    mine = [one for one in rows if one.section == section]
    return head + "".join(f"{one.text}\n" for one in newest_first(mine))


def newest_first(rows: Sequence[ErrorRow]) -> list[ErrorRow]:
    """By First seen; stable."""
    return sorted(rows, key=lambda one: one.seen, reverse=True)


def event_text(event: Event) -> str:
    """An event as its file says it."""
    link = f"[JOURNAL](../{event.link})" if event.link else ""
    said = {
        "Time": event.time,
        "Severity": event.severity,
        "Affected area": event.area,
        "Record": event.record,
        "Commit": event.commit,
        "PR": event.pull,
        "Draft": event.note,
        "Journal": link,
    }
    lines = [f"- **{name}**: {value}" for name, value in said.items() if value]
    return "\n".join([f"# {event.id} {event.verb}", "", *lines, ""])


def event_of(text: str, path: str) -> Event | None:
    """Read an event; None for what is none."""
    heading: re.Match[str] | None = None
    said: dict[str, str] = {}
    for one in beginnings(Document(text)):
        if one.level == 1 and heading is None:
            heading = _EVENT.fullmatch(one.text)
        elif not one.level:
            said.setdefault(one.name, one.text)
    if heading is None:
        return None
    name = path.rpartition("/")[2].removesuffix(".md")
    link = _LINK.search(said.get("Journal", ""))
    return Event(
        name,
        heading["id"],
        next(verb for verb in _ORDER if verb == heading["verb"]),
        said.get("Time", ""),
        said.get("Severity", ""),
        said.get("Affected area", ""),
        said.get("Record", ""),
        said.get("Commit", ""),
        said.get("PR", ""),
        link[2][:-1] if link else "",
        said.get("Draft", ""),
    )


def _rows(text: str, path: str) -> Iterator[ErrorRow]:
    document = Document(text)
    found = [(section, name) for name in (ACTIVE, RESOLVED) for section in document.sections(name)]
    for section, name in sorted(found, key=lambda one: one[0].first):
        for number, line in document.prose(section.first, section.last):
            if line.lstrip().startswith("|") and (one := _row(line.rstrip(), name, path, number)):
                yield one


def _row(line: str, section: str, path: str, number: int) -> ErrorRow | None:
    if _RULE.fullmatch(line):
        return None
    cells = [cell.strip() for cell in _CELL.split(line.strip())[1:]]
    if cells and not cells[-1] and line.rstrip().endswith("|"):
        cells.pop()
    cells = [*cells, *[""] * (len(COLUMNS) - len(cells))]
    if cells[0].casefold() == "id":
        return None
    fix = " | ".join(cells[5:])
    return ErrorRow(cells[0], cells[1], cells[2], cells[3], cells[4], fix, section, line, path, number)
