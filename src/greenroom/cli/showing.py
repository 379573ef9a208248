"""How far long work is: a bar on a terminal, else a line now and then, for logs."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from greenroom.cli.interrupts import stopping
from greenroom.pace import Pace
from greenroom.progress import silent
from greenroom.words import counted, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.progress import Progress

    from greenroom.cli.output import Output
    from greenroom.findings import Finding
    from greenroom.models.foley.planning.plan import Plan as SoundPlan
    from greenroom.models.seedvr2.planning.plan import Plan
    from greenroom.models.steadydancer.planning.plan import Plan as ClipPlan

_LINE_S = 30.0
_REDRAW_S = 0.1
_STEPPED = "sampling"  # the stage whose unit is one that users choose


@contextlib.contextmanager
def showing(out: Output) -> Iterator[Showing]:
    """What one or more restorations tell, shown in the way that suits who listens."""
    with contextlib.ExitStack() as stack:
        yield Showing(out, stack)


@contextlib.contextmanager
def showing_clip(out: Output) -> Iterator[ShowingClip]:
    """The same of the making of a clip."""
    with contextlib.ExitStack() as stack:
        yield ShowingClip(out, stack)


@contextlib.contextmanager
def showing_sound(out: Output) -> Iterator[ShowingSound]:
    """The same of the making of a sound."""
    with contextlib.ExitStack() as stack:
        yield ShowingSound(out, stack)


class _Standing(NamedTuple):
    """Where work stands, in words. share: of it that is done.  left: seconds, None where nothing tells.  bar: how much
    of the bar is drawn, None for as much as is done."""

    where: str
    share: float
    left: float | None = None
    bar: float | None = None


class Steps:
    """Hears the steps of work. A step ends it when a signal says so."""

    def __init__(self, out: Output, stack: contextlib.ExitStack) -> None:
        self._out = out
        self._pace = Pace()
        self._look = stopping(silent)
        self._bar = _Bar(stack) if not out.as_json and sys.stderr.isatty() else None
        self._said_at = time.monotonic()

    def step(self, stage: str, done: float, total: float) -> None:
        """Show where it stands. Raises KeyboardInterrupt where a signal said so."""
        self._look(stage, done, total)
        self._pace.step(stage, done, total)
        now = time.monotonic()
        if self._out.as_json or now - self._said_at < (_REDRAW_S if self._bar else _LINE_S):
            return
        self._said_at = now
        stands = self._standing(stage, done, total)
        percent = f"{stands.where}, {100 * stands.share:.0f} %"
        if self._bar is None:
            left = "" if stands.left is None else f", {duration(stands.left)} left"
            self._out.say(f"{percent}{left}")
        elif stands.bar is None:
            self._bar.draw(stands.where, stands.share, stands.left)
        else:
            self._bar.draw(percent, stands.bar, None)

    def _standing(self, stage: str, done: float, total: float) -> _Standing:
        """Of stages that follow each other, each with its own time that is left."""
        where = f"{stage}, step {done:,.0f} of {total:,.0f}" if stage == _STEPPED else stage
        return _Standing(where, done / total if total else 0.0, self._pace.left)


class ShowingSound(Steps):
    """Hears what the making of a sound tells: ``Told``, and its steps."""

    def planned(self, plan: SoundPlan) -> None:
        """Say how it will be done, before it begins."""
        self._pace = Pace()
        for line in plan.lines():
            self._out.say(line)


class ShowingClip(Steps):
    """Hears what the making of a clip tells: ``Told``, and its steps.

    sampled: steps that are kept, of ``steps``.  found: whether people were, who are kept.
    """

    def __init__(self, out: Output, stack: contextlib.ExitStack) -> None:
        super().__init__(out, stack)
        self.sampled = self.steps = 0
        self.found = False

    def planned(self, plan: ClipPlan) -> None:
        """Say how it will be done, before it begins."""
        self._pace = Pace()
        self.steps = plan.job.steps
        for line in plan.lines():
            self._out.say(line)

    def posed(self, facts: Mapping[str, object], findings: Sequence[Finding]) -> None:
        """Say what may spoil the clip."""
        self.found = bool(facts.get("people"))  # nobody is, where skeletons were drawn already
        self._out.findings(findings)

    def previewed(self, picture: Path) -> None:
        """Say that there is a picture to look at."""
        self._out.say(f"the skeletons over the picture: {picture}")

    def reached(self, steps: int, total: int) -> None:
        """Say how much an earlier run had done."""
        self.sampled = steps
        done = (
            "all steps are"
            if steps == total
            else f"{counted(steps, 'step')} of {total} {'is' if steps == 1 else 'are'}"
        )
        self._out.say(f"going on: {done} done")

    def step(self, stage: str, done: float, total: float) -> None:
        """See ``Steps``."""
        super().step(stage, done, total)
        if stage == _STEPPED and total:
            # A step has one to three passes, which are told of; those behind the last whole one are lost.
            self.sampled = max(self.sampled, int(done / total * self.steps))

    @property
    def kept(self) -> str:
        """What another run would find done, in words."""
        if self.sampled:
            return "the steps that are done are kept"
        return "no step was done yet, and who was found is kept" if self.found else ""

    def _standing(self, stage: str, done: float, total: float) -> _Standing:
        where = f"{stage}, pass {done:,.0f} of {total:,.0f}" if stage == _STEPPED else stage
        return _Standing(where, done / total if total else 0.0, self._pace.left)


class Showing(Steps):
    """Hears what restorations tell: ``Told``, and their steps.

    finished, parts: of the restoration under way.
    """

    def __init__(self, out: Output, stack: contextlib.ExitStack) -> None:
        super().__init__(out, stack)
        self._unit = "shot"
        self.finished = self.parts = 0
        self._heading = ""

    def begin(self, heading: str = "") -> None:
        """Another restoration begins. heading: of one among many, of whose plan there is one line."""
        self._heading = heading
        self.finished = self.parts = 0

    def planned(self, plan: Plan) -> None:
        """Say how it will be done, before it begins."""
        from greenroom.models.seedvr2.restoring.outlook import USUAL

        self._pace = Pace()
        self._pace.expect(USUAL)
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

    def _standing(self, stage: str, done: float, total: float) -> _Standing:
        from greenroom.models.seedvr2.restoring.outlook import STAGES
        from greenroom.models.seedvr2.restoring.parts import ENDING

        if stage in STAGES:
            where = f"{stage}, frame {done:,.0f} of {total:,.0f}"
            return _Standing(where, self._pace.share or 0.0, self._pace.left)
        # Nothing is left but the ending: the bar stays where it is.
        return _Standing(stage, done / total if total else 0.0, bar=1.0 if stage in ENDING else None)


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
