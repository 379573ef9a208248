"""Rows of ``ERRORS.md`` in the right section and order; every other byte of the document stays."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.ledger.compaction import FoldRefused
from greenroom.ledger.errors_table import ACTIVE, ERRORS, RESOLVED, newest_first, rendered, rows_of
from greenroom.ledger.markdown import Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.ledger.draft import Draft
    from greenroom.ledger.errors_table import ErrorRow

_RULE = re.compile(r"\s*\|[\s|:-]*-[\s|:-]*")
_STATES = {"active": ACTIVE, "resolved": RESOLVED}


def mend_rows(draft: Draft) -> None:
    """Rows whose status belongs to the other section go there; active ones stand newest first."""
    text = draft.text(ERRORS)
    if text is None:
        return
    rows = rows_of(text)
    wanted = [_moved(row) for row in rows]
    if any(row.section != other.section for row, other in zip(rows, wanted, strict=True)):
        text = placed(text, rows, wanted)
    draft.put(ERRORS, _newest_first(text))


def placed(text: str | None, rows: Sequence[ErrorRow], wanted: Sequence[ErrorRow]) -> str:
    """``ERRORS.md`` with other rows. wanted: what becomes of each of ``rows``, then the new ones.

    A row that comes into a section stands above the first one there that is not newer. Without a document, a new one.
    """
    text = _with_sections(text or _new())
    there_now = rows_of(text)  # on other lines, where a section has come before them
    if len(there_now) != len(rows):
        raise _hidden("rows")
    lines = text.split("\n")
    end = "\r" if lines[0].endswith("\r") else ""
    gone: set[int] = set()
    coming: dict[int, list[str]] = defaultdict(list)
    staying: dict[str, list[tuple[int, str]]] = {ACTIVE: [], RESOLVED: []}
    arriving = list(wanted[len(rows) :])
    for old, new in zip(there_now, wanted, strict=False):
        if old.section != new.section:
            gone.add(old.line)
            arriving.append(new)
        else:
            staying[old.section].append((old.line, old.seen))
            if new.text != old.text:
                lines[old.line - 1] = new.text + end
    for row in newest_first(arriving):
        there = staying[row.section]
        at = next((line for line, seen in there if seen <= row.seen), None)
        coming[at if at is not None else _behind(text, row.section, there)].append(row.text + end)
    found: list[str] = []
    for number, line in enumerate(lines, 1):
        found += coming.get(number, [])
        if number not in gone:
            found.append(line)
    return "\n".join([*found, *coming.get(len(lines) + 1, [])])


def _moved(row: ErrorRow) -> ErrorRow:
    section = _STATES.get(row.status.casefold(), row.section)
    return replace(row, section=section)


def _newest_first(text: str) -> str:
    active = [row for row in rows_of(text) if row.section == ACTIVE]
    lines = text.split("\n")
    end = "\r" if lines[0].endswith("\r") else ""
    for row, other in zip(active, newest_first(active), strict=True):
        if row is not other:
            lines[row.line - 1] = other.text + end
    return "\n".join(lines)


def _behind(text: str, section: str, there: Sequence[tuple[int, str]]) -> int:
    """The line that a row at the end of a section's table takes the place of."""
    if there:
        return there[-1][0] + 1
    document = Document(text)
    found = document.section(section)
    if found is None:
        raise _hidden(section)
    rule = next((line for line, said in document.prose(found.first, found.last) if _RULE.fullmatch(said)), None)
    return found.first if rule is None else rule + 1


def _hidden(what: str) -> FoldRefused:
    message = f"{ERRORS} hides its {what}; nothing was written"
    return FoldRefused(message, mend="close the fence or comment that is open there")


def _with_sections(text: str) -> str:
    """The document with both sections; what is missing comes before its keywords, or at its end."""
    for section in (ACTIVE, RESOLVED):
        document = Document(text)
        if document.section(section) is not None:
            continue
        keywords = document.section("Keywords")
        at = document.starts[keywords.heading.line - 1] if keywords else len(text)
        before = text[:at]
        gap = "" if not before or before.endswith("\n\n") else "\n" if before.endswith("\n") else "\n\n"
        table = f"{gap}## {section}\n{rendered((), section)}{chr(10) if keywords else ''}"
        text = before + (table.replace("\n", "\r\n") if "\r\n" in text else table) + text[at:]
    return text


def _new() -> str:
    table = rendered((), ACTIVE)
    parts = [f"## {name}\n{table}" for name in ("Schema", ACTIVE, RESOLVED)]
    return "\n".join(
        ["# Critical Error Ledger <!-- auto-maintained -->\n", *parts, "## Keywords\n- errors\n- outage\n"]
    )
