"""Restorations as the command line does them: one, or a folder of them; planned, or done and kept when stopped."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from greenroom.cli.devices import ON_CPU
from greenroom.cli.output import Output, columns
from greenroom.cli.showing import Showing, showing
from greenroom.cli.verbs import class_of
from greenroom.errors import Cancelled, GreenroomError
from greenroom.recipes.inputs.seedvr2 import RestoreInputs
from greenroom.words import counted, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from greenroom.models.seedvr2.model import SeedVR2Model
    from greenroom.models.seedvr2.restoring.batch import Failure, Outcome
    from greenroom.models.seedvr2.restoring.encodings import Form
    from greenroom.models.seedvr2.restoring.restored import RestoreResult
    from greenroom.models.seedvr2.restoring.restorer import Wanted
    from greenroom.models.seedvr2.restoring.sources import Source
    from greenroom.models.seedvr2.restoring.targets import Pair, Targets
    from greenroom.progress import Step
    from greenroom.settings import Settings

USUAL_MODEL = "seedvr2-3b"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which model does it, and where. unasked: on the CPU, since nobody chose and there is nothing else."""

    model: str
    variant: str | None
    device: str
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class _Planned:
    """How one would be done. facts: for programs."""

    facts: dict[str, Any]
    lines: tuple[str, ...]


@dataclass(slots=True)
class Restoring:
    """What is asked for; the model is loaded when it is first needed."""

    choice: Choice
    asked: dict[str, Any]
    wanted: Wanted
    settings: Settings
    out: Output
    _kind: type[SeedVR2Model] = field(init=False)
    _loaded: SeedVR2Model | None = field(default=None, init=False)
    _unloadable: GreenroomError | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._kind = _model_class(self.choice.model)
        self._kind.networks(self.choice.variant)  # refuses a variant that is not there

    def plan(self, found: Targets) -> int:
        """Say how each would be done; one that cannot be, keeps no other from being planned."""
        planned: list[_Planned] = []
        failed = 0
        self._say_where()
        with showing(self.out) as shown:
            for number, pair in enumerate(found.pairs, 1):
                try:
                    planned.append(self._planned(pair, shown.step))
                except GreenroomError as error:
                    if found.folder is None:
                        raise
                    failed += 1
                    planned.append(_Planned({"source": pair.source, "error": error.as_dict()}, ()))
                    self._say_error(f"{number} of {len(found.pairs)}, {pair.source}", error)
        text = "\n".join(line for one in planned for line in one.lines)
        all_facts = {"plans": [one.facts for one in planned], "failed": failed}
        self.out.result(all_facts if found.folder else planned[0].facts, text)
        return 1 if failed else 0

    def _planned(self, pair: Pair, step: Step) -> _Planned:
        from greenroom.models.seedvr2.architecture import FAMILY
        from greenroom.models.seedvr2.planning.costs import networks_on
        from greenroom.models.seedvr2.restoring.restored import facts_of
        from greenroom.models.seedvr2.restoring.restorer import plan_restoring
        from greenroom.runtime.rooms import room_of

        device = self.choice.device
        published = self._kind.networks(self._kind.variant_here(self.settings, self.choice.variant))
        networks, room = networks_on(device, published), room_of(device, FAMILY)
        with _in_flags():
            source, form = self._looked_at(pair)
            plan = plan_restoring(networks, room, self._inputs(pair), self._wanted(pair), step)
        facts = {"before": source.size, "after": form.size, "codec": form.codec, "bits": form.bits, **facts_of(plan)}
        becomes = f"{pair.source}, {source.size}, becomes {pair.output}, {form.size}, {form.codec} {form.bits} bit"
        return _Planned({"source": pair.source, "output": pair.output, **facts}, (becomes, *plan.lines()))

    def single(self, pair: Pair) -> int:
        """Restore one source."""
        with showing(self.out) as shown, _stopped_in_words(lambda: shown.kept):
            result = self._restored(pair, shown)
        self._warn(pair.output, result)
        self.out.result(result, columns([_row(result)]))
        return 0

    def all(self, found: Targets) -> int:
        """Restore several, one by one."""
        from greenroom.models.seedvr2.restoring.batch import Batch, restore_all

        assert found.folder is not None  # noqa: S101 - of several
        total = len(found.pairs)
        outcomes: list[Outcome[RestoreResult]] = []

        def kept() -> str:
            return f"{len(outcomes)} of {total} are done; of the next, {shown.kept}"

        def restored(pair: Pair) -> RestoreResult:
            shown.begin(f"{len(outcomes) + 1} of {total}, {pair.source}: ")
            return self._restored(pair, shown)

        with showing(self.out) as shown, _stopped_in_words(kept):
            for outcome in restore_all(found, self._lasting, restored, shown.step, restart=self.wanted.restart):
                if self._unloadable is not None:  # the next one would meet the same
                    raise self._unloadable
                outcomes.append(outcome)
                self._tell(outcome, f"{len(outcomes)} of {total}, {outcome.source}")
                shown.begin()
        batch = Batch(found.folder, tuple(outcomes))
        self.out.result(batch, columns([_outcome_row(outcome) for outcome in outcomes]))
        return 1 if batch.failed else 0

    def _tell(self, outcome: Outcome[RestoreResult], which: str) -> None:
        """Say what became of one of many."""
        if outcome.failure:
            self._say_error(which, outcome.failure)
        elif outcome.result:
            self._warn(outcome.output, outcome.result, f"{outcome.output}: ")
        else:
            self.out.say(f"{which}: {outcome.state}")

    def _say_error(self, which: str, error: Failure | GreenroomError) -> None:
        self.out.say(f"error: {which}: {error.message}")
        self.out.say(f" mend: {error.mend}")

    @property
    def _lasting(self) -> dict[str, Any]:
        """What results depend on, besides their sources; the device and the place do not change what is asked."""
        wanted = self.wanted
        names = ("codec", "quality", "preset", "bits", "chroma")
        encoding = {name: getattr(wanted, name) for name in names}
        return {"model": self.choice.model, "variant": self.choice.variant, "inputs": self.asked, **encoding}

    def _inputs(self, pair: Pair) -> RestoreInputs:
        return RestoreInputs.check({**self.asked, "source": str(pair.source)})

    def _wanted(self, pair: Pair) -> Wanted:
        return replace(self.wanted, output=pair.output)

    def _looked_at(self, pair: Pair) -> tuple[Source, Form]:
        from greenroom.models.seedvr2.restoring.encodings import form_of
        from greenroom.models.seedvr2.restoring.sources import look

        inputs = self._inputs(pair)
        source = look(inputs)
        return source, form_of(source, inputs, self._wanted(pair))

    def _restored(self, pair: Pair, shown: Showing) -> RestoreResult:
        from greenroom.models.attempts import Mends, attempted

        mends = Mends(
            memory="end what else uses the device and run the same command again, which goes on behind finished shots; "
            "or begin anew with less: a smaller --height, with --restart",
            lost="run the same command again: finished shots are kept, and it goes on behind them",
        )
        inputs, wanted = self._inputs(pair), self._wanted(pair)
        with _in_flags():
            self._looked_at(pair)  # loading takes seconds: what can be refused before is
            loaded = self._loaded = self._loaded or self._load()
            return attempted(
                lambda small: loaded.restore(inputs, wanted, shown.step, shown, small=small),
                self.choice.model,
                self.choice.device,
                mends,
                self.out.say,
            )

    def _say_where(self) -> None:
        if self.choice.unasked:
            self.out.say(f"warning: {ON_CPU}")

    def _load(self) -> SeedVR2Model:
        from greenroom.models.seedvr2.architecture import FAMILY
        from greenroom.runtime.rooms import require_device

        try:
            require_device(self.choice.device, FAMILY)
            self._say_where()
            self.out.notice(f"{self.choice.model}: {self._kind.notice()}")
            return self._kind.load(self.choice.device, self.choice.variant)
        except GreenroomError as error:
            self._unloadable = error
            raise

    def _warn(self, output: Path, result: RestoreResult, which: str = "") -> None:
        """Say what is to be known of a result. which: the one, of several."""
        from greenroom.models.seedvr2.restoring.targets import left_over

        self.out.notes(f"{which}{note}" for note in result.notes)
        if behind := left_over(output, result.frames):
            left = counted(behind, "picture")
            self.out.say(f"warning: {which}behind the last picture there is {left} of an earlier result")


