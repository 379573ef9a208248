"""What a request for a clip gives: the clip, or a preview of it, and facts about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.models.model import MadeFile
from greenroom.models.steadydancer.conditions.lengths import RATE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenroom.findings import Finding

VIDEO_TYPES = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
}
"""Of the files that a clip can be, by their endings."""

PNG = "image/png"
_FACTS = ("code", "severity", "message", "mend")


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """A look at what would be made.

    pictures: the deciding frame's skeleton over the picture first, then frames of the clip and, where there are several
    people, those to choose from.  posed: what was found, as ``Posed.facts`` has it.
    """

    pictures: tuple[Path, ...]
    frames: int
    size: str
    posed: dict[str, object]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    terms: tuple[str, ...]

    @property
    def files(self) -> tuple[MadeFile, ...]:
        """All pictures."""
        return tuple(MadeFile(path, PNG) for path in self.pictures)

    @property
    def facts(self) -> dict[str, object]:
        """What was found, in JSON, without a path."""
        return {
            "preview": True,
            "length_s": round(self.frames / RATE, 3),
            "frames": self.frames,
            "size": self.size,
            **self.posed,
            "findings": told(self.findings),
            "notes": list(self.notes),
            "terms": list(self.terms),
        }


@dataclass(frozen=True, slots=True)
class AnimateResult:
    """What was made.

    output: the clip.  preview: a picture beside it, None where nobody asked.  source: what said how to move.
    windows: in which it was sampled.  pose_guidance: how hard, and from and until which share of the steps.
    passes: how often the network was asked, and reused: how often an earlier answer was used again, with the largest
    relative change that was expected of one, and that was found.  noise: who drew it.  resumed: how many steps an
    earlier run had done, 0 where none.  versions: of what else the result depends on.  posed: what was found, as
    ``Posed.facts`` has it.  plan: by which it was made.  seconds: that each stage took, by its name.
    """

    output: Path
    preview: Path | None
    source: str
    frames: int
    size: str
    windows: int
    steps: int
    solver: str
    shift: float
    guidance: float
    pose_guidance: tuple[float, float, float]
    seed: int
    pose_seed: int
    noise: str
    passes: int
    reused: int
    change_expected: float
    change_found: float
    resumed: int
    sound: bool
    model: str
    precision: str
    loras: tuple[str, ...]
    pose_networks: dict[str, str]
    versions: dict[str, str]
    posed: dict[str, object]
    plan: dict[str, object]
    seconds: dict[str, float]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    terms: tuple[str, ...]

    @property
    def files(self) -> tuple[MadeFile, ...]:
        """The clip, then the preview."""
        made = [MadeFile(self.output, VIDEO_TYPES[self.output.suffix.lower()])]
        return (*made, *(MadeFile(path, PNG) for path in (self.preview,) if path is not None))

    @property
    def facts(self) -> dict[str, object]:
        """What was made, in JSON, without a path; the plan was told before."""
        return {
            "length_s": round(self.frames / RATE, 3),
            "frames": self.frames,
            "size": self.size,
            "source": self.source,
            "windows": self.windows,
            "steps": self.steps,
            "solver": self.solver,
            "shift": self.shift,
            "guidance": self.guidance,
            "pose_guidance": list(self.pose_guidance),
            "seed": self.seed,
            "pose_seed": self.pose_seed,
            "noise": self.noise,
            "passes": self.passes,
            "reused": self.reused,
            **({"change_expected": self.change_expected, "change_found": self.change_found} if self.reused else {}),
            "resumed": self.resumed,
            "sound": self.sound,
            "precision": self.precision,
            "loras": list(self.loras),
            "pose_networks": self.pose_networks,
            "versions": self.versions,
            **self.posed,
            "findings": told(self.findings),
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            "notes": list(self.notes),
            "terms": list(self.terms),
        }


def told(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Findings in JSON, without places that they do not have."""
    return [{name: getattr(one, name) for name in _FACTS} for one in findings]
