"""``TASKS.md``: the phase, the tasks under way, and the chain; finished tasks are files of ``TASKS_ARCHIVE``.

A task is what follows ``**Task ID**:`` up to the next one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom.ledger.lines import beginnings
from greenroom.ledger.markdown import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.ledger.lines import Beginning
    from greenroom.ledger.tree import Tree

TASKS = "TASKS.md"
ARCHIVE = "TASKS_ARCHIVE"
STATES = ("PLANNING", "IN_PROGRESS", "BLOCKED", "TESTING", "COMPLETE")
CONTEXT = ("Previous Work", "Key Files", "Environment", "Next Steps")
ID = re.compile(r"TASK-(?P<date>(?P<month>[0-9]{4}-[0-9]{2})-[0-9]{2})-(?P<number>[0-9]{3,})")
DONE, CURRENT, OPEN = "✅", "🔄", "⏳"
_PROGRESS = re.compile(r"(?P<done>[0-9]{1,9})[ \t]*/[ \t]*(?P<total>[0-9]{1,9})")
# A step with another mark, or with none, is a step all the same: it counts, and is not done.
_CHAIN = re.compile(
    r"^(?P<indent>[ \t]*)(?P<number>[0-9]{1,9})[.)][ \t]+(?P<mark>[\u2300-\u2bff\U0001f300-\U0001faff]?)\ufe0f?[ \t]*"
    r"(?:CURRENT:?[ \t]+)?(?P<title>[^\n]*)$",
    re.MULTILINE,
)
_CHAIN_ID = re.compile(r"\s*\((?P<id>TASK-[^()\s]*)\)")
_LAST_ID = re.compile(rf"{_CHAIN_ID.pattern}$")
_NOTE = re.compile(r"(?P<kind>FINDING|DECISION|BLOCKER)-(?P<number>[0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Value:
    """A field of a task or phase. text: what follows the colon, and what is below it.  line: from 1."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Note:
    """A finding, decision or blocker. kind: FINDING, DECISION or BLOCKER."""

    kind: str
    number: int
    text: str
    line: int

    @property
    def name(self) -> str:
        """Such as ``DECISION-001``."""
        return f"{self.kind}-{self.number:03d}"


@dataclass(frozen=True, slots=True)
class Phase:
    """The active phase. done, total: of Progress, None where it says no such thing.  line: of its heading."""

    name: str
    line: int
    fields: dict[str, Value] = field(default_factory=dict)
    done: int | None = None
    total: int | None = None

    @property
    def progress_line(self) -> int | None:
        """Where Progress stands."""
        value = self.fields.get("Progress")
        return value.line if value else None


@dataclass(frozen=True, slots=True)
class Task:
    """A task. line: of its id.  fields: by name, those of its context among them.

    start, end: where its text is in the document, from the line of the id to the next task, the chain or a heading of
    level two.
    """

    id: str
    line: int
    fields: dict[str, Value]
    notes: tuple[Note, ...] = ()
    path: str = TASKS
    start: int = 0
    end: int = 0

    @property
    def title(self) -> str:
        """Its title."""
        return self.text("Title")

    @property
    def status(self) -> str:
        """The first word of its status; what else stands there is for people."""
        return next(iter(self.text("Status").split()), "")

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Ids."""
        words = re.split(r"[,;]", self.text("Dependencies"))
        return tuple(word.strip(" `") for word in words if word.strip(" `").startswith("TASK-"))

    @property
    def context(self) -> tuple[str, ...]:
        """Those of the four parts of its context that say something."""
        return tuple(name for name in CONTEXT if self.text(name))

    def text(self, name: str) -> str:
        """A field's text, empty where there is none."""
        value = self.fields.get(name)
        return value.text if value else ""

    def line_of(self, name: str) -> int:
        """The line of a field, or of the id."""
        value = self.fields.get(name)
        return value.line if value else self.line


@dataclass(frozen=True, slots=True)
class ChainItem:
    """A step of the chain. mark: ✅, 🔄 or ⏳; whoever writes by hand may have another, or none.

    start, end: offsets of its line.
    """

    number: int
    mark: str
    title: str
    id: str | None
    line: int
    start: int = 0
    end: int = 0

    @property
    def is_done(self) -> bool:
        """Whether it is marked so."""
        return self.mark == DONE

    def marked(self, line: str, mark: str) -> str:
        """Its line with another mark."""
        if self.mark:
            return line.replace(self.mark, mark, 1)
        return re.sub(r"[.)][ \t]+", lambda found: f"{found[0]}{mark} ", line, count=1)


