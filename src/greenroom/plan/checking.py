"""What is wrong with a plan before it runs: each finding is one that a person can mend."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from greenroom.anchors import look
from greenroom.findings import Finding
from greenroom.plan.activity import entries, faults
from greenroom.plan.claims import claims
from greenroom.plan.paths import collision
from greenroom.plan.proving import unproven

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenroom.findings import Severity
    from greenroom.plan.place import Place
    from greenroom.plan.plan import Phase, Plan
    from greenroom.plan.reading import Document


def check(document: Document, place: Place, *, prove: bool = True) -> tuple[Finding, ...]:
    """All that is wrong with a plan in a file, its log included.

    prove: run each verification in an empty folder, to see that it can fail.
    """
    plan = document.plan
    found = [
        *document.findings,
        *structure(plan, place),
        *targets(plan, place),
        *claims(document, place),
        *faults(entries(place.activity)),
        *(unproven(plan, place) if prove else ()),
    ]
    return _in_order(found, document)


def blockers(document: Document, place: Place) -> tuple[Finding, ...]:
    """The errors for which a plan in a file is not run.

    Targets that moved are among them until the plan has begun: from then on it may be the plan that moved them.
    """
    has_begun = bool(place.standings(document.plan))
    found = [
        *document.findings,
        *structure(document.plan, place),
        *(() if has_begun else targets(document.plan, place)),
    ]
    return _in_order((finding for finding in found if finding.severity == "error"), document)


def structure(plan: Plan, place: Place) -> tuple[Finding, ...]:
    """What is wrong with the phases and how they hang together, wherever the plan comes from."""
    return (*_parts(plan, place), *_needs(plan, place), *_cycles(plan, place), *_claims_of_parallel(plan, place))


def targets(plan: Plan, place: Place) -> tuple[Finding, ...]:
    """Targets that are not where the plan says."""
    looked = (look(target, place.folder, place.document) for phase in plan.phases for target in phase.targets)
    return tuple(finding for finding in looked if finding)


def _in_order(found: Iterable[Finding], document: Document) -> tuple[Finding, ...]:
    """As one reads: those of the document by their lines, then those of other files."""
    return tuple(
        sorted(found, key=lambda finding: (finding.path != document.path, finding.path or "", finding.line or 0))
    )


def _parts(plan: Plan, place: Place) -> Iterator[Finding]:
    for place_in_plan, phase in enumerate(plan.phases):
        if any(phase.number == before.number for before in plan.phases[:place_in_plan]):
            message = f"there is a {phase.id} already"
            yield _finding(place, phase, "plan-dup-number", "error", message, "give each phase a number of its own")
        if phase.verify is None:
            message = f"nobody sees whether {phase} is done"
            yield _finding(place, phase, "plan-no-verify", "error", message, "add a fence ```sh verify")
        if phase.undo is None:
            # What writes nothing leaves nothing to take back.
            severity: Severity = "note" if phase.writes == () else "warning"
            message = f"{phase} cannot be taken back"
            yield _finding(place, phase, "plan-no-undo", severity, message, "add a fence ```sh undo")
        if phase.writes is None:
            message = f"{phase} does not say what it writes, so nothing runs beside it"
            yield _finding(place, phase, "plan-no-writes", "note", message, "add Writes, with paths or none")


def _needs(plan: Plan, place: Place) -> Iterator[Finding]:
    for phase in plan.phases:
        for number in phase.needs:
            if plan.phase(number) is None:
                message = f"{phase} needs phase-{number}, which is no phase"
                yield _finding(place, phase, "plan-needs", "error", message, "name a phase of this plan, or none")


def _cycles(plan: Plan, place: Place) -> Iterator[Finding]:
    """Each circle of phases once, at its first, and the phases behind one."""
    before = {id(phase): plan.needed_by(phase) for phase in plan.phases}
    circling = [phase for phase in plan.phases if phase.number in before[id(phase)]]
    told: set[int] = set()
    for phase in circling:
        circle = [
            other.number
            for other in circling
            if other.number in before[id(phase)] and phase.number in before[id(other)]
        ]
        if phase.number not in told:
            told.update(circle)
            names = ", ".join(f"phase-{number}" for number in circle)
            message = f"{names} wait for each other" if len(circle) > 1 else f"{names} waits for itself"
            yield _finding(place, phase, "plan-cycle", "error", message, "take one of their needs away")
    numbers = {phase.number for phase in plan.phases}
    lost = {phase.number for phase in plan.phases if not numbers.issuperset(phase.needs)}
    for phase in plan.phases:
        behind = sorted(before[id(phase)] & (lost | {other.number for other in circling}))
        if behind and phase not in circling:
            message = f"{phase} is never reached: phase-{behind[0]} comes before it and cannot begin"
            yield _finding(place, phase, "plan-unreachable", "note", message, f"mend the needs of phase-{behind[0]}")


def _claims_of_parallel(plan: Plan, place: Place) -> Iterator[Finding]:
    claimed = [phase for phase in plan.phases if phase.runs == "parallel" and phase.writes]
    for one, other in combinations(claimed, 2):
        if other.number in plan.needed_by(one) or one.number in plan.needed_by(other):
            continue
        if path := collision(one, other, place.folder):
            message = f"{one.id} and {other.id} claim to run in parallel, and both write {path}"
            mend = f"let {other.id} need {one.id}, or write another path; they will run one after the other"
            yield _finding(place, other, "plan-parallel", "warning", message, mend)


def _finding(place: Place, phase: Phase, code: str, severity: Severity, message: str, mend: str) -> Finding:
    return Finding(code, severity, message, mend, place.document, phase.line)
