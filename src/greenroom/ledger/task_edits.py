"""Edits of ``TASKS.md``, from text to text: each changes the lines that it is about and keeps every other byte."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError
from greenroom.ledger.journal import clean
from greenroom.ledger.links import goal
from greenroom.ledger.markdown import Document
from greenroom.ledger.tasks import CONTEXT, CURRENT, DONE, OPEN, TASKS, archive_path, tasks_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenroom.ledger.tasks import ChainItem, Task, Tasks

TRANSITIONS = {
    "PLANNING": ("IN_PROGRESS",),
    "IN_PROGRESS": ("BLOCKED", "TESTING"),
    "BLOCKED": ("IN_PROGRESS", "PLANNING"),
    "TESTING": ("IN_PROGRESS", "COMPLETE", "BLOCKED"),
    "COMPLETE": (),
}
_MARKS = {"PLANNING": OPEN, "IN_PROGRESS": CURRENT, "BLOCKED": OPEN, "TESTING": CURRENT, "COMPLETE": DONE}
_SECTION = "Current Task"
_NOTES = "Findings & Decisions"
_NOBODY = "_None under way: `greenroom ledger task next`_"
# This, and what a new TASKS.md says there; what a person wrote instead stays.
_OURS = re.compile(r"_None (?:under way|yet): `greenroom ledger task [^`\n]*`_")
_PROGRESS = re.compile(r"[0-9]+[ \t]*/[ \t]*[0-9]+")
_BELOW = re.compile(r"(?:\r?\n[ \t]+[^\s][^\r\n]*)+")


class TransitionRefused(GreenroomError):
    """A task does not go from its state to the one that was asked for."""

    code = "task-transition"


def state_of(found: Tasks, name: str) -> str:
    """The state of a task: as its text says, or as the chain and the archive have it."""
    task = task_of(found, name)
    if task is not None:
        return task.status
    is_done = name in found.archived or any(item.is_done for item in found.chain if item.id == name)
    return "COMPLETE" if is_done else "PLANNING"


def task_of(found: Tasks, name: str) -> Task | None:
    """A task's text; of two of one id the one that is not complete."""
    mine = [task for task in found.tasks if task.id == name]
    return next((task for task in mine if task.status != "COMPLETE"), mine[0] if mine else None)


def item_of(found: Tasks, name: str) -> ChainItem | None:
    """A task's step in the chain."""
    return next((item for item in found.chain if item.id == name), None)


def check_transition(name: str, state: str, wanted: str) -> None:
    """Raises TransitionRefused where the table does not have it."""
    allowed = TRANSITIONS.get(state)
    if allowed is None:
        message = f"{name} is {state!r}, which is no state of a task"
        raise TransitionRefused(message, mend=f"write one of {', '.join(TRANSITIONS)} in {TASKS}")
    if wanted not in allowed:
        ways = f"goes on to {' or '.join(allowed)}" if allowed else "stays that"
        message = f"{name} is {state} and {ways}, and not to {wanted}" if allowed else f"{name} is {state}, and {ways}"
        verbs = {"COMPLETE": "done", "TESTING": "test", "IN_PROGRESS": "start"}
        verb = next((verbs[one] for one in verbs if one in allowed), "")
        mend = f"greenroom ledger task {verb} {name}" if verb else 'greenroom ledger task new "TITLE"'
        raise TransitionRefused(message, mend=mend)


def added(text: str, name: str, title: str) -> str:
    """A step at the end of the chain; a document without a chain gets one."""
    chain = tasks_of(text).chain
    last = chain[-1] if chain else None
    number = last.number + 1 if last else 1
    line = f"{number}. {OPEN} {one_line(title)} ({name})"
    if last:
        below = _BELOW.match(text, last.end)  # what a person wrote of the last step stays with it
        return with_progress(_put(text, below.end() if below else last.end, _ends(text, f"\n{line}")))
    heading = next((one for one in Document(text).headings if one.text.casefold() == "task chain"), None)
    if heading:
        document = Document(text)
        at = document.starts[heading.line - 1] + len(document.lines[heading.line - 1])
        return with_progress(_put(text, at, _ends(text, f"\n{line}")))
    return with_progress(_put(text, len(text), _ends(text, f"{_gap(text)}### Task Chain\n{line}\n")))


