"""Tasks: ids, states, what a task must say, and what must be there when one is done."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.findings import Finding, Patch
from greenroom.ledger.checks.errors import is_date
from greenroom.ledger.links import goal
from greenroom.ledger.tasks import CONTEXT, STATES, TASKS, archive_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.checks.records import Records
    from greenroom.ledger.tasks import Task, Tasks
    from greenroom.ledger.tree import Tree

ARCHITECTURE = "ARCHITECTURE.md"
_ID = re.compile(r"TASK-(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})-[0-9]{3}")
_NAMED = re.compile(r"TASK-[\w-]*\w")
_DECISION = re.compile(r"[ \t]*(?:[-*+][ \t]+)?\*\*(?P<name>DECISION-[0-9]+):?\*\*")
_NEXT = re.compile(r"[ \t]*(?:(?:[-*+][ \t]+)?\*\*|#{1,6}[ \t]|[-*+][ \t]|$)")
_PART = re.compile(r"[ \t]*(?:[-*+][ \t]+)?\*\*(?P<name>[^*]+?):?\*\*:?(?P<text>.*)")


def check(tree: Tree, records: Records) -> Iterator[Finding]:
    """Codes: task-id, task-dup-id, task-state, task-two-active, task-progress, task-dep-unknown, task-context,

    task-decision-unlinked, task-no-journal, task-not-archived.
    """
    if TASKS not in tree.documents:
        return
    tasks = records.tasks
    yield from _ids(tasks)
    yield from _states(tasks)
    yield from _progress(tree, tasks)
    for task in tasks.tasks:
        for needed in dependencies(task):
            if needed not in tasks.known:
                message = f"{task.id} waits for {needed}, which is no task here, in the chain or in the archive"
                mend = "name a task that is there, or none"
                yield _finding("task-dep-unknown", message, mend, task.line_of("Dependencies"))
    yield from _contexts(tree, tasks)
    yield from _decisions(tree)
    yield from _done(tree, records)


def dependencies(task: Task) -> tuple[str, ...]:
    """The ids in its dependencies, up to the first empty line."""
    return tuple(dict.fromkeys(_NAMED.findall(re.split(r"\n[ \t\r]*\n", task.text("Dependencies"))[0])))


def _ids(tasks: Tasks) -> Iterator[Finding]:
    seen: dict[str, Task] = {}
    for task in tasks.tasks:
        found = _ID.fullmatch(task.id)
        if found is None or not is_date(found["date"]):
            message = f"{task.id or 'nothing'} is no id of a task"
            yield _finding("task-id", message, "write TASK-YYYY-MM-DD-NNN", task.line)
        if task.id in seen:
            message = f"{task.id} is two tasks; the other is at line {seen[task.id].line}"
            mend = "greenroom ledger fix gives the later one the next free number"
            yield _finding("task-dup-id", message, mend, task.line)
        seen.setdefault(task.id, task)
    steps: dict[str, int] = {}
    for item in tasks.chain:
        if item.id and item.id in steps:
            message = f"{item.id} stands twice in the chain; the other is at line {steps[item.id]}"
            yield _finding("task-dup-id", message, "greenroom ledger fix settles it", item.line)
        elif item.id:
            steps[item.id] = item.line


def _states(tasks: Tasks) -> Iterator[Finding]:
    active: Task | None = None
    for task in tasks.tasks:
        status = task.status
        if status not in STATES:
            message = f"{task.id} is in state {status or 'of no name'}"
            yield _finding("task-state", message, f"write one of {', '.join(STATES)}", task.line_of("Status"))
        if status == "IN_PROGRESS":
            if active is not None:
                message = f"{task.id} is in progress, and so is {active.id}"
                yield _finding("task-two-active", message, "block one of them, or test it", task.line_of("Status"))
            active = active or task


def _progress(tree: Tree, tasks: Tasks) -> Iterator[Finding]:
    phase = tasks.phase
    line = phase.progress_line if phase else None
    if phase is None or line is None or phase.done is None or (phase.done, phase.total) == tasks.progress:
        return
    done, total = tasks.progress
    message = f"the phase says {phase.done}/{phase.total}, and of its chain {done}/{total} are done"
    before = tree.document(TASKS).lines[line - 1]
    after = re.sub(r"[0-9]+[ \t]*/[ \t]*[0-9]+", f"{done}/{total}", before, count=1)
    patch = Patch(TASKS, line, (before,), (after,), safe=True)
    yield Finding("task-progress", "error", message, f"write {done}/{total}", TASKS, line, patch)


def _contexts(tree: Tree, tasks: Tasks) -> Iterator[Finding]:
    document = tree.document(TASKS)
    ends = [*(task.line - 1 for task in tasks.tasks[1:]), len(document.lines)]
    for task, end in zip(tasks.tasks, ends, strict=False):
        said = set(task.context)
        lines = list(document.prose(task.line, end))
        for at, (_, line) in enumerate(lines):
            part = _PART.match(line)
            more = lines[at + 1][1] if at + 1 < len(lines) else ""
            if part and (part["text"].strip() or (more.startswith((" ", "\t")) and more.strip())):
                said.add(part["name"].strip())
        if missing := [name for name in CONTEXT if name not in said]:
            message = f"{task.id} does not say {', '.join(missing)}"
            mend = f"add - **{missing[0]}**: TEXT below ### Task Context, so that anybody can go on"
            yield _finding("task-context", message, mend, task.line)


def _decisions(tree: Tree) -> Iterator[Finding]:
    document = tree.document(TASKS)
    linked = {
        link.line
        for link in document.links
        if (to := goal(TASKS, link.target)) and to.path.rpartition("/")[2] == ARCHITECTURE
    }
    lines = list(document.prose())
    for at, (number, line) in enumerate(lines):
        decision = _DECISION.match(line)
        if decision is None:
            continue
        following = (later for later, text in lines[at + 1 :] if _NEXT.match(text))
        end = next(following, len(document.lines) + 1)
        if linked.isdisjoint(range(number, end)):
            message = f"{decision['name']} has no link to {ARCHITECTURE}"
            mend = f"add → [ARCHITECTURE]({ARCHITECTURE}#SECTION), where the reason stands"
            yield _finding("task-decision-unlinked", message, mend, number)


def _done(tree: Tree, records: Records) -> Iterator[Finding]:
    told = records.journal.tagged("TASK")
    for item in records.tasks.chain:
        if not item.is_done or item.id is None:
            continue
        if item.id not in told:
            message = f"{item.id} is done, and no entry of the journal is tagged |TASK:{item.id}|"
            mend = f'greenroom ledger log "TITLE" --task {item.id}'
            yield _finding("task-no-journal", message, mend, item.line)
        if not tree.exists(archive_path(item.id)):
            message = f"{item.id} is done, and there is no {archive_path(item.id)}"
            yield _finding("task-not-archived", message, "move what is known of it there", item.line)


def _finding(code: str, message: str, mend: str, line: int) -> Finding:
    return Finding(code, "error", message, mend, TASKS, line)
