"""What a restoration gives: the file, or the pictures by number, and facts about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenroom.models.model import MadeFile
from greenroom.models.planned import costs_of

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.models.seedvr2.frames.sizes import Size
    from greenroom.models.seedvr2.planning.plan import Plan

Kind = Literal["video", "picture", "pictures"]
"""Of a source, and of a result. pictures: by number, which are the frames of a video."""

PNG = "image/png"
_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".nut": "video/x-nut",
    ".png": PNG,
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """What was made.

    output: the file; for pictures by number the pattern that names them.  before, after: sizes of the frames.
    length_s: from the first frame to the end of the last, 0 for a picture.
    windows: in how many pieces of time the networks took the shots, all of them together.  tile: pixels of the side of
    squares that the autoencoder took frames in, None for whole ones.  seconds: that this run took in each stage, by
    its name.  codec: of a video, or the format of pictures.  bits: of each colour.  resumed: parts that an earlier run
    had finished, of ``parts``.  notes: what was changed, guessed, lost or is not as usual, in sentences.
    terms: of the model, in plain words.
    """

    output: Path
    kind: Kind
    before: Size
    after: Size
    frames: int
    length_s: float
    shots: int
    windows: int
    tile: int | None
    seconds: dict[str, float]
    codec: str
    bits: int
    colour: str
    strength: float
    seed: int
    model: str
    preview: Path | None
    parts: int
    resumed: int
    notes: tuple[str, ...]
    terms: tuple[str, ...]

    @property
    def files(self) -> tuple[MadeFile, ...]:
        """The result first, then its preview. Pictures by number have only that: they are as many as frames."""
        made = () if self.kind == "pictures" else (MadeFile(self.output, media_type(self.output.suffix)),)
        return made if self.preview is None else (*made, MadeFile(self.preview, PNG))

    @property
    def facts(self) -> dict[str, object]:
        """What was made, in JSON, without a path."""
        return {
            "kind": self.kind,
            "before": [self.before.width, self.before.height],
            "after": [self.after.width, self.after.height],
            "frames": self.frames,
            "length_s": round(self.length_s, 3),
            "shots": self.shots,
            "windows": self.windows,
            "tile": self.tile,
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            "codec": self.codec,
            "bits": self.bits,
            "colour": self.colour,
            "strength": self.strength,
            "seed": self.seed,
            "parts": self.parts,
            "resumed": self.resumed,
            "notes": list(self.notes),
            "terms": list(self.terms),
        }


def media_type(suffix: str) -> str:
    """What HTTP calls a file of such an ending."""
    return _TYPES[suffix.lower()]


def facts_of(plan: Plan) -> dict[str, object]:
    """A plan in JSON: what an event of a job says."""
    way = plan.way
    return {
        **costs_of(plan),
        "width": plan.width,
        "height": plan.height,
        "shots": plan.shots,
        "frames": plan.frames,
        "windows": plan.windows,
        "window": way.window,
        "overlap": way.overlap,
        "tile": way.tile,
        "squares": plan.squares,
        "parked": way.parked,
        "notes": list(plan.notes),
    }
