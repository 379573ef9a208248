"""How a deploy or a rollback ended, so that a person can act on it and a machine can read it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.findings import Finding

# live: proved, and what callers use.  unchanged: it was so already.  refused: the checks found errors; nothing was
# changed.  reverted: it failed, and the release before it runs again.  unsettled: it failed, and so did taking it back,
# or a rollback did not come to its end.  stopped: by whoever ran it.  removed: there is nothing any more, as asked.
Outcome = Literal["live", "unchanged", "refused", "reverted", "unsettled", "stopped", "removed"]
_WORDS: dict[Outcome, str] = {
    "live": "is live",
    "unchanged": "is live already; nothing was changed",
    "refused": "was not begun; nothing was changed",
    "reverted": "failed and was taken back",
    "unsettled": "is neither live nor taken back",
    "stopped": "was stopped on its way",
    "removed": "took everything down",
}
_GO_ON = "run the same command again: it goes on"


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step. reason: why it is not done.  output: the last lines of it.  undo: how taking it back ended."""

    name: str
    state: str
    seconds: float
    reason: str = ""
    output: tuple[str, ...] = ()
    undo: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One deploy or rollback.

    number: of the release, None where none was begun.  in_use: the release that callers use now, where it is another.
    endpoint: what they use.  address: where it is reached.  left: what they used before, where they have to follow.
    hourly: dollars that workers cost now, None where nobody knows.  costs: what runs and costs money, in words.
    next: commands, the likeliest first.
    """

    name: str
    kind: str
    outcome: Outcome
    number: int | None = None
    image: str = ""
    in_use: str = ""
    endpoint: str | None = None
    address: str = ""
    left: str | None = None
    by: str = ""
    seconds: float = 0.0
    steps: tuple[StepReport, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    hourly: float | None = None
    costs: tuple[str, ...] = ()
    next: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether what was asked for is so."""
        return self.outcome in ("live", "unchanged", "removed")

    @property
    def why(self) -> str:
        """Why it failed, as the step says it; empty where none did."""
        return next((step.reason for step in self.steps if step.reason), "")


def with_next(report: Report, *, has_before: bool) -> Report:
    """The report with the commands that may follow. has_before: whether there is a release to go back to."""
    name = report.name
    match report.outcome:
        case "live" | "unchanged":
            then = (f"greenroom status {name}", *((f"greenroom rollback {name}",) if has_before else ()))
        case "unsettled" | "stopped" if report.kind == "deploy":
            then = (_GO_ON, f"greenroom rollback {name} takes it back", f"greenroom status {name}")
        case "unsettled" | "stopped":
            then = (f"greenroom rollback {name} goes on", f"greenroom status {name}")
        case _:
            then = (f"greenroom status {name}" if report.endpoint or report.number else "greenroom status",)
    return replace(report, next=then)


def lines(report: Report) -> Iterator[str]:
    """The report as people read it."""
    release = f"release {report.number} of {report.name}" if report.number else report.name
    yield f"{report.kind}: {release} {_WORDS[report.outcome]} ({report.seconds:.1f} s)"
    if report.why:
        yield f"  why       {report.why}"
    if report.image:
        yield f"  image     {report.image}"
    if report.in_use:
        yield f"  in use    {report.in_use}"
    if report.endpoint:
        yield f"  endpoint  {report.endpoint}" + (f"  {report.address}" if report.address else "")
    if report.left:
        yield f"  callers   must follow to {report.address or report.endpoint}: {report.left} is no longer in use"
    for step in report.steps:
        undone = {"ok": ", taken back", "failed": ", NOT taken back"}.get(step.undo or "", "")
        yield f"  step      {step.name}: {step.state}{undone} ({step.seconds:.1f} s)"
        if step.reason:
            yield from (f"              {line}" for line in step.output)
    yield from (f"  costs     {cost}" for cost in report.costs)
    yield from (f"  next      {command}" for command in report.next)
