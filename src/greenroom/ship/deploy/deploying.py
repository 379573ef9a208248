"""Deploy and rollback, from what is asked for to a report; the same course for every target.

The record of a release is on disk before anything changes, and everything that is done towards it may be done again. So
whoever is killed on the way is followed by ``deploy``, which goes on, or by ``rollback``, which goes back.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from greenroom.errors import Cancelled, GreenroomError
from greenroom.findings import Finding
from greenroom.leases import LeaseHeld, lease
from greenroom.plan.place import Place
from greenroom.plan.running import run
from greenroom.progress import Step, silent
from greenroom.ship.deploy.errors import ReleasedElsewhere, RollbackImpossible
from greenroom.ship.deploy.records import History
from greenroom.ship.deploy.reports import Report, StepReport, with_next
from greenroom.ship.deploy.standing import cost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from greenroom.plan.report import PhaseReport
    from greenroom.ship.deploy import records
    from greenroom.ship.deploy.records import Release
    from greenroom.ship.deploy.reports import Outcome
    from greenroom.ship.deploy.rollout import Rollout
    from greenroom.ship.deploy.steps import Said
    from greenroom.ship.deploy.target import Asked_contra, Prepared, Target

    OnEnd = Callable[[Report], None]

_PLACES: dict[records.Target, str] = {
    "runpod": "on a RunPod endpoint", "pod": "on a RunPod pod", "compose": "on a compose host",
}  # fmt: skip
_SHARE = re.compile(r" \d+ %$")


def deploy(
    data: Path,
    target: Target[Asked_contra],
    asked: Asked_contra,
    *,
    step: Step = silent,
    said: Said | None = None,
    on_end: OnEnd | None = None,
) -> Report:
    """Bring a release about and prove it, or take it back.

    data: the data folder, which keeps the records.  step: how far it is; may raise Cancelled, and the release then
    waits for the next deploy or rollback.  said: told what is under way.  on_end: given the report, however it
    ended. Raises nothing that a report can say.
    """
    report = Report(asked.name, "deploy", "refused", image=asked.image)

    def work() -> Report:
        step("checking", 0, 1)
        left = put_away(data, target, asked.name)
        prepared = prepare_deploy(data, target, asked)
        history = prepared.history
        findings = (*left, *prepared.findings)
        checked = replace(report, findings=findings, image=prepared.release.image, endpoint=history.endpoint)
        if prepared.is_refused:
            return _refused(checked, history.unfinished)
        if prepared.is_so and history.current is not None:
            unchanged = replace(checked, outcome="unchanged", number=history.current.number)
            return _with_costs(data, target, with_next(unchanged, has_before=history.current.before is not None))
        return _with_costs(data, target, _run(prepared, checked, step, said))

    return _perform(data, report, work, on_end)


def rollback(
    data: Path,
    target: Target[Any],
    name: str,
    to: int | None = None,
    *,
    step: Step = silent,
    said: Said | None = None,
    on_end: OnEnd | None = None,
) -> Report:
    """Bring back the release before, or a named one; 0 takes everything down. What is under way is taken back.

    Arguments and errors as of ``deploy``.
    """
    report = Report(name, "rollback", "refused")

    def work() -> Report:
        step("looking", 0, 1)
        left = replace(report, findings=put_away(data, target, name))
        return _with_costs(data, target, _run(prepare_rollback(data, target, name, to), left, step, said))

    return _perform(data, report, work, on_end)


def prepare_deploy(data: Path, target: Target[Asked_contra], asked: Asked_contra) -> Prepared:
    """Look at everything that a deploy would meet; nothing is written and nothing changed. Raises GreenroomError."""
    return target.prepare_deploy(_history(data, target, asked.name), asked)


def prepare_rollback(data: Path, target: Target[Any], name: str, to: int | None = None) -> Prepared:
    """What going back would do; nothing is written and nothing changed. Raises RollbackImpossible, GreenroomError."""
    history = _history(data, target, name)
    if not history.releases:
        raise RollbackImpossible(
            f"nothing of {name} is known here", mend="greenroom status shows what was deployed from this machine"
        )
    return target.prepare_rollback(history, to)


def put_away(data: Path, target: Target[Any], name: str) -> tuple[Finding, ...]:
    """The old one of a deploy that was killed behind its end, if there is one. Gives what is still left."""
    history = _history(data, target, name)
    current = history.current
    if history.unfinished is not None or current is None or current.beside is None:
        return ()
    return target.beside(history, current).retire()


def _history(data: Path, target: Target[Any], name: str) -> History:
    """The records of a name. Raises ReleasedElsewhere where they are of another kind of place."""
    history = History.read(data, name)
    if history.releases and (was := history.releases[-1].target) != target.kind:
        raise ReleasedElsewhere(
            f"the name {name} is one of a release {_PLACES[was]}",
            mend="give another --name",
        )
    return history


def _perform(data: Path, report: Report, work: Callable[[], Report], on_end: OnEnd | None) -> Report:
    """Do the work while nobody else does any of this name. Raises nothing that the report can say."""
    began = time.monotonic()
    try:
        history = History.read(data, report.name)
        if history.releases or report.kind == "deploy":
            with lease(history.make_folder() / ".lease", f"{report.kind} {report.name}", patience=0):
                report = work()
        else:  # what is not there is not to be made by looking for it
            report = work()
    except (GreenroomError, KeyboardInterrupt) as error:
        report = _ended_early(data, report, error)
    report = replace(report, seconds=time.monotonic() - began)
    if on_end:
        on_end(report)
    return report


def _refused(report: Report, under_way: Release | None) -> Report:
    """Nothing was changed by this command; what an earlier one left is still to be ended."""
    if under_way is not None:
        report = replace(report, outcome="unsettled", number=under_way.number)
    return with_next(report, has_before=under_way is not None)


def _run(prepared: Prepared, report: Report, step: Step, said: Said | None) -> Report:
    """Write the release down, run its plan, keep how it ended. Raises OutputUnwritable, LeaseLost."""
    if not prepared.resumes:
        history, release = prepared.history.begin(prepared.release)
        prepared = replace(prepared, history=history, release=release)
    rollout = prepared.rollout
    if said:
        rollout.said = said
    place = Place(rollout.history.folder, rollout.history.folder / "activity" / f"{rollout.release.number:04}")
    ran = run(rollout.plan(), place, step=_telling(step, said) if said else step, environ=rollout.secrets)
    findings: tuple[Finding, ...] = ()
    outcome: Outcome
    if ran.outcome == "done":
        outcome, findings = rollout.conclude()
    elif ran.outcome == "stopped":
        outcome = "stopped"
    else:
        outcome = "reverted" if rollout.release.state == "reverted" else "unsettled"
    report = replace(report, outcome=outcome, steps=tuple(map(_step, ran.phases)))
    return _told(report, rollout, findings, left=prepared.history.endpoint)


def _telling(step: Step, said: Said) -> Step:
    """A step that says each new stage in a line of its own; those of a plan end with how far they are."""
    last = ""

    def told(stage: str, done: float, total: float) -> None:
        nonlocal last
        words = _SHARE.sub("", stage)
        if ":" in words and words != last:
            said(words)
            last = words
        step(stage, done, total)

    return told


def _told(report: Report, rollout: Rollout, findings: tuple[Finding, ...], *, left: str | None) -> Report:
    """With what the rollout knows of the release that is in use now, or else of itself. left: what callers used."""
    told = (rollout.proved if report.outcome == "live" else None) or rollout.release
    used = rollout.history.endpoint
    is_moved = left is not None and used not in (None, left) and not rollout.sends_callers
    report = replace(
        report,
        number=told.number,
        image=told.image,
        by=told.by,
        endpoint=used,
        left=left if is_moved else None,
        findings=(*report.findings, *findings),
    )
    return with_next(report, has_before=told.before is not None)


def _step(phase: PhaseReport) -> StepReport:
    reason = phase.reason.removeprefix("do: ").removeprefix("verify: ")
    undo = None if phase.undo == "absent" else phase.undo  # those without one changed nothing
    return StepReport(phase.name, phase.state, phase.seconds, reason, phase.output, undo)


def _with_costs(data: Path, target: Target[Any], report: Report) -> Report:
    """What runs and costs money now; a network that is away does not hide the rest."""
    try:
        standing, running = target.survey(History.read(data, report.name))
    except (GreenroomError, KeyboardInterrupt) as error:
        why = error.message if isinstance(error, GreenroomError) else "it was stopped"
        return replace(report, costs=(f"could not be looked up: {why}",))
    costs = tuple(one.words for one in running)
    report = replace(report, address=standing.address, hourly=cost(running), costs=costs or ("nothing runs",))
    used = standing.release
    return report if used is None or used.number == report.number else replace(report, in_use=f"{used}, {used.image}")


def _ended_early(data: Path, report: Report, error: BaseException) -> Report:
    """What stopped it before a plan ran, or in the middle of keeping how it ended."""
    known = error if isinstance(error, GreenroomError) else Cancelled()
    finding = Finding(known.code, "error", known.message, known.mend or "run the same command again: it goes on")
    report = replace(report, findings=(*report.findings, finding))
    if isinstance(known, LeaseHeld):  # what is under way is whose lease it is
        return report
    try:
        history = History.read(data, report.name)
    except GreenroomError:
        return report
    under_way = history.unfinished
    report = replace(report, endpoint=history.endpoint)
    if isinstance(known, Cancelled):
        number = under_way.number if under_way else None
        return with_next(replace(report, outcome="stopped", number=number), has_before=True)
    return _refused(report, under_way)
