"""What was there before and must be there still: entries word for word, tasks, errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.ledger.errors_table import ERRORS
from greenroom.ledger.errors_table import ID as ERROR_ID
from greenroom.ledger.journal import TAG
from greenroom.ledger.tasks import TASKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.checks.records import Records
    from greenroom.ledger.journal import Entry
    from greenroom.ledger.tasks import Tasks
    from greenroom.ledger.tree import Tree

_COMPLETE = "COMPLETE"
_STATUS = re.compile(r"[ \t]*(?:[-*+][ \t]+)?\*\*Status:?\*\*:?[ \t]*(?P<status>\w+)")


def check(tree: Tree, records: Records, before: Tree, earlier: Records) -> Iterator[Finding]:
    """Codes: journal-lost, journal-edited, task-reopened, task-lost, err-lost."""
    yield from _entries(records, earlier)
    yield from _reopened(records.tasks, earlier.tasks)
    yield from _reopened_in_archive(tree, records.tasks, before, earlier.tasks)
    for task in sorted(_in_document(earlier.tasks) - records.tasks.known):
        message = f"{task} was in {TASKS}, and is neither there nor in the archive"
        yield Finding("task-lost", "error", message, "bring it back; one that nobody goes on with is BLOCKED", TASKS)
    known = {row.id for row in earlier.errors if ERROR_ID.fullmatch(row.id)}
    for error in sorted(known - {row.id for row in records.errors}):
        message = f"{error} was in {ERRORS}, and is not there"
        yield Finding("err-lost", "error", message, "bring its row back; a resolved one stays, too", ERRORS)


def _entries(records: Records, earlier: Records) -> Iterator[Finding]:
    """Each entry that is nowhere: edited, if there is a new one of its heading or its time, or else lost."""
    new: dict[str, list[Entry]] = {}
    for entry in records.journal.entries:
        if entry.key not in earlier.journal.keys:
            new.setdefault(entry.time, []).append(entry)
    gone = [entry for entry in earlier.journal.entries if entry.key not in records.journal.keys]
    fresh = _ids(records) - _ids(earlier)
    # Those of the same heading first, so that none of them is taken for one whose title was changed.
    untold = []
    for entry in gone:
        renumbered = next((one for one in new.get(entry.time, ()) if _is_renumbered(entry, one, fresh)), None)
        same = next((one for one in new.get(entry.time, ()) if one.heading == entry.heading), None)
        if renumbered is not None:
            new[entry.time].remove(renumbered)
        elif same is None:
            untold.append(entry)
        else:
            new[entry.time].remove(same)
            yield _edited(same)
    for entry in untold:
        if new.get(entry.time):
            yield _edited(new[entry.time].pop(0))
        else:
            message = f"the entry of {entry.heading} was here, and is nowhere now"
            yield Finding("journal-lost", "error", message, "bring it back, word for word", entry.path)


def _is_renumbered(old: Entry, new: Entry, fresh: set[str]) -> bool:
    """Whether only tags say other ids, new ones: of two records that branches gave one id, one gets the next free."""
    now = {one.id for one in new.tags} - {one.id for one in old.tags}
    return bool(now) and now <= fresh and TAG.sub("|", old.key) == TAG.sub("|", new.key)


def _ids(records: Records) -> set[str]:
    return {row.id for row in records.errors} | records.tasks.known


def _edited(entry: Entry) -> Finding:
    message = f"the entry of {entry.heading} says other words than before"
    mend = "bring its words back, and write a new entry for what is to be said"
    return Finding("journal-edited", "error", message, mend, entry.path, entry.line)


def _reopened(tasks: Tasks, earlier: Tasks) -> Iterator[Finding]:
    states = {task.id: task.status for task in earlier.tasks}
    closed = {item.id for item in earlier.chain if item.is_done} | set(earlier.archived)
    for task in tasks.tasks:
        if task.status != _COMPLETE and states.get(task.id, _COMPLETE if task.id in closed else "") == _COMPLETE:
            yield _finding(task.id, task.status, TASKS, task.line_of("Status"))


def _reopened_in_archive(tree: Tree, tasks: Tasks, before: Tree, earlier: Tasks) -> Iterator[Finding]:
    for task, path in tasks.archived.items():
        said = _status(tree, path)
        if said and said[1] != _COMPLETE and task in earlier.archived:
            was = _status(before, earlier.archived[task])
            if was and was[1] == _COMPLETE:
                yield _finding(task, said[1], path, said[0])


def _status(tree: Tree, path: str) -> tuple[int, str] | None:
    """The line and first word of the status in the document of one task."""
    found = ((number, _STATUS.match(line)) for number, line in tree.document(path).prose())
    return next(((number, status["status"]) for number, status in found if status), None)


def _finding(task: str, status: str, path: str, line: int) -> Finding:
    message = f"{task} was complete, and is {status or 'in no state'} now"
    mend = "leave it complete, and begin a new task that depends on it"
    return Finding("task-reopened", "error", message, mend, path, line)


def _in_document(tasks: Tasks) -> set[str]:
    return {task.id for task in tasks.tasks if task.id} | {item.id for item in tasks.chain if item.id}