def _model_class(name: str) -> type[SeedVR2Model]:
    """Raises UnknownName, NotServed, ModelInvalid, InputInvalid for a model that does not restore."""
    from greenroom.models.seedvr2.model import SeedVR2Model

    return class_of(name, SeedVR2Model, lacks="does not restore videos", usual=USUAL_MODEL)


@contextlib.contextmanager
def _in_flags() -> Iterator[None]:
    """Say what helps by the flags of this verb, where those who raise do not know them."""
    from greenroom.media.video.errors import AlphaPresent
    from greenroom.runtime.residency import MemoryShort

    try:
        yield
    except MemoryShort as error:
        error.mend = "a smaller --height, a smaller --variant of the weights, or a larger device"
        raise
    except AlphaPresent as error:
        error.mend = "lay it over a background first, or leave its transparency out: --alpha drop"
        raise


@contextlib.contextmanager
def _stopped_in_words(kept: Callable[[], str]) -> Iterator[None]:
    """Say what is kept when somebody stops it."""
    try:
        yield
    except KeyboardInterrupt:
        raise Cancelled(f"stopped before the end; {kept()}", mend="the same command goes on from there") from None


def _row(result: RestoreResult) -> tuple[str, str]:
    """Where it is and what it holds."""
    shots = [counted(result.shots, "shot")] if result.kind != "picture" else []
    frames = [counted(result.frames, "frame")] if result.kind != "picture" else []
    size, was = f"{result.after.width}x{result.after.height}", f"{result.before.width}x{result.before.height}"
    holds = [f"{size} from {was}", *frames, *shots, f"{result.codec} {result.bits} bit"]
    return str(result.output), ", ".join([*holds, duration(sum(result.seconds.values()))])


def _outcome_row(outcome: Outcome[RestoreResult]) -> tuple[str, str]:
    if outcome.result is not None:
        return _row(outcome.result)
    if outcome.failure is not None:
        return str(outcome.source), f"{outcome.state}: {outcome.failure.message}"
    return str(outcome.output), outcome.state
