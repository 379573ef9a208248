"""Deploy and rollback on RunPod, from what is asked for to a report.

The record of a release is on disk before anything changes, and everything that is done towards it may be done again. So
whoever is killed on the way is followed by ``deploy``, which goes on, or by ``rollback``, which goes back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.progress import Step, silent
from greenroom.ship.deploy.beside import Beside
from greenroom.ship.deploy.performing import perform, run_release, with_next
from greenroom.ship.deploy.preparing import prepare_deploy, prepare_rollback
from greenroom.ship.deploy.records import History
from greenroom.ship.deploy.reports import Report
from greenroom.ship.deploy.standing import survey
from greenroom.ship.runpod.errors import RunPodError

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.findings import Finding
    from greenroom.ship.deploy.performing import OnEnd
    from greenroom.ship.deploy.preparing import Asked, Prepared, Workplace


def deploy(
    place: Workplace,
    asked: Asked,
    *,
    step: Step = silent,
    said: Callable[[str], None] | None = None,
    on_end: OnEnd | None = None,
) -> Report:
    """Bring a release about and prove it, or take it back.

    step: how far it is; may raise Cancelled, and the release then waits for the next deploy or rollback.  said: told
    each line of the log.  on_end: given the report, however it ended. Raises nothing that a report can say.
    """
    report = Report(asked.declaration.name, "deploy", "refused", image=str(asked.declaration.values["image"]))

    def work() -> Report:
        step("checking", 0, 1)
        left = _put_away(place, report.name)
        prepared = prepare_deploy(place, asked)
        checked = replace(
            report,
            findings=(*left, *prepared.findings),
            image=prepared.release.image,
            endpoint=prepared.history.endpoint,
        )
        if prepared.is_refused:
            return with_next(checked, has_before=False)
        if (current := prepared.history.current) is not None and prepared.is_so:
            unchanged = replace(checked, outcome="unchanged", number=current.number)
            return _with_costs(place, with_next(unchanged, has_before=current.before is not None))
        return _run(place, prepared, checked, step, said)

    return perform(place.data, report, work, on_end)


def rollback(
    place: Workplace,
    name: str,
    to: int | None = None,
    *,
    step: Step = silent,
    said: Callable[[str], None] | None = None,
    on_end: OnEnd | None = None,
) -> Report:
    """Bring back the release before, or a named one; 0 takes everything down. What is under way is taken back.

    Arguments and errors as of ``deploy``.
    """
    report = Report(name, "rollback", "refused")

    def work() -> Report:
        step("looking", 0, 1)
        left = replace(report, findings=_put_away(place, name))
        return _run(place, prepare_rollback(place, name, to), left, step, said, back=True)

    return perform(place.data, report, work, on_end)


def _run(
    place: Workplace,
    prepared: Prepared,
    report: Report,
    step: Step,
    said: Callable[[str], None] | None,
    *,
    back: bool = False,
) -> Report:
    """Write the release down first."""
    if not prepared.resumes:
        history, release = prepared.history.begin(prepared.release)
        prepared = replace(prepared, history=history, release=release)
    working = prepared.working(place.runpod, place.pace, back=back)
    return _with_costs(place, run_release(working, report, step, said))


def _put_away(place: Workplace, name: str) -> tuple[Finding, ...]:
    """The old endpoint of a blue/green deploy that was killed behind its end, if there is one."""
    history = History.read(place.data, name)
    current = history.current
    if history.unfinished is not None or current is None or current.beside is None:
        return ()
    return Beside(place.runpod, history, current, place.pace, 0.0).retire()


def _with_costs(place: Workplace, report: Report) -> Report:
    """What runs and costs money now; a network that is away does not hide the rest."""
    history = History.read(place.data, report.name)
    try:
        seen = survey(place.runpod, (history,), pods=False)
    except RunPodError as error:
        return replace(report, costs=(f"could not be looked up: {error.message}",))
    costs = tuple(one.words for one in seen.running)
    return replace(report, address=seen.standings[0].address, hourly=seen.hourly, costs=costs or ("nothing runs",))
