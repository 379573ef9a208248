"""The journal and its archives: order, form, tags, length."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.ledger.checks.records import is_readme
from greenroom.ledger.journal import ARCHIVES, FIELDS, FRAGMENTS, JOURNAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.checks.records import Records
    from greenroom.ledger.journal import Entry, Item
    from greenroom.ledger.tree import Tree

MOST_LINES = 500
SUMMARY = "Summary"
_ARCHIVE = re.compile(rf"{ARCHIVES}/[0-9]{{4}}-(?:0[1-9]|1[0-2])\.md")
_MONTH = re.compile(r"(?P<month>[0-9]{4}-(?:0[1-9]|1[0-2]))\.md$")


def check(tree: Tree, records: Records) -> Iterator[Finding]:
    """Codes: journal-long, journal-order, journal-heading, journal-field, journal-tag, archive-path,

    archive-no-summary, archive-misfiled.
    """
    entries: dict[str, list[Entry]] = {}
    for entry in records.journal.entries:
        entries.setdefault(entry.path, []).append(entry)
    for path in tree.documents:
        here = sorted(entries.get(path, ()), key=lambda entry: entry.line)
        if path == JOURNAL:
            yield from _long(tree)
            yield from _order(here)
        if path == JOURNAL or path.startswith(f"{FRAGMENTS}/"):
            yield from _headings(tree, path, here)
            yield from _fields(here)
            yield from _tags(here, records)
        elif path.startswith(f"{ARCHIVES}/") and not is_readme(path):
            yield from _archive(tree, path, here)


def _long(tree: Tree) -> Iterator[Finding]:
    count = tree.document(JOURNAL).count
    if count > MOST_LINES:
        message = f"{JOURNAL} has {count} lines, and not {MOST_LINES} at most"
        mend = "greenroom ledger fold moves its oldest entries to the archive, word for word"
        yield Finding("journal-long", "warning", message, mend, JOURNAL)


def _order(entries: list[Entry]) -> Iterator[Finding]:
    newest = ""
    for entry in entries:
        if entry.time < newest:
            message = f"the entry of {entry.time} stands below one of {newest}"
            mend = "greenroom ledger fix puts entries in the order of their times"
            yield Finding("journal-order", "error", message, mend, entry.path, entry.line)
        newest = max(newest, entry.time)


def _headings(tree: Tree, path: str, entries: list[Entry]) -> Iterator[Finding]:
    begun = {entry.line: entry for entry in entries}
    mend = "write ## YYYY-MM-DD HH:MM, with - TITLE behind it if you like, or make it an item with ###"
    for heading in tree.document(path).headings:
        if heading.level != 2 or heading.is_underlined:
            continue
        entry = begun.get(heading.line)
        if entry is None:
            message = f"## {heading.text} begins no entry"
        elif not _is_time(entry.time):
            message = f"there is no time {entry.time}"
        else:
            continue
        yield Finding("journal-heading", "error", message, mend, path, heading.line)


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _fields(entries: list[Entry]) -> Iterator[Finding]:
    for entry in entries:
        for item in entry.items:
            if said := _lacking(item):
                mend = f"write - **{FIELDS[0]}**: TEXT and likewise {', '.join(FIELDS[1:])}, in this order"
                message = f"{item.title or 'an item without a title'} {said}"
                yield Finding("journal-field", "error", message, mend, entry.path, item.line)


def _lacking(item: Item) -> str | None:
    said = [field.name for field in item.fields if field.text]
    missing = [name for name in FIELDS if name not in said]
    if missing:
        return f"does not say {', '.join(missing)}"
    left = iter(said)
    return None if all(name in left for name in FIELDS) else f"says {', '.join(said)}, in this order"


def _tags(entries: list[Entry], records: Records) -> Iterator[Finding]:
    known = {"TASK": records.tasks.known, "ERROR": {error.id for error in records.errors}}
    where = {"TASK": "no task", "ERROR": "no row of the errors"}
    for entry in entries:
        for tag in entry.tags:
            if tag.id not in known[tag.kind]:
                message = f"{tag} means {where[tag.kind]}"
                yield Finding(
                    "journal-tag", "error", message, "name one that is there, or add it", entry.path, tag.line
                )


def _archive(tree: Tree, path: str, entries: list[Entry]) -> Iterator[Finding]:
    if not _ARCHIVE.fullmatch(path):
        message = f"{path} is not {ARCHIVES}/YYYY-MM.md"
        yield Finding("archive-path", "error", message, "greenroom ledger fix moves it, and links to it", path)
    first = next((heading for heading in tree.document(path).headings if heading.level == 2), None)
    if first is None or first.text.casefold() != SUMMARY.casefold():
        message = f"{path} does not begin with a summary"
        yield Finding("archive-no-summary", "error", message, f"add ## {SUMMARY} above its entries", path)
    month = _MONTH.search(path)
    for entry in entries:
        if month and entry.month != month["month"]:
            message = f"the entry of {entry.time} lies in the archive of {month['month']}"
            mend = f"greenroom ledger fix moves it to {ARCHIVES}/{entry.month}.md"
            yield Finding("archive-misfiled", "error", message, mend, path, entry.line)