@dataclass(frozen=True, slots=True)
class Tasks:
    """``TASKS.md`` and the archive. archived: by id, from the names of the files."""

    phase: Phase | None
    tasks: tuple[Task, ...]
    chain: tuple[ChainItem, ...]
    archived: dict[str, str] = field(default_factory=dict)

    @property
    def known(self) -> set[str]:
        """All ids: of tasks, of the chain, of the archive."""
        return {task.id for task in self.tasks} | {item.id for item in self.chain if item.id} | set(self.archived)

    @property
    def progress(self) -> tuple[int, int]:
        """How many items of the chain are done, and how many there are."""
        return sum(item.is_done for item in self.chain), len(self.chain)


def read_tasks(tree: Tree) -> Tasks:
    """The tasks of a tree; without ``TASKS.md`` only its archive."""
    found = tasks_of(tree.text(TASKS) or "")
    return Tasks(found.phase, found.tasks, found.chain, archived_in(tree))


def archived_in(tree: Tree) -> dict[str, str]:
    """Paths of finished tasks by id."""
    paths = [path for path in tree.documents if path.startswith(f"{ARCHIVE}/")]
    return {path.rpartition("/")[2].removesuffix(".md"): path for path in paths}


def archive_path(name: str) -> str:
    """Where a finished task lies: the month is that of its id."""
    found = ID.match(name)
    return f"{ARCHIVE}/{found['month'] if found else 'undated'}/{name}.md"


def tasks_of(text: str, path: str = TASKS) -> Tasks:
    """Read ``TASKS.md`` from its text. Any text is one."""
    document = Document(text)
    marks = beginnings(document)
    ids = [at for at, one in enumerate(marks) if one.name == "Task ID"]
    tasks = tuple(_task(text, marks, at, path) for at in ids)
    items = (item for begun, end in _chains(text, marks) for item in _items(text, begun, end))
    chain = tuple(item for item in items if not document.is_hidden(item.line))
    return Tasks(_phase(text, marks), tasks, chain)


def _phase(text: str, marks: list[Beginning]) -> Phase | None:
    for at, one in enumerate(marks):
        if one.level and one.text.casefold() == "active phase":
            level = one.level
            end = next((later for later in range(at + 1, len(marks)) if 0 < marks[later].level <= level), len(marks))
            values = _values(text, marks[at + 1 : end], marks[end].start if end < len(marks) else len(text))
            progress = _PROGRESS.match(values["Progress"].text) if "Progress" in values else None
            counts = (int(progress["done"]), int(progress["total"])) if progress else (None, None)
            name = values["Phase"].text if "Phase" in values else ""
            return Phase(name, one.line, values, *counts)
    return None


def _task(text: str, marks: list[Beginning], at: int, path: str) -> Task:
    def ends(other: Beginning) -> bool:
        is_heading = other.level in (1, 2) and not other.is_over_rule
        return is_heading or other.name == "Task ID" or _is_chain(other)

    end = _next(marks, at, ends)
    until = marks[end].start if end < len(marks) else len(text)
    values = _values(text, marks[at:end], until)
    notes = [
        Note(found["kind"], int(found["number"]), value.text, value.line)
        for name, value in values.items()
        if (found := _NOTE.fullmatch(name))
    ]
    return Task(marks[at].text, marks[at].line, values, tuple(notes), path, marks[at].start, until)


def _values(text: str, marks: list[Beginning], until: int) -> dict[str, Value]:
    ends = [*(one.start for one in marks[1:]), until]
    values: dict[str, Value] = {}
    for one, end in zip(marks, ends, strict=False):
        if not one.level:
            values.setdefault(one.name, Value(text[one.value : end].strip(), one.line))
    return values


def _chains(text: str, marks: list[Beginning]) -> Iterator[tuple[int, int]]:
    for at, one in enumerate(marks):
        if _is_chain(one):
            end = _next(marks, at, lambda other: other.level > 0)
            yield one.end, marks[end].start if end < len(marks) else len(text)


def _items(text: str, begun: int, end: int) -> Iterator[ChainItem]:
    line, seen = text.count("\n", 0, begun) + 1, begun
    margin: int | None = None
    for found in _CHAIN.finditer(text, begun, end):
        line += text.count("\n", seen, found.start())
        seen = found.start()
        indent = len(found["indent"].expandtabs(4))
        margin = indent if margin is None else margin
        if indent > margin + 1:  # a part of the step above it
            continue
        title = found["title"].strip()
        # A title may name other tasks; the own id stands at the end, as verbs write it.
        known = _LAST_ID.search(title) or _CHAIN_ID.search(title)
        named = title[: known.start()].strip() if known else title.removesuffix("(CURRENT)").strip()
        number = int(found["number"])
        until = found.end() - found["title"].endswith("\r")
        yield ChainItem(number, found["mark"], named, known["id"] if known else None, line, found.start(), until)


def _is_chain(one: Beginning) -> bool:
    return one.level > 0 and one.text.casefold() == "task chain"


def _next(marks: list[Beginning], at: int, ends: Callable[[Beginning], bool]) -> int:
    return next((later for later in range(at + 1, len(marks)) if ends(marks[later])), len(marks))
