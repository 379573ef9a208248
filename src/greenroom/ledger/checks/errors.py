"""The ledger of errors: ids, order, and that each is told in the journal and mended for somebody to see."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.ledger.errors_table import ACTIVE, ERRORS
from greenroom.ledger.journal import ARCHIVES, FRAGMENTS, JOURNAL
from greenroom.ledger.links import goal
from greenroom.ledger.markdown import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.checks.records import Records
    from greenroom.ledger.errors_table import ErrorRow

SEVERITIES = ("P0", "P1")
_ID = re.compile(r"ERR-(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})-[0-9]{3}")
_COMMIT = re.compile(r"\b[0-9a-f]{7,64}\b", re.IGNORECASE)


def check(records: Records) -> Iterator[Finding]:
    """Codes: err-id, err-date, err-dup-id, err-section, err-order, err-severity, err-no-journal, err-no-fix."""
    told = records.journal.tagged("ERROR")
    seen: dict[str, ErrorRow] = {}
    above: ErrorRow | None = None
    for row in records.errors:
        yield from _id(row)
        if row.id in seen:
            other = seen[row.id]
            place = f"line {other.line}" if other.path == row.path else f"{other.path}:{other.line}"
            message = f"{row.id} is two errors; the other is at {place}"
            mend = "greenroom ledger fix gives the later one the next free number"
            yield _finding("err-dup-id", row, message, mend)
        seen.setdefault(row.id, row)
        yield from _section(row)
        if row.section == ACTIVE and row.path == ERRORS:
            if above is not None and row.seen > above.seen:
                message = f"{row.id} of {row.seen} is newer than the error above it"
                yield _finding("err-order", row, message, "put the newest first; greenroom ledger fix does")
            above = row
        if row.severity not in SEVERITIES:
            message = f"{row.id} has severity {row.severity or 'of no kind'}"
            yield _finding("err-severity", row, message, "P0 or P1; what is less belongs into the journal alone")
        if row.id not in told:
            message = f"no entry of the journal is tagged |ERROR:{row.id}|"
            yield _finding("err-no-journal", row, message, f'greenroom ledger log "TITLE" --error {row.id}')
        if row.is_resolved and (lacks := _lacks(row)):
            message = f"{row.id} is resolved, and does not say {' and '.join(lacks)}"
            yield _finding("err-no-fix", row, message, "write commit 1a2b3c4, PR #7, [JOURNAL](JOURNAL.md#ENTRY)")


def _id(row: ErrorRow) -> Iterator[Finding]:
    found = _ID.fullmatch(row.id)
    if found is None or not is_date(found["date"]):
        message = f"{row.id or 'a row without an id'} is no id of an error"
        yield _finding("err-id", row, message, "write ERR-YYYY-MM-DD-NNN")
    elif found["date"] != row.seen[:10]:
        message = f"{row.id} was first seen on {row.seen[:10] or 'no day'}"
        yield _finding("err-date", row, message, "let the day of the id be that of First seen")


def _section(row: ErrorRow) -> Iterator[Finding]:
    is_active = row.section == ACTIVE
    if row.is_resolved == is_active:
        message = f"{row.id} is {row.status or 'without a status'}, and stands below {row.section}"
        yield _finding("err-section", row, message, "greenroom ledger fix moves it to the other table")


def _lacks(row: ErrorRow) -> list[str]:
    links = Document(row.fix).links
    said = row.fix
    for link in reversed(links):
        said = f"{said[: link.start]}{said[link.end :]}"
    goals = [goal(ERRORS, link.target) for link in links]  # of an event, too: its row is read as if it stood there
    is_told = any(to and (to.path == JOURNAL or to.path.startswith((f"{ARCHIVES}/", f"{FRAGMENTS}/"))) for to in goals)
    return [*(() if _COMMIT.search(said) else ("its commit",)), *(() if is_told else ("its entry in the journal",))]


def is_date(text: str) -> bool:
    """Whether there is such a day. text: ``YYYY-MM-DD``."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _finding(code: str, row: ErrorRow, message: str, mend: str) -> Finding:
    return Finding(code, "error", message, mend, row.path, row.line or None)
