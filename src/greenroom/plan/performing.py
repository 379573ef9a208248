"""One phase: seen red, done, seen green."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.plan.actions import Outcome
from greenroom.plan.activity import DONE
from greenroom.plan.report import PhaseReport
from greenroom.plan.undoing import take_back

if TYPE_CHECKING:
    from greenroom.plan.actions import Attempt
    from greenroom.plan.plan import Phase
    from greenroom.plan.report import PhaseState
    from greenroom.plan.session import Session


def perform(session: Session, phase: Phase) -> PhaseReport:
    """Bring one phase to its end, from wherever an earlier run left it. Raises LeaseLost, OutputUnwritable."""
    begun = time.monotonic()
    report = _recovered(session, phase) or _already(session, phase) or _done(session, phase)
    return replace(report, seconds=time.monotonic() - begun)


def _recovered(session: Session, phase: Phase) -> PhaseReport | None:
    """Undo what an earlier run began and did not end; gives a report where that fails.

    That is so whatever the verification says: it may be green over half of the work.
    """
    standing = session.standing(phase)
    if standing.state in ("under way", "failed", "undoing") and phase.undo is not None:
        taken = take_back(session, phase)
        if not taken.ok:
            if taken.ended == "stopped":
                return _report(phase, "stopped", taken)
            return replace(_report(phase, "failed", taken), undo="failed")
    return None


def _already(session: Session, phase: Phase) -> PhaseReport | None:
    """See the phase red; gives a report where it is green, or nobody could see."""
    was = session.standing(phase).state
    if was == "under way":  # there is no undo, so do is run again over what it left
        session.write(phase, "verify-fail", "interrupted: it was under way when the run ended")
        return None
    found = _verify(phase, session.attempt(phase))
    if found.ended == "stopped":
        return _report(phase, "stopped", found)
    if found.ok:
        session.write(phase, "verify-ok", summary(phase))
        session.write(phase, "skip", "done before" if was in DONE else "it was so already")
        return _report(phase, "kept" if was in DONE else "skipped", found)
    session.write(phase, "verify-fail", f"{phase.verify_mark} {summary(phase)} (red before do: {found.reason})")
    return None


def _done(session: Session, phase: Phase) -> PhaseReport:
    """Do it, and see it green; again after a while where the phase says so."""
    goes = 1 + (phase.retry.times if phase.retry else 0)
    go = 0
    while True:
        go += 1
        outcome = _go(session, phase, go, goes)
        if outcome.ok or outcome.ended == "stopped":
            return _report(phase, "done" if outcome.ok else "stopped", outcome, go)
        if go == goes or not outcome.again:
            return _report(phase, "failed", outcome, go)
        wait = phase.retry.wait * 2 ** (go - 1) if phase.retry else 0.0
        if session.stop.wait(min(wait, threading.TIMEOUT_MAX)):
            return _report(phase, "stopped", outcome, go)


def _go(session: Session, phase: Phase, go: int, goes: int) -> Outcome:
    """One go at do and verify. When it is stopped the log says nothing, and the phase stays under way."""
    begun = time.monotonic()
    session.write(phase, "start", f"{phase.mark} {phase.name}" + (f" ({go} of {goes})" if goes > 1 else ""))
    attempt = session.attempt(phase)
    outcome, what = phase.do.run(attempt), "do"
    if outcome.ok:
        seen, what = _verify(phase, attempt.next_action()), "verify"
        outcome = replace(seen, output=(*outcome.output, *seen.output))
    if outcome.ok:
        session.write(phase, "verify-ok", summary(phase))
        session.write(phase, "done", f"in {time.monotonic() - begun:.1f} s")
    elif outcome.ended != "stopped":
        outcome = replace(outcome, reason=f"{what}: {outcome.reason}")
        last = f": {outcome.output[-1]}" if outcome.output else ""
        session.write(phase, "verify-fail", f"{outcome.reason}{last}")
    return outcome


def summary(phase: Phase) -> str:
    """The verification in one line, as the log says it."""
    return phase.verify.summary if phase.verify else ""


def _verify(phase: Phase, attempt: Attempt) -> Outcome:
    if phase.verify is None:  # such a plan is not run
        return Outcome("failed", "it has no verification")
    return phase.verify.run(attempt, phase.expect)


def _report(phase: Phase, state: PhaseState, outcome: Outcome, attempts: int = 0) -> PhaseReport:
    reason = "" if outcome.ok else outcome.reason
    return PhaseReport(phase.id, phase.name, state, 0.0, attempts, reason, outcome.output)
