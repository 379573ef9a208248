"""SeedVR2 as it is served: loaded once, asked for one clip after another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from greenroom.models.model import Generated, MadeFile, Work
from greenroom.models.published import InVariants
from greenroom.models.seedvr2.restoring.outlook import USUAL
from greenroom.progress import silent
from greenroom.recipes.inputs.seedvr2 import RestoreFileInputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from greenroom.inputs import Inputs
    from greenroom.models.seedvr2.engines import Files
    from greenroom.models.seedvr2.planning.costs import Networks
    from greenroom.models.seedvr2.planning.plan import Plan
    from greenroom.models.seedvr2.restoring.restored import RestoreResult
    from greenroom.models.seedvr2.restoring.restorer import Restorer, Told, Wanted
    from greenroom.progress import Step
    from greenroom.recipes.inputs.seedvr2 import RestoreInputs
    from greenroom.settings import Settings
    from greenroom.weights.store.finding import Need

STEM = "restored"
"""Files of a served request are named so."""

PREVIEW = "preview.png"
_WARM_SIZE, _WARM_FRAMES = 128, 5


@dataclass(frozen=True, slots=True)
class Sources:
    """What a model is loaded from. variant: of its recipe's file sets, the one whose transformer it is."""

    files: Files
    variant: str


class SeedVR2Model(InVariants):
    """A published model of the family. Subclasses say which."""

    inputs: ClassVar[type[Inputs]] = RestoreFileInputs
    has_smaller_plan: ClassVar[bool] = True
    gangs: ClassVar[bool] = True
    # Of a long clip: hours of work, and more where it does not fit the device whole.
    timeout_s: ClassVar[float] = 86_400.0
    stages: ClassVar[Mapping[str, float]] = USUAL

    def __init__(self, restorer: Restorer) -> None:
        self._restorer = restorer

    @classmethod
    def sources(cls, settings: Settings, variant: str | None = None) -> Sources:
        """Where its files are; without a variant, the default one, or whichever other is here.

        Raises WeightsMissing, WeightsDamaged, UnknownName.
        """
        from greenroom.models.seedvr2.engines import Files

        chosen = cls.variant_here(settings, variant)
        return Sources(Files(*cls.found(settings, chosen)), chosen)

    @classmethod
    def identity(cls, settings: Settings, variant: str) -> str:
        """What tells its files, which are here, from others. Raises FileUnreadable."""
        from greenroom.models.identities import weights_identity
        from greenroom.weights.store.places import Places

        places = Places.of(settings)
        return weights_identity([next(places.look(need.file)) for need in cls.needs(variant)])

    @classmethod
    def needs(cls, variant: str) -> tuple[Need, ...]:
        """Its files: transformer, autoencoder, prompt."""
        from greenroom.weights.store.finding import Need

        return (
            Need(cls.known, "weights", variant=variant),
            Need("seedvr2-vae", "weights"),
            Need("seedvr2-embeddings", "embedding", path="pos_emb.pt"),
        )

    @classmethod
    def networks(cls, variant: str | None = None) -> Networks:
        """What a plan counts on, before anything is here. Raises UnknownName."""
        from greenroom.models.seedvr2.planning.costs import Networks
        from greenroom.recipes.catalogue import recipe

        known = recipe(cls.known)
        known.file_set(variant)
        return Networks.published(known, variant)

    @classmethod
    def load(cls, device: str, variant: str | None = None) -> Self:
        """Find the weights and put them on a device, or on several that work together: ``cuda:0+cuda:1``.

        Raises WeightsMissing, WeightsDamaged, WeightsUnreadable, WeightsUnfit, UnknownName.
        """
        from greenroom.runtime.cuda import prefer_growing_memory
        from greenroom.settings import resolve

        prefer_growing_memory()
        settings = resolve().settings
        sources = cls.sources(settings, variant)  # before torch is imported
        from greenroom.models.seedvr2.architecture import PUBLISHED
        from greenroom.models.seedvr2.engines import load_engine
        from greenroom.models.seedvr2.restoring.restorer import Restorer
        from greenroom.recipes.catalogue import recipe

        architecture = PUBLISHED[recipe(cls.known).architecture or cls.known]
        engine = load_engine(architecture, sources.files, device, small=True)
        return cls(Restorer(engine, cls.known, cls.terms(), cls.identity(settings, sources.variant)))

    def warm_up(self, work: Work) -> None:
        """Restore a moment of grey."""
        work.step("warming", 0, 1)
        self._restorer.warm(_WARM_SIZE, _WARM_FRAMES)
        work.step("warming", 1, 1)

    def generate(self, inputs: RestoreFileInputs, work: Work) -> Generated:
        """Restore a source: the result first, then a picture of before and after.

        Raises InputInvalid, FileUnreadable, OutputUnwritable, MemoryShort, RestorationRunning, Cancelled.
        """
        from greenroom.models.journals import gone_on
        from greenroom.models.seedvr2.restoring.restorer import Wanted
        from greenroom.models.seedvr2.restoring.sources import holds_still

        still = holds_still(Path(inputs.source))
        wanted = Wanted(
            output=work.folder / f"{STEM}.{'png' if still else inputs.format}",
            codec=None if still else inputs.codec,
            quality=None if still else inputs.quality,
            bits=None if still else inputs.bits,
            preview=work.folder / PREVIEW,
            journal=None if work.kept is None else work.kept / "parts",
        )
        told = _Telling(work.tell, work.show)

        def make(anew: bool) -> RestoreResult:
            return self.restore(inputs, replace(wanted, restart=anew), work.step, told, small=work.small)

        made = gone_on(make, "finished")
        return Generated(made.facts, made.files)

    def restore(
        self,
        inputs: RestoreInputs,
        wanted: Wanted,
        step: Step = silent,
        told: Told | None = None,
        *,
        small: bool = False,
    ) -> RestoreResult:
        """Restore a source into its place. Raises as ``Restorer.restore`` does."""
        return self._restorer.restore(inputs, wanted, step, told, small=small)


@dataclass(frozen=True, slots=True)
class _Telling:
    """Tells whoever serves: the plan as an event, the preview as a file to look at."""

    tell: Callable[[str, Mapping[str, Any]], None]
    show: Callable[[MadeFile], None]

    def planned(self, plan: Plan) -> None:
        """See ``Told``."""
        from greenroom.models.seedvr2.restoring.restored import facts_of

        self.tell("plan", {**facts_of(plan), "stages": dict(USUAL)})

    def previewed(self, picture: Path) -> None:
        """See ``Told``."""
        from greenroom.models.seedvr2.restoring.restored import PNG

        self.show(MadeFile(picture, PNG))

    def reached(self, finished: int, parts: int) -> None:
        """See ``Told``. Steps say as much."""


class SeedVR2Small(SeedVR2Model):
    """SeedVR2 3B."""

    known = "seedvr2-3b"
    # What torch reserved for 21 frames of 1280x720 where it had 16 GB, with the transformer's weights on the host while
    # frames are coded (benchmarks/results/seedvr2-engine-h200.json). With more a plan is faster.
    memory: ClassVar[int] = 15_000_000_000


class SeedVR2Large(SeedVR2Model):
    """SeedVR2 7B."""

    known = "seedvr2-7b"
    # What its plan for the same clip needs, with the weights on the host meanwhile; it was not run.
    memory: ClassVar[int] = 20_200_000_000


class SeedVR2Sharp(SeedVR2Model):
    """SeedVR2 7B sharp."""

    known = "seedvr2-7b-sharp"
    memory: ClassVar[int] = SeedVR2Large.memory
