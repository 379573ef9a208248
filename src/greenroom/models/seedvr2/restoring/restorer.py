"""Sources to results: looked at, cut into shots, planned, restored unit by unit, joined, published.

>>> restorer = Restorer(engine, "seedvr2-3b")
>>> made = restorer.restore(RestoreInputs(source="in.mp4", height=1080), Wanted(Path("out.mp4")))

Nothing is kept of a source but a few frames, and nothing of a result but what is on disk. A run that ends before its
time, however it ends, leaves what it finished; the same run again goes on behind it, and its pixels are the same.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from greenroom.errors import OutputUnwritable
from greenroom.models.journals import CannotGoOn
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.planning.costs import Job
from greenroom.models.seedvr2.planning.plan import plan
from greenroom.models.seedvr2.restoring.course import Course, RestoringEngine, units_of
from greenroom.models.seedvr2.restoring.encodings import form_of
from greenroom.models.seedvr2.restoring.identity import identity
from greenroom.models.seedvr2.restoring.journal import Begun, Journal, journal_folder
from greenroom.models.seedvr2.restoring.parts import parts_of
from greenroom.models.seedvr2.restoring.passes import Passes
from greenroom.models.seedvr2.restoring.restored import RestoreResult
from greenroom.models.seedvr2.restoring.sources import look
from greenroom.models.seedvr2.restoring.survey import Survey, cut_at, survey
from greenroom.models.stages import Stages
from greenroom.progress import Step, silent
from greenroom.runtime.device import CPU
from greenroom.runtime.residency import in_gigabytes
from greenroom.runtime.rooms import Room

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction
    from pathlib import Path

    from greenroom.media.video.encoding import Chroma, Quality, VideoCodec
    from greenroom.models.seedvr2.planning.costs import Networks
    from greenroom.models.seedvr2.planning.plan import Plan
    from greenroom.models.seedvr2.restoring.encodings import Form
    from greenroom.models.seedvr2.restoring.parts import Parts
    from greenroom.models.seedvr2.restoring.sources import Source
    from greenroom.recipes.inputs.seedvr2 import RestoreInputs


_RAN_OUT = "memory ran out: what was not finished by then was planned anew"
_LONG_S = 600.0  # of work that a crash may cost without being said


class EarlierPlanUnfit(CannotGoOn):
    """What an earlier run began cannot go on in the way in which it was begun, so its pixels would not be the same.

    reason: why.
    """

    code = "earlier-plan-unfit"

    def __init__(self, output: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"what an earlier run of {output.name} began cannot go on as it was planned: {reason}",
            mend="end what else uses the device, or begin anew: --restart",
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where the result goes and what it is.

    output: a video by its ending, a picture, or pictures by number: a pattern such as ``f%05d.png``, or a folder.
    codec, quality, preset, bits, chroma: of a video, as in ``Encoding``; what is None fits the source.  preview: where
    a picture of before and after goes.  restart: throw away what an earlier run finished.  journal: the folder for
    finished parts; None for a hidden one beside the output.
    """

    output: Path
    codec: VideoCodec | None = None
    quality: Quality | int | None = None
    preset: str | None = None
    bits: int | None = None
    chroma: Chroma | None = None
    preview: Path | None = None
    restart: bool = False
    journal: Path | None = None


class Told(Protocol):
    """Who wants to know before the end."""

    def planned(self, plan: Plan) -> None:
        """How it will be done, before it begins."""

    def previewed(self, picture: Path) -> None:
        """A picture of before and after is there, whole."""

    def reached(self, finished: int, parts: int) -> None:
        """So many parts are on disk: before the first one is begun, those of an earlier run, and after each."""


class Untold:
    """Nobody."""

    def planned(self, plan: Plan) -> None:
        """See ``Told``."""

    def previewed(self, picture: Path) -> None:
        """See ``Told``."""

    def reached(self, finished: int, parts: int) -> None:
        """See ``Told``."""


