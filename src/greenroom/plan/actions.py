"""What a phase does: a shell script of a document, or a function of greenroom's own. The engine sees no difference."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol

from greenroom.errors import Cancelled, GreenroomError, InputInvalid, quoted
from greenroom.plan.masking import Mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# Lines of output that a report keeps, and letters of each.
TAIL = 20
_LONGEST_LINE = 500
# What colours a terminal or moves its cursor, and whatever else no report should send to one.
_CONTROL = re.compile(r"(\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\))|[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended.

    ended: "ok"; "failed"; "stopped", because the run was told to; "late", because its time was up.
    reason: why it is not ok, in a few words.  output: its last lines, without secrets.
    again: whether trying again may help.
    """

    ended: Literal["ok", "failed", "stopped", "late"]
    reason: str = ""
    output: tuple[str, ...] = ()
    again: bool = True

    @property
    def ok(self) -> bool:
        """Whether it did what it should."""
        return self.ended == "ok"


@dataclass(slots=True)
class Attempt:
    """One go at an action: where it runs, until when, and what it says.

    folder: what paths are relative to.  environ: the variables of scripts.  deadline: on time.monotonic, None for none.
    stop: set when the run is to end.  show: told the stage of a function, and how far it is.
    """

    folder: Path
    environ: Mapping[str, str]
    mask: Mask = field(default_factory=Mask)
    deadline: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    show: Callable[[str, float, float], None] | None = None
    _said: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL))

    def next_action(self) -> Attempt:
        """For another action of the same go: until the same deadline, with an output of its own."""
        return replace(self, _said=deque(maxlen=TAIL))

    @property
    def is_late(self) -> bool:
        """Whether its time is up."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    @property
    def output(self) -> tuple[str, ...]:
        """The last lines that were said."""
        return tuple(self._said)

    def say(self, line: str) -> None:
        """Add a line to the output, as a terminal would leave it; secrets are masked, and a long line is cut."""
        last = line.rstrip().rpartition("\r")[2]
        shown = self.mask(_CONTROL.sub(lambda found: "" if found[1] else " ", last).rstrip())
        self._said.append(shown if len(shown) <= _LONGEST_LINE else f"{shown[: _LONGEST_LINE - 1]}…")

    def step(self, stage: str, done: float, total: float) -> None:
        """What functions call between their steps. Raises Cancelled when the run is to stop or the time is up."""
        if self.stop.is_set() or self.is_late:
            raise Cancelled
        if self.show:
            self.show(stage, done, total)


class Action(Protocol):
    """Something that a phase does, looks for, or takes back."""

    @property
    def summary(self) -> str:
        """The action in one line, as it stands in the log."""
        ...

    @property
    def text(self) -> str:
        """The whole of it, for people: two actions of one text are the same."""
        ...

    def run(self, attempt: Attempt, expect: tuple[str, ...] = ()) -> Outcome:
        """Do it. expect: what its output must contain, of a function its last lines. Raises only our own faults."""
        ...


@dataclass(frozen=True, slots=True)
class Shell:
    """A script for ``sh -e``, run in the plan's folder in a process group of its own."""

    script: str

    def __post_init__(self) -> None:
        if "\0" in self.script or "\r" in self.script:
            raise InputInvalid("a script may hold no NUL and no carriage return", mend="end its lines with \\n alone")

    @property
    def summary(self) -> str:
        """Its first command."""
        lines = (line.strip() for line in self.script.split("\n"))
        return next((line for line in lines if line and not line.startswith("#")), "")

    @property
    def text(self) -> str:
        """The script."""
        return self.script

    def run(self, attempt: Attempt, expect: tuple[str, ...] = ()) -> Outcome:
        """Run it to its end, or end it and all that it started."""
        from greenroom.plan.processes import run_script

        return run_script(self.script, attempt, expect)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of our own. It says lines and steps through the attempt; False or a GreenroomError is a failure.

    summary: what it does, in one line.
    """

    summary: str
    function: Callable[[Attempt], bool | None]

    @property
    def text(self) -> str:
        """What it does: its code is greenroom's own."""
        return self.summary

    def run(self, attempt: Attempt, expect: tuple[str, ...] = ()) -> Outcome:
        """Call it in this thread."""
        try:
            done = self.function(attempt)
        except Cancelled:
            ended: Literal["stopped", "late"] = "stopped" if attempt.stop.is_set() or not attempt.is_late else "late"
            return Outcome(ended, "its time is up" if ended == "late" else "stopped", attempt.output)
        except GreenroomError as error:
            mend = f" (mend: {error.mend})" if error.mend else ""
            return Outcome("failed", attempt.mask(error.message + mend), attempt.output, again=error.retryable)
        if done is False:
            return Outcome("failed", "it is not so", attempt.output)
        said = "\n".join(attempt.output)
        return expected(tuple(text for text in expect if text not in said), attempt)


@dataclass(slots=True)
class Calls:
    """Makes the calls of one plan. error: the last that ended one of them.

    The engine tells an error in words; whoever asked for the plan gives it on as it was.
    """

    error: GreenroomError | None = None

    def of(self, summary: str, function: Callable[[Attempt], bool | None]) -> Call:
        """A call whose error is kept."""

        def kept(attempt: Attempt) -> bool | None:
            try:
                return function(attempt)
            except Cancelled:
                raise
            except GreenroomError as error:
                self.error = error
                raise

        return Call(summary, kept)


def expected(absent: tuple[str, ...], attempt: Attempt) -> Outcome:
    """The outcome of what ended well. absent: what its output should contain, and does not."""
    if not absent:
        return Outcome("ok", "", attempt.output)
    return Outcome("failed", attempt.mask(f"its output lacks {quoted(absent[0])}"), attempt.output)
