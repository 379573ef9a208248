"""What a person asks a ledger for: one task or error with all that was written of it, the day, or what is open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid, UnknownName, quoted
from greenroom.ledger.errors_table import newest_first, read_errors
from greenroom.ledger.journal import read_journal, without_rule
from greenroom.ledger.tasks import read_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenroom.ledger.errors_table import ErrorRow
    from greenroom.ledger.journal import Entry
    from greenroom.ledger.tasks import Tasks
    from greenroom.ledger.tree import Tree

# Behind what is open, so many entries: the last ones say where work stands.
_LAST = 3
_ID = re.compile(r"(?:TASK|ERR)-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{3,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TaskSheet:
    """A task. status: a state, or WAITING for a step of the chain that was not begun.  text: all that stands of it."""

    id: str
    title: str
    status: str
    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class ErrorSheet:
    """An error. fix: the last cell of its row."""

    id: str
    seen: str
    status: str
    severity: str
    area: str
    fix: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class EntrySheet:
    """An entry of the journal, word for word."""

    time: str
    title: str
    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was asked for. asked: an id, today or open."""

    asked: str
    tasks: tuple[TaskSheet, ...]
    errors: tuple[ErrorSheet, ...]
    entries: tuple[EntrySheet, ...]

    def lines(self) -> list[str]:
        """As a person reads it. Of what is open, entries are lines; else they are whole."""
        is_list = self.asked == "open"
        found = [f"{task.id or '-'}  {task.status}  {task.title}" for task in self.tasks]
        found += [f"{error.id}  {error.severity} {error.status}  {error.area}" for error in self.errors]
        for error in () if is_list else self.errors:
            found += [f"  first seen: {error.seen}", *([f"  fix: {error.fix}"] if error.fix else [])]
        for task in () if is_list else self.tasks:
            found += ["", *task.text.splitlines()]
        for entry in self.entries:
            found += [f"{entry.time}  {entry.title}"] if is_list else ["", *entry.text.splitlines()]
        return found[1:] if found[:1] == [""] else found


def show(tree: Tree, asked: str, today: str) -> Sheet:
    """What a ledger says of an id, of today, or of all that is open.

    today: ``YYYY-MM-DD``, UTC.  Raises UnknownName for an id that is nowhere, InputInvalid for what is no id.
    """
    tasks, errors, entries = read_tasks(tree), read_errors(tree), read_journal(tree).entries
    match asked.casefold():
        case "today":
            return Sheet(
                "today",
                tuple(_under_way(tree, tasks)),
                _errors(error for error in errors if error.seen.startswith(today)),
                _entries(entry for entry in entries if entry.time.startswith(today)),
            )
        case "open":
            waiting = (
                TaskSheet(item.id or "", item.title, "WAITING", "TASKS.md", item.line, "")
                for item in tasks.chain
                if not item.is_done and item.id not in {task.id for task in tasks.tasks}
            )
            return Sheet(
                "open",
                (*_under_way(tree, tasks), *waiting),
                _errors(newest_first([error for error in errors if not error.is_resolved])),
                _entries(entries[-_LAST:]),
            )
    return _of_id(tree, asked, tasks, errors, entries)


def _of_id(tree: Tree, asked: str, tasks: Tasks, errors: tuple[ErrorRow, ...], entries: tuple[Entry, ...]) -> Sheet:
    if not _ID.fullmatch(asked):
        mend = "give TASK-YYYY-MM-DD-NNN, ERR-YYYY-MM-DD-NNN, today or open"
        raise InputInvalid(f"{quoted(asked)} is no id of a task or an error", mend=mend)
    name = asked.upper()
    tagged = _entries(entry for entry in entries if any(tag.id == name for tag in entry.tags))
    if name.startswith("ERR-"):
        rows = _errors(error for error in errors if error.id == name)
        if not rows and not tagged:
            raise UnknownName("error", name, sorted({error.id for error in errors}))
        return Sheet(name, (), rows, tagged)
    found = [task for task in _under_way(tree, tasks, everything=True) if task.id == name]
    if not found and (path := tasks.archived.get(name)):
        found = [_archived(tree, name, path)]
    if not found:
        found = [
            TaskSheet(name, item.title, "COMPLETE" if item.is_done else "WAITING", "TASKS.md", item.line, "")
            for item in tasks.chain
            if item.id == name
        ]
    if not found and not tagged:
        raise UnknownName("task", name, sorted(tasks.known))
    return Sheet(name, tuple(found), (), tagged)


def _under_way(tree: Tree, tasks: Tasks, *, everything: bool = False) -> list[TaskSheet]:
    """The tasks of TASKS.md; without those that are done, unless everything is asked for."""
    text = tree.text("TASKS.md") or ""
    return [
        TaskSheet(task.id, task.title, task.status, task.path, task.line, text[task.start : task.end].strip())
        for task in tasks.tasks
        if everything or task.status != "COMPLETE"
    ]


def _archived(tree: Tree, name: str, path: str) -> TaskSheet:
    text = (tree.text(path) or "").strip()
    title = re.search(r"^\*\*Title\*\*:(.*)$", text, re.MULTILINE)
    return TaskSheet(name, title[1].strip() if title else "", "COMPLETE", path, 1, text)


def _errors(rows: Iterable[ErrorRow]) -> tuple[ErrorSheet, ...]:
    """Errors as they were told: a bar, which the table escapes, is one again."""
    return tuple(
        ErrorSheet(
            row.id, row.seen, row.status, row.severity, row.area.replace("\\|", "|"), row.fix, row.path, row.line
        )
        for row in rows
    )


def _entries(entries: Iterable[Entry]) -> tuple[EntrySheet, ...]:
    return tuple(
        EntrySheet(entry.time, _title(entry), entry.path, entry.line, without_rule(entry.text).strip())
        for entry in entries
    )


def _title(entry: Entry) -> str:
    """Of an entry without one, the titles of its items."""
    return entry.title or "; ".join(item.title for item in entry.items)
