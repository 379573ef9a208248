"""A source gone through once before it is restored: its shots, and whether all of it decodes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from greenroom.errors import quoted
from greenroom.media.video.shots import Shot, shots
from greenroom.models.seedvr2.restoring.sources import SourceDamaged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.media.video.colour import Pixels
    from greenroom.models.seedvr2.restoring.sources import Source
    from greenroom.progress import Step
    from greenroom.recipes.inputs.seedvr2 import RestoreInputs

FINDING = "finding shots"


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is to restore. shots: all frames, without a gap.  notes: sentences on what is left out."""

    shots: tuple[Shot, ...]
    notes: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """How many there are."""
        return self.shots[-1].stop

    @property
    def lengths(self) -> tuple[int, ...]:
        """Frames of each shot."""
        return tuple(shot.stop - shot.start for shot in self.shots)


def survey(source: Source, inputs: RestoreInputs, step: Step) -> Survey:
    """The shots of a source: one, where it is a picture or nobody wants cuts to be found.

    Raises as ``Source.read`` does, and what ``step`` raises.
    """
    # Without a look at each frame, what is wrong with one would be found when those before it have been restored.
    needed = inputs.shots or inputs.damaged == "keep" or source.transparent
    if source.kind == "picture" or not needed:
        return Survey((Shot(0, source.frames),))
    counted = _Counted(source, keep=inputs.damaged == "keep")
    small = counted.frames(step)
    found = tuple(shots(small)) if inputs.shots else (Shot(0, sum(1 for _ in small)),)
    return Survey(found, counted.notes)


def cut_at(places: Sequence[int]) -> Survey:
    """Shots by their first frames, and the one behind the last."""
    return Survey(tuple(Shot(start, stop) for start, stop in pairwise(places)))


class _Counted:
    """Small frames that are counted. keep: one that is damaged ends them, if others came before it."""

    def __init__(self, source: Source, *, keep: bool) -> None:
        self._source = source
        self._keep = keep
        self.notes: tuple[str, ...] = ()

    def frames(self, step: Step) -> Iterator[Pixels]:
        source, place = self._source, 0
        try:
            for pixels in source.small():
                step(FINDING, place, source.frames)
                place += 1
                yield pixels
        except SourceDamaged as error:
            if not self._keep or not error.frames:
                raise
            whole = f"the first {error.frames:,} frames are whole, and are restored"
            self.notes = (f"{quoted(source.path.name)} is damaged or cut off: {whole}",)
        step(FINDING, place, place)
