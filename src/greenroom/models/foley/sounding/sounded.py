"""What a request for sound gives: videos with it, or the sound alone, one for each sample, and facts about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenroom.media.audio import audio_format, media_type
from greenroom.models.model import MadeFile

if TYPE_CHECKING:
    from pathlib import Path

VIDEO_TYPES = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
}
"""Of the files that a video with its sound can be, by their endings."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One of the sounds of a request.

    output: the video with it, or itself.  wav: what was made alone, before it was mixed, None where nobody asked.
    loudness_lufs, true_peak_dbtp: of what the file holds, behind a lossy codec too; None for silence.
    """

    output: Path
    wav: Path | None
    loudness_lufs: float | None
    true_peak_dbtp: float | None


@dataclass(frozen=True, slots=True)
class FoleyResult:
    """What was made.

    source: what it was made for.  length_s: of the sound.  shots: in which different words were heard.  windows: in how
    many pieces the clip was denoised.  mix: as it was done.  precision: in which the denoiser's weights were held.
    plan: by which it was made, as ``facts_of`` has it.  seconds: that each stage took, by its name.  notes: what was
    cut, guessed, lost or is not as usual, in sentences.  terms: of the model, in plain words.
    """

    samples: tuple[Sample, ...]
    source: Literal["video", "picture", "words"]
    length_s: float
    rate: int
    shots: int
    windows: int
    mix: str
    seed: int
    steps: int
    guidance: float
    model: str
    precision: str
    plan: dict[str, object]
    seconds: dict[str, float]
    notes: tuple[str, ...]
    terms: tuple[str, ...]

    @property
    def files(self) -> tuple[MadeFile, ...]:
        """The samples in order, then what was made alone."""
        outputs = [sample.output for sample in self.samples]
        wavs = [sample.wav for sample in self.samples if sample.wav is not None]
        return tuple(MadeFile(path, type_of(path)) for path in (*outputs, *wavs))

    @property
    def facts(self) -> dict[str, object]:
        """What was made, in JSON, without a path; the plan was told before."""
        return {
            "source": self.source,
            "length_s": round(self.length_s, 3),
            "rate": self.rate,
            "samples": [
                {
                    "file": sample.output.name,
                    "wav": None if sample.wav is None else sample.wav.name,
                    "loudness_lufs": sample.loudness_lufs,
                    "true_peak_dbtp": sample.true_peak_dbtp,
                }
                for sample in self.samples
            ],
            "shots": self.shots,
            "windows": self.windows,
            "mix": self.mix,
            "seed": self.seed,
            "steps": self.steps,
            "guidance": self.guidance,
            "precision": self.precision,
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            "notes": list(self.notes),
            "terms": list(self.terms),
        }


def type_of(path: Path) -> str:
    """What HTTP calls a file of such an ending. Raises UnknownName."""
    return VIDEO_TYPES.get(path.suffix.lower()) or media_type(audio_format(path.suffix))
