"""Phases taken back: what was done last comes first, and what cannot be taken back is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.errors import Cancelled
from greenroom.plan.actions import Outcome
from greenroom.plan.activity import DONE, OURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenroom.plan.plan import Phase
    from greenroom.plan.report import Undone
    from greenroom.plan.session import Session


def take_back_all(session: Session, phases: Iterable[Phase]) -> Iterator[tuple[int, Undone]]:
    """Undo those of these phases that the plan did, in their order; one that fails does not spare the others.

    Gives the number of each, and how its undo ended. Raises Cancelled and KeyboardInterrupt when it is stopped, and a
    later run goes on with it; and what the log raises.
    """
    ours = [phase for phase in phases if session.standing(phase).state in OURS]
    for phase in _backwards(session, ours):
        if phase.undo is None:
            message = f"{phase} has no undo: what it did stays"
            session.found("plan-not-undone", "warning", message, "take it back by hand", phase)
            yield phase.number, "absent"
            continue
        was_done = session.standing(phase).state in DONE
        taken = take_back(session, phase)
        if taken.ended == "stopped":
            raise Cancelled
        yield phase.number, "ok" if taken.ok else "failed"
        if taken.ok and was_done:
            _see_red(session, phase)


def _backwards(session: Session, phases: list[Phase]) -> list[Phase]:
    """What was not finished, then what was done, the latest first.

    Of what was done nothing comes before what needs it, though that be older: it may have been lost and done again.
    """
    is_done = {phase.number: session.standing(phase).state in DONE for phase in phases}
    before = {phase.number: session.plan.needed_by(phase) for phase in phases}
    left = sorted(phases, key=lambda phase: (is_done[phase.number], -session.standing(phase).order))
    found: list[Phase] = []
    while left:
        free = (
            phase
            for phase in left
            if not is_done[phase.number] or not any(phase.number in before[other.number] for other in left)
        )
        found.append(next(free))
        left.remove(found[-1])
    return found


def take_back(session: Session, phase: Phase) -> Outcome:
    """Undo one phase. Stopped, it is still to be undone when the plan runs again."""
    if phase.undo is None:
        return Outcome("failed", "it has no undo", again=False)
    session.write(phase, "undo", f"begun: {phase.undo.summary}")
    outcome = phase.undo.run(session.attempt(phase))
    if outcome.ok:
        session.write(phase, "undo", "ok")
    elif outcome.ended != "stopped":
        last = f": {outcome.output[-1]}" if outcome.output else ""
        session.write(phase, "undo", f"failed: {outcome.reason}{last}")
        mend = "take it back by hand; until it succeeds, every run of the plan begins with this undo"
        said = f"{phase} is not undone: {phase.undo.summary}: {outcome.reason}{last}"
        session.found("plan-undo-failed", "error", session.mask(said), mend, phase)
        return Outcome(outcome.ended, f"undo: {outcome.reason}", outcome.output, again=False)
    return outcome


def _see_red(session: Session, phase: Phase) -> None:
    """What was done and taken back must be seen so, or it was not taken back."""
    if phase.verify and phase.verify.run(session.attempt(phase), phase.expect).ok:
        message = f"{phase} is still verified after its undo"
        session.found("plan-undo-idle", "warning", message, "let undo take back what verify looks for", phase)
