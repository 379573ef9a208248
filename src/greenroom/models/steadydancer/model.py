"""SteadyDancer as it is served: loaded once, asked for one clip after another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, ClassVar, Self

from greenroom.models.model import Generated, Work
from greenroom.models.published import InVariants
from greenroom.models.steadydancer.dancer.precision import USUAL, notes_of, precision_of
from greenroom.progress import silent
from greenroom.recipes.inputs.steadydancer import AnimateFileInputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from greenroom.findings import Finding
    from greenroom.inputs import Inputs
    from greenroom.models.model import MadeFile
    from greenroom.models.steadydancer.animating.animated import AnimateResult
    from greenroom.models.steadydancer.animating.animator import Animator, Wanted
    from greenroom.models.steadydancer.animating.loras import LoraFile
    from greenroom.models.steadydancer.animating.outlook import Told
    from greenroom.models.steadydancer.animating.previewing import PoseFiles
    from greenroom.models.steadydancer.architecture import Architecture
    from greenroom.models.steadydancer.parts import Files
    from greenroom.models.steadydancer.planning.costs import Networks
    from greenroom.models.steadydancer.planning.plan import Plan
    from greenroom.progress import Step
    from greenroom.recipes.inputs.steadydancer import AnimateInputs
    from greenroom.settings import Settings
    from greenroom.weights.store.finding import Need
    from greenroom.weights.store.places import Found

STEM = "clip"
"""Files of a served request are named so."""

PREVIEW = "preview.png"


@dataclass(frozen=True, slots=True)
class Sources:
    """What a model is loaded from. variant: of its recipe's file sets, the one whose denoiser it is."""

    architecture: Architecture
    files: Files
    poses: PoseFiles
    variant: str