def with_status(text: str, name: str, state: str) -> str:
    """A task in another state, and its step of the chain likewise. Steps under way before are so no more."""
    task = task_of(tasks_of(text), name)
    if task is not None:
        text = _with_value(text, task.line_of("Status"), state)
    if _MARKS[state] == CURRENT:
        for item in tasks_of(text).chain:
            other = task_of(tasks_of(text), item.id or "")
            if item.mark == CURRENT and item.id != name and (other is None or other.status != "TESTING"):
                text = _marked(text, item, OPEN)
    mine = item_of(tasks_of(text), name)
    return with_progress(text if mine is None else _marked(text, mine, _MARKS[state]))


def with_progress(text: str) -> str:
    """Progress as the chain has it."""
    found = tasks_of(text)
    line = found.phase.progress_line if found.phase else None
    done, total = found.progress
    if found.phase is None or line is None or found.phase.done is None:  # it says it in other words
        return text
    if (found.phase.done, found.phase.total) == (done, total):
        return text
    lines = text.split("\n")
    lines[line - 1] = _PROGRESS.sub(f"{done}/{total}", lines[line - 1], count=1)
    return "\n".join(lines)


def started(
    text: str,
    name: str,
    title: str,
    time: str,
    dependencies: Sequence[str] = (),
    context: Mapping[str, str] | None = None,
) -> str:
    """A task of the chain under way: its text stands in Current Task, or behind other tasks that are there."""
    done = [item.id for item in tasks_of(text).chain if item.is_done and item.id]
    said = {
        "Previous Work": ", ".join(done[-3:]) or "none",
        "Key Files": "none named yet",
        "Environment": "not recorded",
        "Next Steps": "write the test that fails",
        **{key: one_line(value) for key, value in (context or {}).items() if value},
    }
    fields = {
        "Task ID": name,
        "Title": one_line(title),
        "Status": "IN_PROGRESS",
        "Started": time,
        "Dependencies": ", ".join(dependencies) or "none",
    }
    block = "".join(f"**{key}**: {value}\n" for key, value in fields.items())
    block += "\n### Task Context\n" + "".join(f"- **{key}**: {said[key]}\n" for key in CONTEXT)
    return with_status(_with_block(text, f"{block}\n### {_NOTES}\n\n"), name, "IN_PROGRESS")


def noted(text: str, name: str, kind: str, note: str) -> str:
    """A task with one more finding, decision or blocker. kind: FINDING, DECISION or BLOCKER."""
    task = task_of(tasks_of(text), name)
    if task is None:
        return text
    number = max((one.number for one in task.notes if one.kind == kind), default=0) + 1
    line = f"- **{kind}-{number:03d}**: {one_line(note)}\n"
    document = Document(text)
    within = [one for one in document.headings if task.start <= document.starts[one.line - 1] < task.end]
    heading = next((one for one in within if one.text.casefold() == _NOTES.casefold()), None)
    if heading is None:
        at = len(text[: task.end].rstrip())
        return _put(text, at, _ends(text, f"\n\n### {_NOTES}\n{line.rstrip()}"))
    following = next((document.starts[one.line - 1] for one in within if one.line > heading.line), task.end)
    at = len(text[:following].rstrip())
    return _put(text, at, _ends(text, f"\n{line.rstrip()}"))


def taken_out(text: str, name: str) -> tuple[str, str]:
    """``TASKS.md`` without a task's text, and that text. Current Task stays, and says that there is none."""
    task = task_of(tasks_of(text), name)
    if task is None:
        return text, ""
    document = Document(text)
    above = [one for one in document.headings if one.level <= 2 and document.starts[one.line - 1] < task.start]
    start, instead = task.start, ""
    if above:
        begun = document.starts[above[-1].line - 1]
        behind = begun + len(document.lines[above[-1].line - 1])
        if above[-1].text.casefold() == _SECTION.casefold():
            instead = _ends(text, f"{_NOBODY}\n\n")
        elif not text[behind : task.start].strip():
            start = begun
    rest = text[:start] + instead + text[task.end :]
    return rest, text[task.start : task.end]


