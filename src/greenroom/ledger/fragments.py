"""New records, each a file of its own, so that no two writers and no two branches ever meet in one.

An entry is ``JOURNAL.d/2026-03-04T1012-7f3a.md``: its time in UTC and four random digits. What happens to an error is
``ERRORS.d/`` with the name of the entry that tells of it. Above an entry a comment may say which record a tag means,
because two branches may give out one id: ``<!-- ERR-2026-03-04-001 = 2026-03-04T1012-7f3a -->``.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError, InputInvalid, UnknownName, quoted
from greenroom.ledger.changes import create, writing
from greenroom.ledger.errors_table import EVENTS, Event, event_text, read_errors
from greenroom.ledger.journal import FRAGMENTS, Tag, clean, read_journal, tags_of, written
from greenroom.ledger.tasks import read_tasks
from greenroom.ledger.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from greenroom.ledger.errors_table import ErrorRow

SEVERITIES = ("P0", "P1")
_MEANS = re.compile(r"<!-- (?P<id>(?:TASK|ERR)-\S+) = (?P<record>.*?) -->")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_PULL = re.compile(r"#?(?P<number>[1-9][0-9]{0,8})")
_NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{4}-[0-9a-f]{4}")
_NAMES = 0x10000
_TRIES = 100


class SeverityForJournal(InputInvalid):
    """An error of little weight: the ledger of errors holds P0 and P1, the others are told in the journal."""

    code = "severity-for-journal"


class AlreadyResolved(GreenroomError):
    """The error is resolved already."""

    code = "error-resolved"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was written. path: of the entry's file, from the root.  id: of the error or task that it is about."""

    path: str
    text: str
    id: str = ""


def log(
    root: Path,
    title: str,
    fields: Mapping[str, str],
    *,
    task: str | None = None,
    error: str | None = None,
    now: datetime | None = None,
) -> Recorded:
    """Add an entry. fields: What and Why, and any of How, Issues, Result.  task, error: ids that it is about.

    Raises InputInvalid, UnknownName for an id that is nowhere, OutputUnwritable.
    """
    now = now or datetime.now(UTC)
    check_title(title)
    tree = Tree.of(root)
    tags = [Tag("TASK", _task(tree, task))] if task else []
    tags += [Tag("ERROR", _error(tree, error).id)] if error else []
    text = entry_text(tree, now, title, fields, tags)
    for _ in range(_TRIES):
        path = f"{FRAGMENTS}/{new_name(root / FRAGMENTS, now)}.md"
        try:
            publish(root / path, text)
        except FileExistsError:
            continue
        return Recorded(path, text, task or error or "")
    raise InputInvalid(f"{_TRIES} names of one minute are taken in {FRAGMENTS}", mend="wait a minute")


def open_error(
    root: Path, title: str, fields: Mapping[str, str], *, severity: str, area: str, now: datetime | None = None
) -> Recorded:
    """Open an error and tell of it in the journal. area: what it affects.

    Raises SeverityForJournal for P2 and below, InputInvalid, and what ``changes.writing`` raises.
    """
    now = now or datetime.now(UTC)
    said, severity = severity.strip(), severity.strip().upper()
    if severity not in SEVERITIES:
        is_less = re.fullmatch(r"P[0-9]", severity) is not None
        what = "is for the journal only" if is_less else "is no severity"
        message = f"{quoted(said)} {what}: errors are P0 (outage, data loss, security) or P1 (a major function broken)"
        mend = 'greenroom ledger log "TITLE" --what TEXT --why TEXT' if is_less else "--severity P0 or --severity P1"
        raise SeverityForJournal(message, mend=mend)
    check_title(title)
    if not _cell(area):
        raise InputInvalid("an error needs the area that it affects", mend="--area TEXT")
    with writing(root) as writer:
        tree = Tree.of(root)
        number, name = next_id("ERR", now, error_ids(tree)), free_name(root / FRAGMENTS, now)
        event = Event(name, number, "opened", minute(now), severity, _cell(area), link=f"{FRAGMENTS}/{name}.md")
        text = means({number: name}) + written(minute(now), title, fields, [Tag("ERROR", number)])
        path = f"{FRAGMENTS}/{name}.md"
        writer.apply({path: text.encode(), f"{EVENTS}/{name}.md": event_text(event).encode()})
    return Recorded(path, text, number)


def resolve_error(
    root: Path,
    error: str,
    title: str,
    fields: Mapping[str, str],
    *,
    commit: str,
    pull: str = "",
    now: datetime | None = None,
) -> Recorded:
    """Say that an error is mended, by which commit and pull request, and tell of it in the journal.

    Raises InputInvalid, UnknownName, AlreadyResolved, and what ``changes.writing`` raises.
    """
    now = now or datetime.now(UTC)
    if not _COMMIT.fullmatch(commit.strip().lower()):
        raise InputInvalid(f"{quoted(commit)} is no hash of a commit", mend="--commit $(git rev-parse --short HEAD)")
    asked = _PULL.fullmatch(pull.strip()) if pull else None
    if pull and asked is None:
        raise InputInvalid(f"{quoted(pull)} is no number of a pull request", mend="--pr 7")
    with writing(root) as writer:
        tree = Tree.of(root)
        row = _error(tree, error)
        if row.is_resolved:
            raise AlreadyResolved(
                f"{row.id} is resolved already: {row.fix or 'nobody said how'}", mend="open a new one"
            )
        name = free_name(root / FRAGMENTS, now)
        path = f"{FRAGMENTS}/{name}.md"
        number = asked["number"] if asked else ""
        event = Event(name, row.id, "resolved", minute(now), "", "", row.record, commit.strip().lower(), number, path)
        text = entry_text(tree, now, title, fields, [Tag("ERROR", row.id)])
        writer.apply({path: text.encode(), f"{EVENTS}/{name}.md": event_text(event).encode()})
    return Recorded(path, text, row.id)


