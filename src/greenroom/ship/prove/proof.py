"""What a proof finds: trials, their steps with times, and findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from greenroom.findings import Finding


Outcome = Literal["served", "listened", "rehearsed", "refused", "failed", "untried"]


@dataclass(frozen=True, slots=True)
class Timed:
    """One step of a trial."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One start. outcome: what it did.  words: of a refusal or failure, or why it was not tried; empty else."""

    scenario: str
    outcome: Outcome
    steps: tuple[Timed, ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found. id: of the image that was started.  build_s: None for an image that was there already."""

    image: str
    id: str
    engine: str
    build_s: float | None
    trials: tuple[Trial, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether the image did all that it should."""
        return not self.findings
