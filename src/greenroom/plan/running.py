"""Plans run and undone: ready phases side by side, in the order of their needs, under a lease and with a log."""

from __future__ import annotations

import contextlib
import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from greenroom.errors import Cancelled
from greenroom.files import writing_to
from greenroom.leases import Holder, LeaseHeld, Pace, lease
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
    LeaseLost, OutputUnwritable when the log cannot be written.
    """
    with _session(plan, place, f"plan run {plan.name}", said, environ, pace) as session:
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
    with _session(plan, place, f"plan undo {plan.name}", said, environ, pace) as session:
        undone, stopped = {}, False
        others = [phase for phase in plan.phases if session.is_another(phase)]
        try:
            step("undo", 0, 1)
            undone = take_back_all(session, plan.phases)
        except (KeyboardInterrupt, Cancelled):
            stopped = True
    failed = any(how != "ok" for how in undone.values()) or bool(others)
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
    said: Callable[[str], None] | None,
    environ: Mapping[str, str],
    pace: Pace,
) -> Iterator[Session]:
    findings = structure(plan, place)
    if any(finding.severity == "error" for finding in findings):
        raise PlanInvalid(plan.name, findings)
    with writing_to(place.activity):
        place.activity.mkdir(parents=True, exist_ok=True)
    with (
        lease(place.lease, purpose, patience=pace.expiry + _LONGER * pace.look, waiting=_wait_for, pace=pace) as held,
        Activity(place.activity, said) as log,
    ):
        session = Session(plan, place, log, held, environ, Mask(environ))
        for phase in plan.phases:
            if session.is_another(phase):
                message = f"{phase} has another undo than the {phase.id} that the log says was begun"
                mend = "if that one is to be taken back, do it by hand, or with the plan as it was"
                session.found("plan-changed", "warning", message, mend, phase)
        yield session


def _wait_for(holder: Holder | None, _: float) -> None:
    """Wait for a holder that may be dead, as a container that was replaced is; one that lives here is told at once."""
    if holder is not None and holder.machine == Holder.me("").machine:
        raise LeaseHeld(f"{holder} is at work on this plan", mend="wait until it has ended")


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
        failed = [phase for phase in self._session.plan.phases if self._state(phase) == "failed"]
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
        ended = sum(report.state != "waiting" for report in self._reports.values())
        stages = [self._session.stages.get(phase.number, phase.name) for phase in self._running.values()]
        self._step(", ".join(stages), ended, len(self._reports))

    def _undo(self, failed: list[Phase]) -> bool:
        """Take back what failed and what needs it, or all of a whole plan; False when that was stopped."""
        plan = self._session.plan
        concerned = {phase.number for one in failed for phase in (one, *plan.needing(one))}
        self._session.stop.clear()
        try:
            undone = take_back_all(
                self._session, [phase for phase in plan.phases if plan.whole or phase.number in concerned]
            )
        except (KeyboardInterrupt, Cancelled):
            return False
        for number, how in undone.items():
            self._reports[number] = replace(self._reports[number], undo=how)
        return True

    def _say_failed(self, phase: Phase) -> None:
        report = self._reports[phase.number]
        last = f": {report.output[-1]}" if report.output else ""
        goes = f" after {report.attempts} goes" if report.attempts > 1 else ""
        mend = "mend the cause and run the plan again: it goes on from here"
        self._session.found("plan-phase-failed", "error", f"{phase}: {report.reason}{last}{goes}", mend, phase)
