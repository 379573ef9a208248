"""What is done with tasks: each verb is one change of the ledger, and only ways that a task may go are gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable, GreenroomError, InputInvalid, UnknownName
from greenroom.ledger import task_edits as edits
from greenroom.ledger.changes import writing
from greenroom.ledger.fragments import check_title, entry_text, free_name, minute, next_id
from greenroom.ledger.journal import FRAGMENTS, Tag, read_journal
from greenroom.ledger.tasks import TASKS, archive_path, read_tasks, tasks_of
from greenroom.ledger.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from greenroom.ledger.changes import Writer
    from greenroom.ledger.tasks import ChainItem, Tasks


class TaskUnderWay(GreenroomError):
    """Another task is IN_PROGRESS, and only one may be."""

    code = "task-under-way"


class TaskWaits(GreenroomError):
    """A task needs others that are not complete."""

    code = "task-waits"


class NoTaskLeft(GreenroomError):
    """All of the chain is done: a new phase is due."""

    code = "task-none-left"


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a task. status: its state now.  entry: the file of the entry that tells of it, if one does.

    next_id, next_title: of the chain's next step, empty where all is done.
    """

    id: str
    title: str
    status: str
    entry: str = ""
    next_id: str = ""
    next_title: str = ""


def new(root: Path, title: str, *, now: datetime | None = None) -> Step:
    """Add a task at the end of the chain. Raises InputInvalid, FileUnreadable, and what ``changes.writing`` raises."""
    if not edits.one_line(title):
        raise InputInvalid("a task needs a title", mend='greenroom ledger task new "TITLE"')
    check_title(title)
    now = now or datetime.now(UTC)
    with writing(root) as writer:
        tree = Tree.of(root)
        known = read_tasks(tree).known | read_journal(tree).tagged("TASK")
        name = next_id("TASK", now, known)
        desk = _Desk(writer, tree)
        desk.text = edits.added(desk.text, name, title)
        return desk.done(name, "PLANNING")