def entry_text(tree: Tree, now: datetime, title: str, fields: Mapping[str, str], tags: Iterable[Tag]) -> str:
    """A new entry as its file holds it: above it, which records its tags mean. Raises InputInvalid."""
    tags = list(tags)
    return means(_records(tree, tags)) + written(minute(now), title, fields, tags)


def means(records: Mapping[str, str]) -> str:
    """The comment above an entry. records: name of an error's opening, or title of a task, by id."""
    lines = [f"<!-- {name} = {_said(record)} -->\n" for name, record in records.items()]
    return "".join([*lines, "\n"]) if lines else ""


def meant(head: str) -> dict[str, str] | None:
    """What stands above an entry as ``means`` writes it; None if it holds anything else."""
    rest = _MEANS.sub("", head).strip()
    return None if rest else {found["id"]: found["record"] for found in _MEANS.finditer(head)}


def check_title(title: str) -> None:
    """A tag in a title would be read as one, of an id that nobody has looked for. Raises InputInvalid."""
    if tags := tags_of(title)[1]:
        raise InputInvalid(f"a title holds the tag {tags[0]}", mend="--task ID or --error ID says what it is about")


def minute(now: datetime) -> str:
    """A time as entries have it: UTC, ``YYYY-MM-DD HH:MM``."""
    return now.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def new_name(folder: Path, now: datetime) -> str:
    """A name for a record of this time, behind those of its minute, so that records stay in the order of their writing.

    folder: of the entries. Somebody may take it meanwhile, as long as no lock is held.
    """
    begun = f"{now.astimezone(UTC):%Y-%m-%dT%H%M}-"
    there = {path.stem for place in (folder, folder.parent / EVENTS) for path in place.glob(f"{begun}*")}
    latest = max((int(name[-4:], 16) for name in there if _NAME.fullmatch(name)), default=-1)
    # Other branches begin their minutes likewise, so the steps are wide; a hundred fit into a minute.
    room = _NAMES - latest - 1
    within = room // 2 if latest < 0 else max(room // 8, min(room, 1))
    number = latest + 1 + secrets.randbelow(within) if within else secrets.randbelow(_NAMES)
    return f"{begun}{number:04x}"


def free_name(folder: Path, now: datetime) -> str:
    """A name that no record of the ledger has, as ``new_name`` makes it. Raises InputInvalid when there is none.

    It is sure to stay free while the lock is held; without it, take a name by making its file.
    """
    folders = (folder, folder.parent / EVENTS)
    for _ in range(_TRIES):
        name = new_name(folder, now)
        if not any((place / f"{name}{ending}").exists() for place in folders for ending in (".md", ".part")):
            return name
    raise InputInvalid(f"{_TRIES} names of one minute are taken in {FRAGMENTS}", mend="wait a minute")


def publish(path: Path, text: str) -> None:
    """Make a record's file, whole from the first moment on. Raises FileExistsError, OutputUnwritable."""
    create(path, text.encode())


def next_id(kind: str, now: datetime, known: Iterable[str]) -> str:
    """The next free id of a day. kind: ERR or TASK."""
    day = f"{kind}-{now.astimezone(UTC):%Y-%m-%d}-"
    return free_id(day, known)


def free_id(day: str, known: Iterable[str]) -> str:
    """The id behind all known ones. day: what it begins with, such as ``ERR-2026-03-04-``."""
    taken = [
        int(name.removeprefix(day)) for name in known if name.startswith(day) and name.removeprefix(day).isdecimal()
    ]
    return f"{day}{max(taken, default=0) + 1:03d}"


def _records(tree: Tree, tags: Iterable[Tag]) -> dict[str, str]:
    """What tags mean, as far as that is not settled by the tables."""
    found: dict[str, str] = {}
    for tag in tags:
        if tag.kind == "ERROR":
            record = next((row.record for row in read_errors(tree) if row.id == tag.id), "")
        else:
            tasks = read_tasks(tree)
            titles = [(task.id, task.title) for task in tasks.tasks] + [(item.id, item.title) for item in tasks.chain]
            record = next((title for name, title in titles if name == tag.id), "")
        if record:
            found[tag.id] = record
    return found


def _said(record: str) -> str:
    return " ".join(record.replace("-->", "").split())


def _cell(text: str) -> str:
    """A text as a cell of a table takes it."""
    shown = " ".join(clean(text).split())
    # One that is opened and never closed would hide the rest of the table.
    if "-->" not in shown[max(shown.rfind("<!--"), 0) :]:
        shown = shown.replace("<!--", "<! --")
    return re.sub(r"(?<!\\)\|", r"\\|", shown)


def _task(tree: Tree, task: str) -> str:
    known = read_tasks(tree).known
    if task not in known:
        raise UnknownName("task", task, sorted(known))
    return task


def _error(tree: Tree, error: str) -> ErrorRow:
    """The row of an id; of two the one that is not resolved."""
    rows = read_errors(tree)
    mine = [row for row in rows if row.id == error]
    if not mine:
        raise UnknownName("error", error, sorted({row.id for row in rows}))
    return next((row for row in mine if not row.is_resolved), mine[0])


def error_ids(tree: Tree) -> set[str]:
    return {row.id for row in read_errors(tree)} | read_journal(tree).tagged("ERROR")