class Restorer:
    """An engine with the model's name and terms. Used by one thread at a time.

    weights: what tells its weights from others, such as a digest.
    """

    def __init__(self, engine: RestoringEngine, name: str, terms: tuple[str, ...] = (), weights: str = "") -> None:
        self.engine = engine
        self.name = name
        self.terms = terms
        self.weights = weights

    def restore(
        self,
        inputs: RestoreInputs,
        wanted: Wanted,
        step: Step = silent,
        told: Told | None = None,
        *,
        small: bool = False,
    ) -> RestoreResult:
        """Restore a source into its place.

        small: memory ran out, so take less of it. Raises FileUnreadable, InputInvalid, MemoryShort,
        EarlierPlanUnfit, RestorationRunning, OutputUnwritable, FramesNotFinite, and what ``step`` raises.
        """
        stages = Stages(step)
        source = look(inputs)
        form = form_of(source, inputs, wanted)
        asked = _Asked(self, inputs, wanted, stages, told or Untold(), source, form)
        return asked.picture(small=small) if form.kind == "picture" else asked.parts(small=small)

    def warm(self, side: int, frames: int) -> None:
        """Restore a moment of grey squares, so that the first user does not wait for kernels."""
        import numpy as np

        from greenroom.models.seedvr2.draws import Seeded
        from greenroom.models.seedvr2.engine import Shot
        from greenroom.models.seedvr2.frames.framing import Framing

        size = Size(side, side)
        job = Job(side, side, (side, side), (frames,))
        way = plan(self.engine.networks(self.name), job, self.engine.room()).way
        grey = np.full((side, side, 3), 128, np.uint8)
        shot = Shot(frames, Framing.whole(size), Seeded(0))
        for _ in self.engine.restore(lambda start, stop: [grey] * (stop - start), shot, way):
            pass