class SteadyDancerModel(InVariants):
    """A published model of the family. Subclasses say which."""

    inputs: ClassVar[type[Inputs]] = AnimateFileInputs
    has_smaller_plan: ClassVar[bool] = True
    gangs: ClassVar[bool] = True
    # A minute of video at its largest, on a card that streams its blocks.
    timeout_s: ClassVar[float] = 43_200.0
    silent_s: ClassVar[float] = 3600.0

    def __init__(self, animator: Animator) -> None:
        self._animator = animator

    @classmethod
    def sources(cls, settings: Settings, variant: str | None = None) -> Sources:
        """Where its files are; without a variant, the default one, or whichever other is here.

        Raises WeightsMissing, WeightsDamaged, UnknownName.
        """
        chosen = cls.variant_here(settings, variant)
        denoiser, *others = cls._files(settings, chosen)  # before torch is imported
        vae, umt5, tokenizer, clip, *poses = (one.path for (one,) in others)
        from greenroom.models.steadydancer.animating.previewing import PoseFiles
        from greenroom.models.steadydancer.architecture import PUBLISHED
        from greenroom.models.steadydancer.parts import Files
        from greenroom.recipes.catalogue import recipe

        architecture = PUBLISHED[recipe(cls.known).architecture or cls.known]
        shards = [one.path for one in denoiser]
        files = Files(shards[0] if len(shards) == 1 else shards, vae=vae, umt5=umt5, clip=clip, tokenizer=tokenizer)
        return Sources(architecture, files, PoseFiles(*poses), chosen)

    @classmethod
    def pose_files(cls, settings: Settings) -> PoseFiles:
        """Where the two files are that a preview needs. Raises WeightsMissing, WeightsDamaged."""
        from greenroom.models.steadydancer.animating.previewing import PoseFiles
        from greenroom.weights.store.finding import WeightsMissing, find_weights
        from greenroom.weights.store.places import Places

        needs = _poses()
        try:
            return PoseFiles(*find_weights(cls.known, needs, Places.of(settings)))
        except WeightsMissing as error:  # nobody needs fifty gigabytes for a preview
            alone = " ".join(need.recipe for need in needs)
            error.mend = error.mend.replace(f"greenroom pull {cls.known}", f"greenroom pull {alone}")
            raise

    @classmethod
    def identity(cls, settings: Settings, variant: str) -> str:
        """What tells its files, which are here, from others. Raises FileUnreadable, and as ``sources``."""
        from greenroom.models.identities import weights_identity

        return weights_identity([*chain.from_iterable(cls._files(settings, variant))])

    @classmethod
    def _files(cls, settings: Settings, variant: str) -> tuple[tuple[Found, ...], ...]:
        """Its files, in the order of ``needs``; the makers' denoiser is several. Raises as ``sources``."""
        from greenroom.weights.store.finding import find_files
        from greenroom.weights.store.places import Places

        return find_files(cls.known, cls.needs(variant), Places.of(settings))

    @classmethod
    def needs(cls, variant: str) -> tuple[Need, ...]:
        """Its files: denoiser, autoencoder, text encoder and its tokenizer, CLIP, and the two that find poses."""
        from greenroom.weights.store.finding import Need

        return (
            Need(cls.known, "weights", variant=variant),
            Need("wan21-vae", "weights"),
            Need("umt5-xxl-encoder", "weights"),
            Need("umt5-xxl-encoder", "tokenizer", path="google/umt5-xxl/tokenizer.json"),
            Need("clip-xlm-roberta-vit-h14", "weights"),
            *_poses(),
        )

    @classmethod
    def networks(cls, precision: str = USUAL, stored: Mapping[str, int] | None = None) -> Networks:
        """What a plan counts on, before anything is loaded. precision: see ``dancer.precision``.  stored: see
        ``stored_in``, of weights that stay as small as their file has them."""
        from greenroom.models.steadydancer.planning.costs import Networks
        from greenroom.recipes.catalogue import recipe

        return Networks.published(recipe(cls.known), precision, stored)

    @classmethod
    def load(
        cls,
        device: str,
        variant: str | None = None,
        precision: str | None = None,
        loras: Sequence[LoraFile] | None = None,
        *,
        small: bool = False,
    ) -> Self:
        """Find the weights and put them on a device, as many of them as a usual clip leaves room for; or on several
        that work together, ``cuda:0+cuda:1``.

        variant: see ``sources``.  precision: that of the file set unless another is asked for.  loras: those of the
        settings if not given.  small: memory ran out.
        Raises WeightsMissing, WeightsDamaged, UnknownName, MemoryShort, WeightsUnreadable, WeightsUnfit, InputInvalid,
        TokenizerInvalid, ExtraMissing, BFloat16Missing.
        """
        from greenroom.runtime.cuda import prefer_growing_memory
        from greenroom.settings import resolve

        prefer_growing_memory()
        settings = resolve().settings
        sources = cls.sources(settings, variant)
        chosen = precision_of(sources.variant, precision)
        from greenroom.models.steadydancer.animating.animator import Animator, Made
        from greenroom.models.steadydancer.animating.loras import named, opened
        from greenroom.models.steadydancer.animating.outlook import way_to_load
        from greenroom.models.steadydancer.architecture import FAMILY
        from greenroom.models.steadydancer.dancer.checkpoint import stored_in
        from greenroom.models.steadydancer.engines import load_engine
        from greenroom.models.steadydancer.parts import Sizes
        from greenroom.models.steadydancer.planning.costs import networks_on
        from greenroom.runtime.rooms import room_of

        files = named(settings.loras) if loras is None else tuple(loras)
        changes = opened(files, sources.architecture)
        stored = None if chosen == USUAL else stored_in(sources.files.denoiser, changes)
        way = way_to_load(networks_on(device, cls.networks(chosen, stored)), room_of(device, FAMILY), small=small)
        engine = load_engine(
            Sizes(sources.architecture),
            sources.files,
            device,
            way=way,
            precision=chosen,
            loras=changes,
        )
        made = Made(
            cls.known,
            terms=cls.terms(),
            notes=notes_of(sources.variant, chosen),
            weights=cls.identity(settings, sources.variant),
            loras=files,
        )
        return cls(Animator(engine, lambda: sources.poses.load(device), made))

    def warm_up(self, work: Work) -> None:
        """Make a moment of grey move."""
        work.step("warming", 0, 1)
        self._animator.warm()
        work.step("warming", 1, 1)

    def generate(self, inputs: AnimateFileInputs, work: Work) -> Generated:
        """Make a clip, or a preview of it: the result first, then the preview.

        Raises InputInvalid, FileUnreadable, OutputUnwritable, MemoryShort, HostMemoryShort, VelocityNotFinite,
        AnimationRunning, Cancelled.
        """
        from greenroom.models.journals import gone_on
        from greenroom.models.steadydancer.animating.animator import Wanted

        if inputs.preview:
            looked = self._animator.preview(inputs, work.folder / PREVIEW, work.step)
            return Generated(looked.facts, looked.files)
        wanted = Wanted(
            work.folder / f"{STEM}.{inputs.format}",
            quality=inputs.quality,
            journal=None if work.kept is None else work.kept / "work",
            preview=work.folder / PREVIEW,
        )
        told = _Telling(work.tell, work.show)

        def make(anew: bool) -> AnimateResult:
            return self.animate(inputs, replace(wanted, restart=anew), work.step, told, small=work.small)

        made = gone_on(make, "done")
        return Generated(made.facts, made.files)

    def animate(
        self,
        inputs: AnimateInputs,
        wanted: Wanted,
        step: Step = silent,
        told: Told | None = None,
        *,
        small: bool = False,
    ) -> AnimateResult:
        """Make a clip in its place. Raises as ``Animator.animate`` does."""
        return self._animator.animate(inputs, wanted, step, told, small=small)


def _poses() -> tuple[Need, Need]:
    from greenroom.weights.store.finding import Need

    return Need("dwpose-l-384", "weights"), Need("yolox-l", "weights")


@dataclass(frozen=True, slots=True)
class _Telling:
    """Tells whoever serves: the plan and what was found as events, the preview as a file to look at."""

    tell: Callable[[str, Mapping[str, Any]], None]
    show: Callable[[MadeFile], None]

    def planned(self, plan: Plan) -> None:
        """See ``Told``."""
        from greenroom.models.steadydancer.planning.plan import facts_of

        self.tell("plan", facts_of(plan))

    def posed(self, facts: Mapping[str, object], findings: Sequence[Finding]) -> None:
        """See ``Told``."""
        from greenroom.models.steadydancer.animating.animated import told

        self.tell("poses", {**facts, "findings": told(findings)})

    def previewed(self, picture: Path) -> None:
        """See ``Told``."""
        from greenroom.models.model import MadeFile
        from greenroom.models.steadydancer.animating.animated import PNG

        self.show(MadeFile(picture, PNG))

    def reached(self, steps: int, total: int) -> None:
        """See ``Told``. Steps say as much."""


class SteadyDancer14B(SteadyDancerModel):
    """SteadyDancer 14B."""

    known = "steadydancer-14b"
    # What has to be free for the plan of 81 frames of 1024x576 where all is resident, and the least for which there is
    # a plan, rounded up to 0.1 GB. Computed, not measured.
    memory: ClassVar[int] = 68_500_000_000
    least_memory: ClassVar[int] = 5_600_000_000