def archived(block: str, name: str, completed: str) -> str:
    """A finished task as the archive keeps it; its links lead from there."""
    folder = posixpath.dirname(archive_path(name))
    document = Document(block)
    for link in reversed(document.links):
        where = goal(TASKS, link.target)
        if where is not None:
            path = posixpath.relpath(where.path, folder) + (f"#{where.fragment}" if where.fragment else "")
            block = block[: link.start] + path + block[link.end :]
    lines = [line.rstrip("\r") for line in block.strip().split("\n")]
    body = [line for line in lines if not re.match(r"(?:[-*+][ \t]+)?\*\*Task ID:?\*\*", line)]
    at = next((at for at, line in enumerate(body) if re.match(r"(?:[-*+][ \t]+)?\*\*Status:?\*\*", line)), None)
    if at is not None:
        body[at] = _with_value(body[at], 1, "COMPLETE")
    body.insert(0 if at is None else at + 1, f"**Completed**: {completed}")
    return "\n".join([f"# {name}", "", *body, ""])


def one_line(text: str) -> str:
    """A text on one line. A comment that it opens is closed, or it would hide what follows."""
    shown = " ".join(clean(text).split())
    return shown if "-->" in shown[shown.rfind("<!--") :] or "<!--" not in shown else shown.replace("<!--", "<! --")


def _with_block(text: str, block: str) -> str:
    """A task's text put where it belongs: into an empty Current Task, or before the chain, or at the end."""
    document, found = Document(text), tasks_of(text)
    block = _ends(text, block)
    section = document.section(_SECTION)
    if section is None:
        return _put(text, len(text), _ends(text, f"{_gap(text)}## {_SECTION}\n") + block)
    begin = document.starts[section.first - 1] if section.first <= len(document.lines) else len(text)
    inner = [one.line for one in document.headings if section.first <= one.line <= section.last]
    last = min([*inner, section.last + 1])
    end = document.starts[last - 1] if last <= len(document.lines) else len(text)
    if not any(begin <= task.start < end for task in found.tasks):
        prose = text[begin:end].strip()
        kept = "" if not prose or _OURS.fullmatch(prose) else f"{prose}\n\n"
        gap = "" if begin == 0 or text[begin - 1] == "\n" else _ends(text, "\n")
        return text[:begin] + gap + _ends(text, kept) + block + text[end:]
    heading = next((one for one in document.headings if one.text.casefold() == "task chain"), None)
    behind = max(task.end for task in found.tasks)
    at = document.starts[heading.line - 1] if heading else behind
    return _put(text, at, _ends(text, f"{'' if heading else _gap(text[:at])}## Task beside It\n") + block)


def _marked(text: str, item: ChainItem, mark: str) -> str:
    line = item.marked(text[item.start : item.end], mark)
    return text[: item.start] + line + text[item.end :]


def _with_value(text: str, line: int, value: str) -> str:
    """The first word of a field replaced."""
    lines = text.split("\n")
    pattern = r"^((?:[-*+][ \t]+)?\*\*[^*]*\*\*:?[ \t]*)\S*"
    lines[line - 1] = re.sub(pattern, lambda found: found[1] + value, lines[line - 1], count=1)
    return "\n".join(lines)


def _put(text: str, at: int, more: str) -> str:
    return text[:at] + more + text[at:]


def _gap(text: str) -> str:
    """What makes an empty line behind a text."""
    return "" if not text or text.endswith(("\n\n", "\r\n\r\n")) else "\n" if text.endswith("\n") else "\n\n"


def _ends(text: str, more: str) -> str:
    """New lines with the line ends of the document."""
    return more.replace("\n", "\r\n") if "\r\n" in text else more