def plan_restoring(networks: Networks, room: Room, inputs: RestoreInputs, wanted: Wanted, step: Step = silent) -> Plan:
    """How it would be done; nothing is written, and no weights are needed.

    Raises FileUnreadable, InputInvalid, MemoryShort, and what ``step`` raises.
    """
    source = look(inputs)
    form = form_of(source, inputs, wanted)
    return _with_cost(plan(networks, _job(source, form, survey(source, inputs, step).lengths, inputs), room))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that was looked at."""

    restorer: Restorer
    inputs: RestoreInputs
    wanted: Wanted
    stages: Stages
    told: Told
    source: Source
    form: Form

    def picture(self, *, small: bool) -> RestoreResult:
        """One picture, which is there at the end or not."""
        from greenroom.media.video.images import write_image

        found = survey(self.source, self.inputs, self.stages)
        planned = self._plan(found.lengths, self.restorer.engine.room(), small=small)
        self.told.planned(planned)
        with Passes(self.source, found.frames) as passes:
            course = self._course(passes, found, planned)
            (pixels,) = course.frames(course.units)
            write_image(self.form.output, pixels, profile=self.form.profile)
            course.show(0, pixels)
        return self._result(found, planned, parts=1, resumed=0, notes=found.notes)

    def parts(self, *, small: bool) -> RestoreResult:
        """A video, or pictures by number."""
        parts = parts_of(self.form)
        folder = self.wanted.journal or journal_folder(self.form.output)
        with ExitStack() as stack:
            journal = stack.enter_context(Journal(folder, self.form.output))
            begun, there = self._begun(journal, parts, small=small)
            found, planned = cut_at(begun.shots), begun.plan
            if begun.published:  # and killed before anyone was told
                journal.remove()
                return self._result(found, planned, begun.published[0], begun.published[0], begun.notes)
            self.told.planned(_with_cost(planned))
            passes = stack.enter_context(Passes(self.source, found.frames, planned.way.overlap))
            course = self._course(passes, found, planned, there)
            places = sorted([*there, *((unit.start, unit.stop) for unit in course.units)])
            files = [journal.part(*place, parts.suffix) for place in places]
            if there and not there[0][0]:
                course.show(course.shown, parts.frame(files[0], course.shown))
            if course.units:
                parts.require_joinable(self.source)
            stack.enter_context(_keeping(journal))
            course.finish(journal, parts)
            lost = parts.publish(files, journal, self.source, self.stages)
            journal.published(begun, len(files), parts.size(found.frames) or 0)
        return self._result(found, planned, len(files), len(there), (*begun.notes, *lost))

    def _begun(self, journal: Journal, parts: Parts, *, small: bool) -> tuple[Begun, tuple[tuple[int, int], ...]]:
        """How it is begun, or was: then shots and plan are those of that time; and the frames that are there."""
        restorer, now = self.restorer, self.restorer.engine.room()
        if self.wanted.restart:
            journal.restart()
        networks = restorer.engine.networks(restorer.name)
        same = identity(self.source, self.inputs, self.form, networks, restorer.weights, now, self.stages)
        earlier = journal.begun(same)
        if earlier and earlier.published:
            if parts.size(earlier.shots[-1]) == earlier.published[1]:
                return earlier, ()
            journal.restart()
            earlier = None
        if earlier is None:
            found = survey(self.source, self.inputs, self.stages)
            planned = self._plan(found.lengths, now, small=small)
            begun = Begun(same, planned, small, found.places, self.inputs.damaged, found.notes)
            journal.begin(begun)
            return begun, ()
        begun = self._surveyed(earlier)
        found = cut_at(begun.shots)
        there = journal.finished(parts, found.frames, self.stages)
        missing = {unit.shot for unit in units_of(found, begun.plan.way, there)}
        ran_out = small and not begun.small
        if missing and (ran_out or begun.shots != earlier.shots):
            rest = [found.lengths[shot] for shot in sorted(missing)]
            planned = self._plan(rest, now, small=small or begun.small)
            notes = (*begun.notes, *begun.plan.notes, *([_RAN_OUT] if ran_out else []))
            begun = replace(begun, plan=planned, small=small or begun.small, notes=tuple(dict.fromkeys(notes)))
        elif missing:
            self._require_room(begun.plan, now)
        if begun != earlier:
            journal.begin(begun)
        return begun, there

    def _surveyed(self, earlier: Begun) -> Begun:
        """As it was begun; by another survey where damage counts for something else than it did."""
        if earlier.damaged == self.inputs.damaged:
            return earlier
        found = survey(self.source, self.inputs, self.stages)
        notes = found.notes + ((_RAN_OUT,) if _RAN_OUT in earlier.notes else ())
        return replace(earlier, shots=found.places, damaged=self.inputs.damaged, notes=notes)

    def _require_room(self, planned: Plan, now: Room) -> None:
        """Refuse to go on where less memory is free than it takes. Raises EarlierPlanUnfit."""
        wanted = [(planned.bytes, now, now.device)]
        if planned.host_bytes and now.host is not None:
            wanted.append((planned.host_bytes, Room(CPU, now.host), "the host"))
        for taken, room, name in wanted:
            if taken > room.for_tensors:
                needs = in_gigabytes(room.needed(taken))
                raise EarlierPlanUnfit(
                    self.form.output, f"it needs {needs} of {name}, of which {in_gigabytes(room.free)} are free"
                )

    def _plan(self, shots: Sequence[int], room: Room, *, small: bool) -> Plan:
        networks = self.restorer.engine.networks(self.restorer.name)
        return plan(networks, _job(self.source, self.form, shots, self.inputs), room, small=small)

    def _course(self, passes: Passes, found: Survey, planned: Plan, there: tuple[tuple[int, int], ...] = ()) -> Course:
        return Course(
            engine=self.restorer.engine,
            source=self.source,
            passes=passes,
            form=self.form,
            inputs=self.inputs,
            found=found,
            plan=planned,
            units=tuple(units_of(found, planned.way, there)),
            there=there,
            stages=self.stages,
            preview=self.wanted.preview,
            told=self.told,
        )

    def _length(self, last: int) -> Fraction:
        return self.source.time(last) + self.source.duration(last) - self.source.time(0)

    def _result(self, found: Survey, planned: Plan, parts: int, resumed: int, notes: tuple[str, ...]) -> RestoreResult:
        self.stages.end()
        preview = self.wanted.preview
        said = (*self.source.notes, *self.form.notes, *planned.notes, *notes)
        return RestoreResult(
            output=self.form.output,
            kind=self.form.kind,
            before=self.source.size,
            after=self.form.size,
            frames=found.frames,
            length_s=0.0 if self.form.kind == "picture" else float(self._length(found.frames - 1)),
            shots=len(found.shots),
            windows=parts,
            tile=planned.way.tile,
            seconds=self.stages.seconds,
            codec=self.form.codec,
            bits=self.form.bits,
            colour=self.inputs.colour,
            strength=self.inputs.strength,
            seed=self.inputs.seed,
            model=self.restorer.name,
            preview=preview if preview and preview.is_file() else None,
            parts=parts,
            resumed=resumed,
            notes=tuple(dict.fromkeys(said)),
            terms=self.restorer.terms,
        )


def _job(source: Source, form: Form, shots: Sequence[int], inputs: RestoreInputs) -> Job:
    inner, size = form.size.inner, source.size
    return Job(
        height=inner.height,
        width=inner.width,
        source=(size.height, size.width),
        shots=tuple(shots),
        window=inputs.window,
        overlap=inputs.overlap,
    )


def _with_cost(planned: Plan) -> Plan:
    """With a note on what a crash may cost, where that is much."""
    if planned.window_seconds is None or planned.window_seconds < _LONG_S:
        return planned
    what = "a shot is finished as a whole" if planned.windows == planned.shots else "a window is finished as a whole"
    note = f"{what}: a crash costs up to {planned.window_seconds / 60:.0f} min of work; --window makes smaller pieces"
    return replace(planned, notes=(*planned.notes, note))


@contextmanager
def _keeping(journal: Journal) -> Iterator[None]:
    """Have a full disk say that what is finished is kept."""
    try:
        yield
    except OutputUnwritable as error:
        if journal.parts:
            error.mend = f"{error.mend}; finished parts are kept, and the same request goes on behind them"
        raise
