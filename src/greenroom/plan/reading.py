"""``PLAN.md`` read: a plan, and a finding with its line for everything in the document that is not as it should be."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from greenroom.anchors import anchors_in
from greenroom.errors import FileUnreadable, closest, quoted
from greenroom.findings import Finding, Severity
from greenroom.plan.actions import Shell
from greenroom.plan.blocks import Fence, Heading, blocks
from greenroom.plan.plan import Phase, Plan, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from greenroom.plan.blocks import Line
    from greenroom.plan.plan import Runs

FIELDS = ("Needs", "Runs", "Targets", "Writes", "Retry", "Timeout")
ROLES = ("do", "verify", "undo")
# What the head of a plan may say of a failure.
WHOLE = {"undo phase": False, "undo all": True}
EXPECT = "expect: "
_RUNS: dict[str, Runs] = {"sequential": "sequential", "parallel": "parallel"}
_PHASE = re.compile(r"Phase[ \t]+([0-9]{1,6})[ \t]*:[ \t]*(\S.*)")
_FIELD = re.compile(r"(?:[-*][ \t]+)?\*\*([^*:]+):?\*\*:?[ \t]*(.*)")
_NEED = re.compile(r"phase-([0-9]{1,6})")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)[ \t]*(ms|s|min|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
_RETRY = re.compile(r"([0-9]{1,3})(?:[ \t]*,[ \t]*wait:[ \t]*(.+))?")


@dataclass(frozen=True, slots=True)
class Document:
    """A plan as a file says it. path: as findings show it.  findings: what is wrong with how it is written."""

    plan: Plan
    path: str
    text: str
    findings: tuple[Finding, ...]


def read(path: Path) -> Document:
    """Read a plan. Raises FileUnreadable."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no UTF-8 text"
        message = f"the plan {quoted(path)} cannot be read: {reason}"
        raise FileUnreadable(message, mend="name a Markdown file such as PLAN.md") from error
    return parse(text, str(path))


def parse(text: str, path: str = "PLAN.md") -> Document:
    """Read a plan from its text. What cannot be read is a finding; the phases are those that could."""
    reader = _Reader(path)
    for block in blocks(text):
        match block:
            case Heading():
                reader.heading(block)
            case Fence():
                reader.fence(block)
            case _:
                reader.text(block)
    reader.end_phase()
    if not reader.phases:
        reader.found("plan-empty", "error", "there is no phase", "write ## Phase 1: NAME", 1)
    plan = Plan(reader.name or path.rpartition("/")[2], tuple(reader.phases), whole=reader.whole)
    return Document(plan, path, text, tuple(sorted(reader.findings, key=lambda finding: finding.line or 0)))


@dataclass(slots=True)
class _Draft:
    """A phase while its part of the document is read."""

    number: int
    name: str
    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    scripts: dict[str, Shell] = field(default_factory=dict)
    expect: tuple[str, ...] = ()


