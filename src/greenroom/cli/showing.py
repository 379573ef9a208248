"""How far a restoration is: a bar on a terminal, else a line now and then, for logs."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from greenroom.cli.interrupts import stopping
from greenroom.cli.output import counted, duration
from greenroom.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.progress import Progress

    from greenroom.cli.output import Output
    from greenroom.models.seedvr2.planning.plan import Plan

_LINE_S = 30.0
_REDRAW_S = 0.1


@contextlib.contextmanager
def showing(out: Output) -> Iterator[Showing]:
    """What one or more restorations tell, shown in the way that suits who listens."""
    with contextlib.ExitStack() as stack:
        yield Showing(out, stack)


class Showing:
    """Hears what restorations tell: ``Told``, and their steps. A step ends the work when a signal says so.

    finished, parts: of the restoration under way.
    """

    def __init__(self, out: Output, stack: contextlib.ExitStack) -> None:
        from greenroom.models.seedvr2.restoring.outlook import Outlook

        self._out = out
        self._outlook = Outlook()
        self._look = stopping(silent)
        self._bar = _Bar(stack) if not out.as_json and sys.stderr.isatty() else None
        self._said_at = time.monotonic()
        self._unit = "shot"
        self.finished = self.parts = 0
        self._heading = ""

    def begin(self, heading: str = "") -> None:
        """Another restoration begins. heading: of one among many, of whose plan there is one line."""
        self._heading = heading
        self.finished = self.parts = 0

    def planned(self, plan: Plan) -> None:
        """Say how it will be done, before it begins."""
        from greenroom.models.seedvr2.restoring.outlook import Outlook

        self._outlook = Outlook()
        self._unit = "shot" if plan.windows == plan.shots else "window"
        self.finished = self.parts = 0
        first, *rest = plan.lines()
        self._out.say(f"{self._heading}{first}")
        for line in () if self._heading else rest:
            self._out.say(line)

    def previewed(self, picture: Path) -> None:
        """Say that there is a picture to look at."""
        self._out.say(f"before and after: {picture}")

    def reached(self, finished: int, parts: int) -> None:
        """Say how much an earlier run had finished, if it had."""
        if finished and not self.parts:
            self._out.say(f"going on: {self._of(finished, parts)} are done")
        self.finished, self.parts = finished, parts

    @property
    def kept(self) -> str:
        """What another run would find finished, in words."""
        return f"{self._of(self.finished, self.parts)} are kept" if self.finished else "nothing was finished yet"

    def _of(self, finished: int, parts: int) -> str:
        return f"{finished} of {counted(parts, self._unit)}"

    def step(self, stage: str, done: float, total: float) -> None:
        """Show where it stands. Raises KeyboardInterrupt where a signal said so."""
        from greenroom.models.seedvr2.restoring.outlook import STAGES

        self._look(stage, done, total)
        self._outlook.step(stage, done, total)
        now = time.monotonic()
        if self._out.as_json or now - self._said_at < (_REDRAW_S if self._bar else _LINE_S):
            return
        self._said_at = now
        is_frames = stage in STAGES
        where = f"{stage}, frame {done:,.0f} of {total:,.0f}" if is_frames else stage
        share = self._outlook.share if is_frames else done / total if total else 0.0
        left = self._outlook.left if is_frames else None
        if self._bar:
            self._bar.draw(where, share, left)
        else:
            self._out.say(f"{where}, {100 * share:.0f} %{f', {duration(left)} left' if left is not None else ''}")


class _Bar:
    """One for all stages, with the time that is left of all."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._progress: Progress | None = None

    def draw(self, where: str, share: float, left: float | None) -> None:
        progress = self._progress = self._progress or self._begun()
        words = "" if left is None else f"{duration(left)} left"
        (task,) = progress.task_ids
        progress.update(task, description=where, completed=share, left=words)

    def _begun(self) -> Progress:
        """Begun with the first step, so that what was said before stands above."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        shown = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[left]}"))
        progress = Progress(*shown, console=Console(stderr=True), transient=True)
        progress.add_task("", total=1.0, left="")
        return self._stack.enter_context(progress)
