"""A deploy or a rollback performed: alone, its plan run, its end kept and reported, whatever stops it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.errors import Cancelled, GreenroomError
from greenroom.findings import Finding
from greenroom.leases import LeaseHeld, lease
from greenroom.plan.place import Place
from greenroom.plan.running import run
from greenroom.ship.deploy.records import History
from greenroom.ship.deploy.reports import StepReport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from greenroom.plan.report import PhaseReport
    from greenroom.progress import Step
    from greenroom.ship.deploy.reports import Outcome, Report
    from greenroom.ship.deploy.working import Working

    OnEnd = Callable[[Report], None]

_GO_ON = "run the same command again: it goes on"


def perform(data: Path, report: Report, work: Callable[[], Report], on_end: OnEnd | None) -> Report:
    """Do the work while nobody else does any of this name. Raises nothing that the report can say."""
    began = time.monotonic()
    try:
        folder = History.read(data, report.name).make_folder()
        with lease(folder / ".lease", f"{report.kind} {report.name}", patience=0):
            report = work()
    except (GreenroomError, KeyboardInterrupt) as error:
        report = _ended_early(data, report, error)
    report = replace(report, seconds=time.monotonic() - began)
    if on_end:
        on_end(report)
    return report


def run_release(working: Working, report: Report, step: Step, said: Callable[[str], None] | None) -> Report:
    """Run a release's plan and keep how it ended. Raises OutputUnwritable, LeaseLost."""
    folder = working.history.folder
    place = Place(folder, folder / "activity" / f"{working.release.number:04}")
    ran = run(working.plan(), place, step=step, said=said, environ=working.secrets)
    findings: tuple[Finding, ...] = ()
    outcome: Outcome
    if ran.outcome == "done":
        outcome, findings = working.conclude()
    elif ran.outcome == "stopped":
        outcome = "stopped"
    else:
        outcome = "reverted" if working.release.state == "reverted" else "unsettled"
    told = (working.proved if outcome == "live" else None) or working.release
    report = replace(
        report,
        outcome=outcome,
        number=told.number,
        image=told.image,
        by=told.by,
        endpoint=working.history.endpoint,
        steps=tuple(_step(phase) for phase in ran.phases),
        findings=(*report.findings, *findings),
    )
    return with_next(report, has_before=told.before is not None)


def with_next(report: Report, *, has_before: bool) -> Report:
    """The report with the commands that may follow."""
    name = report.name
    match report.outcome:
        case "live" | "unchanged":
            then = (f"greenroom status {name}", *((f"greenroom rollback {name}",) if has_before else ()))
        case "unsettled" | "stopped" if report.kind == "deploy":
            then = (_GO_ON, f"greenroom rollback {name} takes it back", f"greenroom status {name}")
        case "unsettled" | "stopped":
            then = (f"greenroom rollback {name} goes on", f"greenroom status {name}")
        case _:
            then = (f"greenroom status {name}",)
    return replace(report, next=then)


def _step(phase: PhaseReport) -> StepReport:
    reason = phase.reason.removeprefix("do: ").removeprefix("verify: ")
    undo = None if phase.undo == "absent" else phase.undo  # those without one changed nothing
    return StepReport(phase.name, phase.state, phase.seconds, reason, phase.output, undo)


def _ended_early(data: Path, report: Report, error: BaseException) -> Report:
    """What stopped it before a plan ran, or in the middle of keeping how it ended."""
    known = error if isinstance(error, GreenroomError) else Cancelled()
    finding = Finding(known.code, "error", known.message, known.mend or _GO_ON)
    report = replace(report, findings=(*report.findings, finding))
    if isinstance(known, LeaseHeld):  # what is under way is whose lease it is
        return report
    try:
        history = History.read(data, report.name)
    except GreenroomError:
        return report
    under_way = history.unfinished
    outcome: Outcome = "stopped" if isinstance(known, Cancelled) else "unsettled" if under_way else "refused"
    number = under_way.number if under_way else None
    return with_next(replace(report, outcome=outcome, number=number, endpoint=history.endpoint), has_before=True)
