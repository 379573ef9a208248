"""The course of one restoration: which frames are units of work, and each unit from the source into its place."""

from __future__ import annotations

from bisect import bisect
from contextlib import closing
from dataclasses import dataclass
from itertools import count, groupby, islice, pairwise
from typing import TYPE_CHECKING, Protocol

from greenroom.models.seedvr2.restoring.preview import write_preview
from greenroom.models.seedvr2.restoring.stages import OfShot

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from greenroom.models.seedvr2.engine import Pixels, Read
    from greenroom.models.seedvr2.engine import Shot as EngineShot
    from greenroom.models.seedvr2.planning.costs import Networks
    from greenroom.models.seedvr2.planning.plan import Plan
    from greenroom.models.seedvr2.planning.way import Way
    from greenroom.models.seedvr2.restoring.encodings import Form
    from greenroom.models.seedvr2.restoring.journal import Journal
    from greenroom.models.seedvr2.restoring.parts import Parts
    from greenroom.models.seedvr2.restoring.passes import Passes
    from greenroom.models.seedvr2.restoring.restorer import Told
    from greenroom.models.seedvr2.restoring.sources import Source
    from greenroom.models.seedvr2.restoring.survey import Survey
    from greenroom.models.stages import Stages
    from greenroom.progress import Step
    from greenroom.recipes.inputs.seedvr2 import RestoreInputs
    from greenroom.runtime.rooms import Room

_SHOWN = 12  # the frame of the first unit that the preview shows, or its last: a first one may be black


class RestoringEngine(Protocol):
    """What restores, on one device or on several."""

    def networks(self, name: str) -> Networks:
        """What a plan counts on."""

    def room(self) -> Room:
        """What a plan may take."""

    def restore(
        self, read: Read, shot: EngineShot, way: Way, step: Step = ..., *, first: int = 0
    ) -> Generator[Pixels, None, None]:
        """The restored frames from the first one of a window on."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Frames that are finished together, from ``start`` until before ``stop`` of the clip.

    shot: its number.  window: of the shot, the one whose frames they are; as a rule it begins with the first of them.
    """

    shot: int
    window: int
    start: int
    stop: int


def units_of(found: Survey, way: Way, there: Sequence[tuple[int, int]] = ()) -> Iterator[Unit]:
    """All frames of a clip: each window, without what it shares with the next, is a unit.

    there: frames that are finished, in order; what is left of a window beside them is a unit. They may have been
    finished by another way, whose windows began elsewhere.
    """
    for number, shot in enumerate(found.shots):
        frames = shot.stop - shot.start
        starts = [start for start, _ in way.spans(frames)]
        for window, (start, stop) in enumerate(pairwise([*starts, frames])):
            for first, behind in _without(there, shot.start + start, shot.start + stop):
                yield Unit(number, window, first, behind)


def _without(there: Sequence[tuple[int, int]], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """What lies between two frames and is not there."""
    for first, behind in islice(there, max(0, bisect(there, (start,)) - 1), None):
        if first >= stop:
            break
        if first > start:
            yield start, first
        start = max(start, behind)
    if start < stop:
        yield start, stop


@dataclass(frozen=True, slots=True)
class Course:
    """One restoration that is planned.

    passes: through its source.  units: of work, those that are not finished, in order.  there: the frames of those that
    are.  preview: where a picture of before and after goes.  told: who is told of it.
    """

    engine: RestoringEngine
    source: Source
    passes: Passes
    form: Form
    inputs: RestoreInputs
    found: Survey
    plan: Plan
    units: tuple[Unit, ...]
    there: tuple[tuple[int, int], ...]
    stages: Stages
    preview: Path | None
    told: Told

    def frames(self, units: Sequence[Unit]) -> Generator[Pixels, None, None]:
        """The restored frames of consecutive units of one shot."""
        from greenroom.models.seedvr2.draws import Seeded
        from greenroom.models.seedvr2.engine import Shot
        from greenroom.models.seedvr2.frames.framing import Framing

        number, window = units[0].shot, units[0].window
        shot, way = self.found.shots[number], self.plan.way
        made = Shot(
            frames=shot.stop - shot.start,
            framing=Framing.whole(self.form.size),
            draws=Seeded(self.inputs.seed, number),
            colour=self.inputs.colour,
            strength=self.inputs.strength,
            wide=self.form.wide,
        )
        begun = max(0, window - 1) if way.overlap else window
        spans = list(way.spans(made.frames))
        step = OfShot(self.stages, shot.start, spans[begun:], self.found.frames)
        there = units[0].start - shot.start - spans[window][0]

        def read(start: int, stop: int) -> Iterator[Pixels]:
            return self.passes.read(shot.start + start, shot.start + stop)

        with closing(self.engine.restore(read, made, way, step, first=window)) as frames:
            yield from islice(frames, there, None)

    def finish(self, journal: Journal, parts: Parts) -> None:
        """Make the parts of all units. Raises what the engine, the source, the disk and steps raise."""
        all_parts = len(self.there) + len(self.units)
        finished = count(len(self.there))
        self.told.reached(next(finished), all_parts)
        for _, run in groupby(self.units, lambda unit: unit.shot):
            waiting = list(run)
            while waiting:
                together = list(_consecutive(waiting))
                for _ in self._finish(together, journal, parts):
                    self.told.reached(next(finished), all_parts)
                waiting = waiting[len(together) :]

    def _finish(self, units: Sequence[Unit], journal: Journal, parts: Parts) -> Iterator[Unit]:
        """Each unit once its part is on disk."""
        with closing(self.frames(units)) as frames:
            for unit in units:
                part = journal.part(unit.start, unit.stop, parts.suffix)
                with parts.writer(part, unit.start) as out:
                    for place, pixels in enumerate(islice(frames, unit.stop - unit.start), unit.start):
                        out.write(pixels, self.source.time(place), self.source.duration(place))
                        self.show(place, pixels)
                yield unit

    def show(self, place: int, pixels: Pixels) -> None:
        """Make the preview if it is to be of this frame. Raises OutputUnwritable."""
        if self.preview is None or place != self.shown:
            return
        before = next(self.source.read(place, place + 1)).pixels
        write_preview(self.preview, before, pixels)
        self.told.previewed(self.preview)

    @property
    def shown(self) -> int:
        """The frame of which the preview is."""
        firsts = [*self.there[:1], *((unit.start, unit.stop) for unit in self.units[:1])]
        return min(_SHOWN, min(firsts)[1] - 1)


def _consecutive(units: Sequence[Unit]) -> Iterator[Unit]:
    """Those that follow each other without a gap."""
    yield units[0]
    for before, unit in pairwise(units):
        if unit.window != before.window + 1 or unit.start != before.stop:
            return
        yield unit
