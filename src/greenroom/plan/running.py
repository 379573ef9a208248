"""Plans run and undone: ready phases side by side, in the order of their needs, under a lease and with a log."""

from __future__ import annotations

import contextlib
import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from greenroom.errors import Cancelled
from greenroom.files import writing_to
from greenroom.leases import Holder, Lease, LeaseHeld, Pace, lease
from greenroom.plan.activity import Activity
from greenroom.plan.checking import structure
from greenroom.plan.errors import PlanInvalid
from greenroom.plan.masking import Mask
from greenroom.plan.paths import may_run_beside
from greenroom.plan.performing import perform
from greenroom.plan.report import PhaseReport, Report
from greenroom.plan.session import Session
from greenroom.plan.undoing import take_back_all
from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from greenroom.plan.place import Place
    from greenroom.plan.plan import Phase, Plan
    from greenroom.plan.report import Undone

JOBS = 4
# Often enough for a bar to move evenly, and for Ctrl-C.
_LOOK_S = 0.1
_PACE = Pace()
# Looks beyond the expiry of a lease, until a holder that still moves is believed.
_LONGER = 3


def run(
    plan: Plan,
    place: Place,
    *,
    jobs: int = JOBS,
    step: Step = silent,
    said: Callable[[str], None] | None = None,
    on_end: Callable[[Report], None] | None = None,
    environ: Mapping[str, str] = os.environ,
    pace: Pace = _PACE,
) -> Report:
    """Run a plan to its end, or from where an earlier run left it.

    jobs: phases at once.  step: told what is under way and how many phases have ended; may raise Cancelled, and the run
    then stops as it does for Ctrl-C: what is under way is ended and left for the next run.  said: told each line of the
    log, from any thread.  on_end: given the report, however the run ended.  environ: the variables of scripts.

    A failed phase does not raise: the report says so. Raises PlanInvalid, LeaseHeld when somebody else runs the plan,
    LeaseLost, FileUnreadable and OutputUnwritable of the log, and what step raises while the lease is waited for.
    """
    with _session(plan, place, f"plan run {plan.name}", step, said, environ, pace) as session:
        report = _Run(session, jobs, step).to_end()
    if on_end:
        on_end(report)
    return report


def undo(
    plan: Plan,
    place: Place,
    *,
    step: Step = silent,
    said: Callable[[str], None] | None = None,
    on_end: Callable[[Report], None] | None = None,
    environ: Mapping[str, str] = os.environ,
    pace: Pace = _PACE,
) -> Report:
    """Take back all that the plan did, the latest first, by what the log says. What was so before it stays.

    Arguments and errors as of ``run``.
    """
    begun = time.monotonic()
    with _session(plan, place, f"plan undo {plan.name}", step, said, environ, pace) as session:
        undone: dict[int, Undone] = {}
        stopped = False
        try:
            step("undo", 0, len(plan.phases))
            for number, how in take_back_all(session, plan.phases):
                undone[number] = how
                step("undo", len(undone), len(plan.phases))
        except (KeyboardInterrupt, Cancelled):
            stopped = True
    failed = any(how != "ok" for how in undone.values()) or session.is_changed
    phases = tuple(PhaseReport(phase.id, phase.name, undo=undone.get(phase.number)) for phase in plan.phases)
    outcome: Literal["stopped", "failed", "undone"] = "stopped" if stopped else "failed" if failed else "undone"
    seconds = time.monotonic() - begun
    report = Report(plan.name, outcome, phases, tuple(session.findings), seconds, place.activity)
    if on_end:
        on_end(report)
    return report


@contextlib.contextmanager
def _session(
    plan: Plan,
    place: Place,
    purpose: str,
    step: Step,
    said: Callable[[str], None] | None,
    environ: Mapping[str, str],
    pace: Pace,
) -> Iterator[Session]:
    findings = structure(plan, place)
    if any(finding.severity == "error" for finding in findings):
        raise PlanInvalid(plan.name, findings)
    with writing_to(place.activity, "folder"):
        place.activity.mkdir(parents=True, exist_ok=True)
    patience = pace.expiry + _LONGER * pace.look
    alone: contextlib.AbstractContextManager[Lease | None] = (
        contextlib.nullcontext()
        if place.is_held
        else lease(place.lease, purpose, patience=patience, waiting=partial(_wait_for, step, patience), pace=pace)
    )
    with alone as held, Activity(place.activity, said) as log:
        session = Session(plan, place, log, held, environ, Mask(environ))
        session.end_leftovers()
        session.say_changed()
        yield session


def _wait_for(step: Step, patience: float, holder: Holder | None, seconds: float) -> None:
    """Wait for a holder that may be dead, as a container that was replaced is; one that lives here is told at once."""
    if holder is not None and holder.machine == Holder.me("").machine:
        raise LeaseHeld(f"{holder} is at work on this plan", mend="wait until it has ended")
    step(f"is {holder or 'another process'} still at work", seconds, patience)


