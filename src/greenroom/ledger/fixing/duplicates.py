"""Ids that were given out twice, settled by a rule that comes to the same on every machine.

What stands in a table keeps its id, because entries that are folded say it and stay word for word. Of others the one
with the earlier time keeps it, then the one with the smaller name; each of the rest gets the next free number, and the
tags that mean it, in entries that are not yet folded, say the new one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.ledger.errors_table import ERRORS, EVENTS, ID, event_of, event_text, rows_of
from greenroom.ledger.fragments import free_id, meant
from greenroom.ledger.journal import FRAGMENTS, is_journal
from greenroom.ledger.tasks import ARCHIVE, CURRENT, DONE, OPEN, TASKS, archive_path, tasks_of
from greenroom.ledger.tasks import ID as TASK_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.ledger.draft import Draft
    from greenroom.ledger.errors_table import Event
    from greenroom.ledger.tasks import ChainItem, Task

_MARKS = (DONE, CURRENT, OPEN)
_NUMBER = re.compile(r"[0-9]+\Z")


def settle(draft: Draft) -> list[tuple[str, str]]:
    """Settle the ids of records that are not yet folded; gives the old and the new id of each that changed."""
    events = _events(draft)
    rows = rows_of(draft.text(ERRORS) or "")
    taken = {row.id for row in rows}
    settled: list[tuple[str, str]] = []
    opened = [event for event in events.values() if event.verb == "opened"]
    if len({*taken, *(event.id for event in opened)}) == len(taken) + len(opened):
        return []
    known = taken | {event.id for event in opened} | _tagged(draft, "ERROR")
    for event in sorted(opened, key=lambda event: (event.time, event.name)):
        if event.id not in taken:
            taken.add(event.id)
            continue
        new = free_id(_day(event.id), known)
        known.add(new)
        taken.add(new)
        settled.append((event.id, new))
        _rename(draft, events, event, new)
    return settled


def settle_rows(draft: Draft) -> list[tuple[str, str]]:
    """Settle two rows of one id in the table: the upper one of the earliest keeps it."""
    text = draft.text(ERRORS)
    rows = rows_of(text or "")
    if text is None or len({row.id for row in rows}) == len(rows):
        return []
    known = {row.id for row in rows} | _tagged(draft, "ERROR") | {event.id for event in _events(draft).values()}
    lines, taken, settled = text.split("\n"), set(), []
    for row in sorted(rows, key=lambda row: (row.seen, row.line)):
        if row.id not in taken or not ID.fullmatch(row.id):
            taken.add(row.id)
            continue
        new = free_id(_day(row.id), known)
        known.add(new)
        lines[row.line - 1] = lines[row.line - 1].replace(row.id, new, 1)
        settled.append((row.id, new))
    draft.put(ERRORS, "\n".join(lines))
    return settled


def settle_tasks(draft: Draft) -> list[tuple[str, str]]:
    """Settle two tasks of one id in ``TASKS.md``; they are told apart by their titles."""
    settled: list[tuple[str, str]] = []
    while (text := draft.text(TASKS)) is not None and (found := _second(draft, text)) is not None:
        old, title = found
        known = _task_ids(draft, text) | _tagged(draft, "TASK")
        new = free_id(_day(old), known)
        draft.put(TASKS, _with_task(text, old, title, new))
        _retag(draft, "TASK", old, new, title)
        settled.append((old, new))
    return settled


def join_twins(draft: Draft) -> None:
    """Let one step of the chain stand once, where a merge has kept it twice; what one branch has done is done."""
    text = draft.text(TASKS)
    chain = tasks_of(text or "").chain
    best: dict[tuple[str, str], ChainItem] = {}
    for item in chain:
        if item.id:
            known = best.setdefault((item.id, item.title), item)
            best[item.id, item.title] = min(known, item, key=_place)
    if text is None or len(best) == sum(bool(item.id) for item in chain):
        return
    lines = text.split("\n")
    seen: set[tuple[str, str]] = set()
    gone: set[int] = set()
    for item in chain:
        if item.id and (item.id, item.title) in seen:
            gone.add(item.line)
        elif item.id:
            seen.add((item.id, item.title))
            if mark := best[item.id, item.title].mark:
                lines[item.line - 1] = item.marked(lines[item.line - 1], mark)
    draft.put(TASKS, "\n".join(line for number, line in enumerate(lines, 1) if number not in gone))


def _place(item: ChainItem) -> int:
    """How far a step is, the furthest first; one of no known mark is the least far."""
    return _MARKS.index(item.mark) if item.mark in _MARKS else len(_MARKS)


def _events(draft: Draft) -> dict[str, Event]:
    found = {path: event_of(draft.text(path) or "", path) for path in draft.paths(EVENTS)}
    return {path: event for path, event in found.items() if event}


def _rename(draft: Draft, events: dict[str, Event], opened: Event, new: str) -> None:
    """Give an error that is not yet folded another id, wherever it is meant."""
    for path, event in events.items():
        if opened.name == (event.name if event.verb == "opened" else event.record):
            events[path] = replace(event, id=new)
            draft.put(path, event_text(events[path]))
            if event.link:
                _retag_one(draft, event.link, "ERROR", opened.id, new, opened.name)
    _retag(draft, "ERROR", opened.id, new, opened.name)


def _retag(draft: Draft, kind: str, old: str, new: str, record: str) -> None:
    """Tags of entries that are not yet folded and say above themselves that they mean this record."""
    for path in draft.paths(FRAGMENTS):
        head = draft.pages(path).head
        if (meant(head) or {}).get(old) == record:
            _retag_one(draft, path, kind, old, new, record)


def _retag_one(draft: Draft, path: str, kind: str, old: str, new: str, record: str) -> None:
    text = draft.text(path)
    if text is not None:
        text = text.replace(f"<!-- {old} = {record} -->", f"<!-- {new} = {record} -->")
        draft.put(path, text.replace(f"|{kind}:{old}|", f"|{kind}:{new}|"))


def _second(draft: Draft, text: str) -> tuple[str, str] | None:
    """The id and title of a task whose id another one has.

    Steps are compared with steps, and texts with texts: a person may call one task by other words here and there.
    """
    found = tasks_of(text)
    kinds: tuple[Sequence[ChainItem | Task], ...] = (found.chain, found.tasks)
    for kind in kinds:
        mine: dict[str, list[ChainItem | Task]] = defaultdict(list)
        for one in kind:
            if one.id and TASK_ID.fullmatch(one.id):
                mine[one.id].append(one)
        for name in sorted(mine):
            if len({one.title for one in mine[name]}) > 1:
                kept = _archived_title(draft, name)
                first, *others = sorted(mine[name], key=lambda one: (one.title != kept, *_begun(found.tasks, one)))
                return name, next(one.title for one in others if one.title != first.title)
    return None


def _archived_title(draft: Draft, name: str) -> str | None:
    said = re.search(r"^\*\*Title:?\*\*:?(.*)$", draft.text(archive_path(name)) or "", re.MULTILINE)
    return said[1].strip() if said else None


def _begun(tasks: tuple[Task, ...], one: ChainItem | Task) -> tuple[bool, str, str, int]:
    """What is done comes first, then by the time of the start, which some do not have, then by title.

    Where they stand says nothing: two machines that merge each other have them in different orders.
    """
    mine = next((task for task in tasks if (task.id, task.title) == (one.id, one.title)), None)
    is_done = getattr(one, "is_done", False) or (mine is not None and mine.status == "COMPLETE")
    return not is_done, mine.text("Started") if mine else "~", one.title, one.line


def _with_task(text: str, old: str, title: str, new: str) -> str:
    found = tasks_of(text)
    lines = text.split("\n")
    both: list[ChainItem | Task] = [*found.tasks, *found.chain]
    for one in both:
        if (one.id, one.title) == (old, title):
            head, _, tail = lines[one.line - 1].rpartition(old)
            lines[one.line - 1] = f"{head}{new}{tail}"
    return "\n".join(lines)


def _task_ids(draft: Draft, text: str) -> set[str]:
    archive = {path.rpartition("/")[2].removesuffix(".md") for path in draft.paths(ARCHIVE)}
    found = tasks_of(text)
    return archive | {task.id for task in found.tasks} | {item.id for item in found.chain if item.id}


def _tagged(draft: Draft, kind: str) -> set[str]:
    return {
        tag.id
        for path in draft.paths()
        if is_journal(path)
        for entry in draft.pages(path).entries
        for tag in entry.tags
        if tag.kind == kind
    }


def _day(name: str) -> str:
    """What an id begins with."""
    return _NUMBER.sub("", name)
