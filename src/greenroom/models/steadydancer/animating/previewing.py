"""A look at what would be made: skeletons over the picture and warnings, in files, by the pose networks alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.files import Publication
from greenroom.models.steadydancer.animating.animated import PreviewResult
from greenroom.models.steadydancer.animating.posing import pose
from greenroom.models.steadydancer.animating.previews import pictures_of
from greenroom.models.steadydancer.animating.sources import look
from greenroom.progress import silent
from greenroom.runtime.device import is_host, members

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.models.steadydancer.animating.posing import Posed
    from greenroom.models.steadydancer.animating.sources import Source
    from greenroom.models.steadydancer.pose.finding import PoseFinder
    from greenroom.models.steadydancer.pose.networks import Device
    from greenroom.progress import Step
    from greenroom.recipes.inputs.steadydancer import AnimateInputs

Finder = Callable[[], "PoseFinder"]
"""Loads the pose networks when they are first needed."""


@dataclass(frozen=True, slots=True)
class PoseFiles:
    """Of the two pose networks."""

    keypoints: Path
    detector: Path

    def load(self, device: str) -> PoseFinder:
        """Ready to look. device: of the model, of a gang the first; without an onnxruntime for it, the processor.

        Raises FileUnreadable, PoseNetworkWrong, ExtraMissing.
        """
        from greenroom.models.steadydancer.pose.detector import Detector
        from greenroom.models.steadydancer.pose.finding import PoseFinder
        from greenroom.models.steadydancer.pose.keypoints import Estimator

        where: Device = "cpu" if is_host(device) else "auto"
        gpu = int(members(device)[0].partition(":")[2] or 0)
        return PoseFinder(
            Detector.load(self.detector, device=where, gpu=gpu), Estimator.load(self.keypoints, device=where, gpu=gpu)
        )


def preview_of(
    inputs: AnimateInputs, place: Path, finder: Finder, terms: tuple[str, ...], step: Step = silent
) -> PreviewResult:
    """Look, and write what is seen: ``place`` and others beside it.

    Raises as ``look`` and ``pose`` do, and OutputUnwritable.
    """
    source = look(inputs)
    posed = pose(source, inputs, None if source.ready is not None else finder(), 0, step)
    written = write_previews(source, posed, place)
    return PreviewResult(
        pictures=written,
        frames=source.frames,
        size=str(source.size),
        posed=posed.facts,
        findings=posed.findings,
        notes=source.notes,
        terms=terms,
    )


def write_previews(source: Source, posed: Posed, place: Path) -> tuple[Path, ...]:
    """Write all there is to look at. Raises OutputUnwritable."""
    made = pictures_of(source, posed)
    with Publication(place.parent) as out:
        return tuple(out.write(f"{place.stem}{behind}{place.suffix}", data) for behind, data in made.items())