def start(
    root: Path,
    task: str,
    *,
    dependencies: Sequence[str] = (),
    context: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Step:
    """Set a task IN_PROGRESS, from PLANNING, BLOCKED or TESTING. dependencies: ids; for a task that has no text yet.

    context: any of Previous Work, Key Files, Environment, Next Steps.
    Raises UnknownName, TransitionRefused, TaskUnderWay, TaskWaits, and what ``changes.writing`` raises.
    """
    with writing(root) as writer:
        desk = _Desk(writer, Tree.of(root))
        return desk.start(task, dependencies, context, now or datetime.now(UTC))


def block(root: Path, task: str, reason: str = "", *, now: datetime | None = None) -> Step:
    """Set a task BLOCKED. reason: becomes its next BLOCKER, and an entry of the journal. Raises as ``start`` does."""
    now = now or datetime.now(UTC)
    with writing(root) as writer:
        desk = _Desk(writer, Tree.of(root))
        desk.go(task, "BLOCKED")
        if not edits.one_line(reason):
            return desk.done(task, "BLOCKED")
        desk.text = edits.noted(desk.text, task, "BLOCKER", reason)
        fields = {"What": "The task was set aside.", "Why": reason, "Issues": reason, "Result": "Blocked."}
        return desk.done(task, "BLOCKED", desk.entry(task, fields, now))


def test(root: Path, task: str) -> Step:
    """Set a task TESTING: what was to be made is made. Raises as ``start`` does."""
    with writing(root) as writer:
        desk = _Desk(writer, Tree.of(root))
        desk.go(task, "TESTING")
        return desk.done(task, "TESTING")


def done(root: Path, task: str, fields: Mapping[str, str], *, now: datetime | None = None) -> Step:
    """Complete a task, through TESTING if it is IN_PROGRESS. Its text goes to the archive, an entry to the journal.

    fields: of the entry; without a Why it names the phase.
    Raises InputInvalid, and as ``start`` does.
    """
    now = now or datetime.now(UTC)
    with writing(root) as writer:
        desk = _Desk(writer, Tree.of(root))
        if desk.state(task) == "IN_PROGRESS":
            desk.go(task, "TESTING")
        desk.go(task, "COMPLETE")
        phase = desk.found.phase
        why = f"A task of the phase {phase.name}." if phase and phase.name else "Not recorded."
        entry = desk.entry(task, {**fields, "Why": fields.get("Why") or why}, now)
        desk.archive(task, minute(now))
        return desk.done(task, "COMPLETE", entry)


def start_next(root: Path, *, context: Mapping[str, str] | None = None, now: datetime | None = None) -> Step:
    """Start the chain's next task. Raises NoTaskLeft, and as ``start`` does."""
    now = now or datetime.now(UTC)
    with writing(root) as writer:
        tree = Tree.of(root)
        desk = _Desk(writer, tree)
        following = desk.following
        if following is None:
            mend = 'begin a new phase in TASKS.md, or greenroom ledger task new "TITLE"'
            raise NoTaskLeft("no task of the chain waits", mend=mend)
        name = following.id
        if name is None:
            known = desk.found.known | read_journal(tree).tagged("TASK")
            name = next_id("TASK", now, known)
            desk.text = f"{desk.text[: following.end].rstrip()} ({name}){desk.text[following.end :]}"
        return desk.start(name, (), context, now)


class _Desk:
    """``TASKS.md`` while it is changed, and what is written with it."""

    def __init__(self, writer: Writer, tree: Tree) -> None:
        data = tree.bytes(TASKS)
        if data is None and tree.exists(TASKS):
            raise FileUnreadable(f"{TASKS} is no file", mend="move it away")
        if data is None:
            raise FileUnreadable(f"there is no {TASKS}", mend="greenroom ledger init writes one")
        self.text = data.decode("utf-8", "surrogateescape")
        self._writer = writer
        self._tree = tree
        self._before = data
        self._writes: dict[str, bytes] = {}
        self._archive = read_tasks(tree).archived

    @property
    def found(self) -> Tasks:
        """The tasks as they are now."""
        found = tasks_of(self.text)
        return type(found)(found.phase, found.tasks, found.chain, self._archive)

    @property
    def following(self) -> ChainItem | None:
        """The first step of the chain that nobody has begun."""
        found = self.found
        begun = {task.id for task in found.tasks} | {item.id for item in found.chain if item.is_done and item.id}
        begun |= set(found.archived)
        return next((item for item in found.chain if not item.is_done and item.id not in begun), None)

    def state(self, task: str) -> str:
        """Raises UnknownName."""
        if task not in self.found.known:
            raise UnknownName("task", task, sorted(self.found.known))
        return edits.state_of(self.found, task)

    def go(self, task: str, state: str) -> None:
        edits.check_transition(task, self.state(task), state)
        self.text = edits.with_status(self.text, task, state)

    def start(self, task: str, dependencies: Sequence[str], context: Mapping[str, str] | None, now: datetime) -> Step:
        edits.check_transition(task, self.state(task), "IN_PROGRESS")
        other = next((one for one in self.found.tasks if one.status == "IN_PROGRESS" and one.id != task), None)
        if other is not None:
            message = f"{other.id} ({other.title}) is IN_PROGRESS, and only one task may be"
            raise TaskUnderWay(message, mend=f"greenroom ledger task done|test|block {other.id}")
        mine = edits.task_of(self.found, task)
        self._check_dependencies(task, mine.dependencies if mine else dependencies)
        if mine is None:
            title = self._title(task)
            self.text = edits.started(self.text, task, title, minute(now), dependencies, context)
        else:
            self.text = edits.with_status(self.text, task, "IN_PROGRESS")
        return self.done(task, "IN_PROGRESS")

    def entry(self, task: str, fields: Mapping[str, str], now: datetime) -> str:
        """Write an entry with the change; gives its path."""
        path = f"{FRAGMENTS}/{free_name(self._writer.root / FRAGMENTS, now)}.md"
        text = entry_text(self._tree, now, self._title(task), fields, [Tag("TASK", task)])
        self._writes[path] = text.encode()
        return path

    def archive(self, task: str, completed: str) -> None:
        """Move a task's text; a task that is no step of the chain becomes one."""
        title, path = self._title(task), archive_path(task)
        if self._tree.exists(path):
            message = f"{path} is there already: two tasks have the id {task}"
            raise edits.TransitionRefused(message, mend="give one of them another id")
        self.text, block = edits.taken_out(self.text, task)
        if edits.item_of(self.found, task) is None:
            self.text = edits.with_status(edits.added(self.text, task, title), task, "COMPLETE")
        self._writes[path] = edits.archived(block, task, completed).encode("utf-8", "surrogateescape")

    def done(self, task: str, status: str, entry: str = "") -> Step:
        """Write all of it."""
        title = self._title(task)
        following = self.following if status == "COMPLETE" else None
        self._writes[TASKS] = self.text.encode("utf-8", "surrogateescape")
        self._writer.apply(self._writes, expected={TASKS: self._before})
        waiting = (following.id or "", following.title) if following else ("", "")
        return Step(task, title, status, entry, *waiting)

    def _title(self, task: str) -> str:
        return next(self._titles(task), task)

    def _titles(self, task: str) -> Iterator[str]:
        for text in (self.text, self._before.decode("utf-8", "surrogateescape")):
            found = tasks_of(text)
            yield from (one.title for one in found.tasks if one.id == task and one.title)
            yield from (one.title for one in found.chain if one.id == task and one.title)

    def _check_dependencies(self, task: str, names: Sequence[str]) -> None:
        for name in names:
            if self.state(name) != "COMPLETE":
                message = f"{task} needs {name}, which is {self.state(name)}"
                raise TaskWaits(message, mend=f"greenroom ledger task done {name}, or take it out of Dependencies")