class _Run:
    """The phases that run, and what became of the others."""

    def __init__(self, session: Session, jobs: int, step: Step) -> None:
        self._session = session
        self._jobs = jobs
        self._step = step
        self._running: dict[Future[PhaseReport], Phase] = {}
        self._reports = {phase.number: PhaseReport(phase.id, phase.name) for phase in session.plan.phases}

    def to_end(self) -> Report:
        begun = time.monotonic()
        stopped = False
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="plan") as pool:
            try:
                self._go_on(pool)
            except (KeyboardInterrupt, Cancelled):
                stopped = True
            finally:
                self._session.stop.set()  # after a good end nobody is left to hear it
                self._wait()
        for future in list(self._running):
            self._end(future)
        phases = self._session.plan.phases
        stopped = stopped or any(self._state(phase) == "stopped" for phase in phases)  # as a function may end itself
        failed = [phase for phase in phases if self._state(phase) == "failed"]
        for phase in failed:
            self._say_failed(phase)
        if failed and not stopped:
            stopped = not self._undo(failed)
        outcome: Literal["stopped", "failed", "done"] = "stopped" if stopped else "failed" if failed else "done"
        session = self._session
        return Report(
            session.plan.name,
            outcome,
            tuple(self._reports[phase.number] for phase in session.plan.phases),
            tuple(session.findings),
            time.monotonic() - begun,
            session.place.activity,
        )

    def _go_on(self, pool: ThreadPoolExecutor) -> None:
        """Start what is ready until nothing is left or a phase has failed."""
        while True:
            while phase := self._next():
                self._running[pool.submit(perform, self._session, phase)] = phase
            if not self._running:
                return
            ended: set[Future[PhaseReport]] = set()
            while not ended:
                self._show()
                ended, _ = wait(self._running, _LOOK_S, FIRST_COMPLETED)
            for future in ended:
                self._end(future)

    def _wait(self) -> None:
        """Wait for what is under way; told to stop once more, it cannot end sooner."""
        while any(not future.done() for future in self._running):
            with contextlib.suppress(KeyboardInterrupt):
                wait(self._running)

    def _next(self) -> Phase | None:
        """A phase that may start now."""
        phases = self._session.plan.phases
        if len(self._running) >= self._jobs or any(self._state(phase) in ("failed", "stopped") for phase in phases):
            return None
        green = {phase.number for phase in phases if self._state(phase) in ("done", "kept", "skipped")}
        running = self._running.values()
        folder = self._session.place.folder
        for phase in phases:
            if (
                self._state(phase) == "waiting"
                and phase not in running
                and green.issuperset(phase.needs)
                and all(may_run_beside(phase, other, folder) for other in running)
            ):
                return phase
        return None

    def _end(self, future: Future[PhaseReport]) -> None:
        phase = self._running.pop(future)
        self._reports[phase.number] = future.result()

    def _state(self, phase: Phase) -> str:
        return self._reports[phase.number].state

    def _show(self) -> None:
        """How far a phase is that runs alone and says so; else how many phases have ended."""
        shown = [(phase.name, *self._session.stages.get(phase.number, ("", 0, 0))) for phase in self._running.values()]
        if len(shown) == 1 and shown[0][1]:
            name, stage, done, total = shown[0]
            self._step(f"{name}: {stage}", done, total)
            return
        stages = [
            f"{name}: {stage}{f' {100 * done / total:.0f} %' if total else ''}" if stage else name
            for name, stage, done, total in shown
        ]
        ended = sum(report.state != "waiting" for report in self._reports.values())
        self._step(", ".join(stages), ended, len(self._reports))

    def _undo(self, failed: list[Phase]) -> bool:
        """Take back what failed and what needs it, or all of a whole plan; False when that was stopped."""
        plan = self._session.plan
        concerned = {phase.number for one in failed for phase in (one, *plan.needing(one))}
        self._session.stop.clear()
        try:
            # What began with its undo, in vain, is not undone once more.
            left = [phase for phase in plan.phases if self._reports[phase.number].undo is None]
            for number, how in take_back_all(
                self._session, [phase for phase in left if plan.whole or phase.number in concerned]
            ):
                self._reports[number] = replace(self._reports[number], undo=how)
        except (KeyboardInterrupt, Cancelled):
            return False
        return True

    def _say_failed(self, phase: Phase) -> None:
        report = self._reports[phase.number]
        last = f": {report.output[-1]}" if report.output else ""
        goes = f" after {report.attempts} goes" if report.attempts > 1 else ""
        mend = "mend the cause and run the plan again: it goes on from here"
        self._session.found("plan-phase-failed", "error", f"{phase}: {report.reason}{last}{goes}", mend, phase)