class _Reader:
    def __init__(self, path: str) -> None:
        self.name = ""
        self.whole = False
        self.phases: list[Phase] = []
        self.findings: list[Finding] = []
        self._path = path
        self._draft: _Draft | None = None
        self._in_head = True
        self._is_told = False  # that the heading above begins no phase
        self._values: dict[str, Callable[[str, int], Any]] = {
            "Needs": self._needs,
            "Runs": self._runs,
            "Targets": self._targets,
            "Writes": self._writes,
            "Retry": self._retry,
            "Timeout": partial(self._duration, "Timeout"),
        }

    def found(self, code: str, severity: Severity, message: str, mend: str, line: int) -> None:
        self.findings.append(Finding(code, severity, message, mend, self._path, line))

    def heading(self, block: Heading) -> None:
        if block.level == 1 and not self.name:
            self.name = block.text.removeprefix("Plan:").strip()
        phase = _PHASE.fullmatch(block.text)
        if block.level <= 2:
            self.end_phase()
            self._is_told = False
        if phase and block.level == 2:
            self._in_head = False
            self._draft = _Draft(int(phase[1]), phase[2].strip(), block.line)
        elif re.match(r"phase\s*[\d.]+", block.text, re.IGNORECASE):
            message = f"the heading {quoted(block.text)} does not begin a phase"
            self.found("plan-heading", "error", message, "write ## Phase N: NAME, N a whole number", block.line)
            self._is_told = True
        elif block.level <= 2 and block.level > 1:
            self._in_head = False

    def text(self, block: Line) -> None:
        said = _FIELD.fullmatch(block.text)
        if said is None:
            return
        name, value = said[1].strip(), said[2].strip()
        if self._draft is not None:
            self._field(self._draft, name, value, block.line)
        elif self._in_head and name == "On failure":
            if value not in WHOLE:
                self._wrong("On failure", value, f"write {' or '.join(WHOLE)}", block.line)
            self.whole = WHOLE.get(value, False)

    def fence(self, block: Fence) -> None:
        language, _, role = block.info.partition(" ")
        role = role.strip()
        if not block.is_closed:
            self.found("plan-fence-open", "error", "this fence is never closed", "close it with ```", block.line)
        if self._draft is None and language == "sh" and role in ROLES and not self._is_told:
            message = f"this fence sh {role} belongs to no phase, and would not be run"
            self.found("plan-fence-astray", "error", message, "put it below ## Phase N: NAME", block.line)
        if self._draft is None or (role not in ROLES and language != "sh") or not role:
            return  # an illustration
        if role not in ROLES or language != "sh":
            meant = f"sh {closest(role, ROLES) or role}" if language == "sh" else f"sh {role}"
            known = ", ".join(f"sh {name}" for name in ROLES)
            message = f"no fence is called {quoted(block.info)}; there is {known}"
            self.found("plan-fence-unknown", "error", message, f"did you mean {meant}?", block.line)
        elif role in self._draft.scripts:
            message = f"phase-{self._draft.number} has two fences sh {role}"
            self.found("plan-fence-twice", "error", message, "make one of them", block.line)
        else:
            self._script(self._draft, role, block)

    def end_phase(self) -> None:
        """Take what was read of a phase."""
        draft, self._draft = self._draft, None
        if draft is None:
            return
        if "do" not in draft.scripts:
            message = f"phase-{draft.number} does nothing"
            self.found("plan-no-do", "error", message, "add a fence ```sh do", draft.line)
        values = {name.lower(): value for name, value in draft.fields.items() if value is not None}
        do, verify, undo = (draft.scripts.get(role) for role in ROLES)
        given = {**values, "expect": draft.expect, "line": draft.line}
        self.phases.append(Phase(draft.number, draft.name, do or Shell(""), verify, undo, **given))

    def _field(self, draft: _Draft, name: str, value: str, line: int) -> None:
        if name not in FIELDS:
            # Closer than elsewhere: a bold word may as well begin a line of prose.
            meant = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.75)
            if meant:
                message = f"phase-{draft.number} has a field {quoted(name)}, which nothing reads"
                self.found("plan-field-unknown", "error", message, f"did you mean {meant[0]}?", line)
            else:
                message = f"nothing reads the field {quoted(name)}; it is taken for prose"
                self.found("plan-field-unknown", "note", message, f"fields are {', '.join(FIELDS)}", line)
        elif name in draft.fields:
            message = f"phase-{draft.number} says {name} twice"
            self.found("plan-field-twice", "error", message, "say it once", line)
        else:
            draft.fields[name] = self._values[name](value, line)

    def _script(self, draft: _Draft, role: str, block: Fence) -> None:
        lines: Sequence[str] = block.content
        if role == "verify":
            draft.expect = tuple(line.removeprefix(EXPECT).strip() for line in lines if line.startswith(EXPECT))
            lines = [line for line in lines if not line.startswith(EXPECT)]
            if "" in draft.expect:
                self.found("plan-field-value", "error", "expect: says nothing", "expect: TEXT", block.line)
        script = "\n".join(lines).replace("\0", "").replace("\r", "")
        draft.scripts[role] = Shell(script)
        if not draft.scripts[role].summary:
            message = f"the fence sh {role} of phase-{draft.number} holds no command"
            self.found("plan-fence-empty", "error", message, "write one, or leave out the fence", block.line)

    def _wrong(self, name: str, value: str, mend: str, line: int) -> None:
        self.found("plan-field-value", "error", f"{name} is {quoted(value)}", mend, line)

    def _needs(self, value: str, line: int) -> tuple[int, ...] | None:
        words = [] if value.casefold() == "none" else [word.strip() for word in value.split(",")]
        found = [_NEED.fullmatch(word) for word in words]
        for word, need in zip(words, found, strict=True):
            if need is None:
                mend = "write phase-N, several with commas between, or none"
                heading = self._draft.line if self._draft else line
                self.found("plan-needs", "error", f"a need is {quoted(word)}, which is no phase", mend, heading)
        return tuple(dict.fromkeys(int(need[1]) for need in found if need))

    def _runs(self, value: str, line: int) -> Runs | None:
        runs = _RUNS.get(value.casefold())
        if runs is None:
            self._wrong("Runs", value, f"write {' or '.join(_RUNS)}", line)
        return runs

    def _targets(self, value: str, line: int) -> Any:
        found = anchors_in(value, line)
        if not found and value != "none":
            self._wrong("Targets", value, "write `path:A-B` - `symbol`, or none", line)
        return found

    def _writes(self, value: str, line: int) -> tuple[str, ...] | None:
        if value == "none":
            return ()
        paths = tuple(re.findall(r"`([^`]+)`", value))
        if not paths or re.sub(r"`[^`]+`|[, \t]", "", value):
            self._wrong("Writes", value, "write paths in backticks, with commas between, or none", line)
        for path in paths:
            if path.startswith("~") or "$" in path:
                self._wrong("a path of Writes", path, "write the path itself: no shell reads it", line)
        return paths or None

    def _retry(self, value: str, line: int) -> Retry | None:
        said = _RETRY.fullmatch(value)
        if said is None:
            self._wrong("Retry", value, "write 3, wait: 5s", line)
            return None
        wait = self._duration("the wait of Retry", said[2], line) if said[2] else 0.0
        return None if wait is None else Retry(int(said[1]), wait)

    def _duration(self, name: str, value: str, line: int) -> float | None:
        """Seconds."""
        said = _DURATION.fullmatch(value)
        if said is None:
            self._wrong(name, value, "write 5s, 10m or 1h", line)
            return None
        return float(said[1]) * _SECONDS[said[2]]
