"""A plan written as ``PLAN.md``: what ``--plan`` shows of plans in code, and what can be read again of scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid, quoted
from greenroom.plan.actions import Shell
from greenroom.plan.reading import EXPECT, WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.plan.actions import Action
    from greenroom.plan.plan import Phase, Plan

# Functions are shown in a fence of this language: it is for people, and reading it again is a finding.
_CODE = "text"


def render(plan: Plan) -> str:
    """The plan in Markdown. Of a plan in scripts, reading it gives the same plan.

    Raises InputInvalid for what Markdown cannot hold: a name of many lines, a path with a backtick, a wait finer than a
    millisecond.
    """
    parts = [f"# Plan: {_plain(plan.name)}\n"]
    if plan.whole:
        parts.append(f"**On failure**: {next(words for words, whole in WHOLE.items() if whole)}\n")
    parts += ["\n".join(_phase(phase)) for phase in plan.phases]
    return "\n".join(parts)


def _phase(phase: Phase) -> Iterator[str]:
    yield f"## Phase {phase.number}: {_plain(phase.name)} <!-- #{phase.id} -->"
    yield f"- **Needs**: {', '.join(f'phase-{number}' for number in phase.needs) or 'none'}"
    if phase.runs:
        yield f"- **Runs**: {phase.runs}"
    if phase.targets:
        yield f"- **Targets**: {', '.join(map(str, phase.targets))}"
    if phase.writes is not None:
        yield f"- **Writes**: {', '.join(f'`{_quotable(path)}`' for path in phase.writes) or 'none'}"
    if phase.retry:
        wait = f", wait: {_duration(phase.retry.wait)}" if phase.retry.wait else ""
        yield f"- **Retry**: {phase.retry.times}{wait}"
    if phase.timeout is not None:
        yield f"- **Timeout**: {_duration(phase.timeout)}"
    yield ""
    yield from _fence("do", phase.do)
    if phase.verify:
        yield from _fence("verify", phase.verify, phase.expect)
    if phase.undo:
        yield from _fence("undo", phase.undo)
    yield ""


def _fence(role: str, action: Action, expect: tuple[str, ...] = ()) -> Iterator[str]:
    text = action.text
    if role == "verify" and any(line.startswith(EXPECT) for line in text.split("\n")):
        raise InputInvalid(f"a verification may have no line that begins with {EXPECT}", mend="state it as expected")
    longest = max((len(marks) for marks in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    yield f"{marks}{'sh' if isinstance(action, Shell) else _CODE} {role}"
    yield from text.split("\n")
    yield from (f"{EXPECT}{_plain(text)}" for text in expect)
    yield marks


def _plain(text: str) -> str:
    """A text that is one line, and nothing of it means anything to Markdown's comments."""
    if not text or text != text.strip() or any(mark in text for mark in ("\n", "\r", "<!--")):
        raise InputInvalid(f"{quoted(text)} cannot stand in a plan", mend="give it one line, with no space around it")
    return text


def _quotable(path: str) -> str:
    if not path or any(mark in path for mark in "`\n\r") or "<!--" in path:
        raise InputInvalid(f"the path {quoted(path)} cannot stand in a plan", mend="name a folder above it")
    return path


def _duration(seconds: float) -> str:
    text = f"{seconds:.3f}".rstrip("0").rstrip(".")
    if float(text) != seconds:
        raise InputInvalid(f"{seconds} s is finer than a millisecond", mend="round it")
    return f"{text}s"
