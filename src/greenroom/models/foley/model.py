"""HunyuanVideo-Foley as it is served: loaded once, asked for one clip after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from greenroom.models.foley.precision import USUAL, notes_of, precision_of
from greenroom.models.model import Generated, Work
from greenroom.models.published import InVariants
from greenroom.progress import silent
from greenroom.recipes.inputs.foley import FoleyFileInputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from greenroom.inputs import Inputs
    from greenroom.models.foley.architecture import Architecture
    from greenroom.models.foley.parts import Files
    from greenroom.models.foley.planning.costs import Networks
    from greenroom.models.foley.planning.plan import Plan
    from greenroom.models.foley.sounding.outlook import Told
    from greenroom.models.foley.sounding.sounded import FoleyResult
    from greenroom.models.foley.sounding.sounder import Sounder, Wanted
    from greenroom.progress import Step
    from greenroom.recipes.inputs.foley import FoleyInputs
    from greenroom.settings import Settings
    from greenroom.weights.store.finding import Need

STEM = "sound"
"""Files of a served request are named so; several samples have numbers."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a model is loaded from. variant: of its recipe's file sets, the one whose denoiser it is."""

    architecture: Architecture
    files: Files
    variant: str


class FoleyModel(InVariants):
    """A published model of the family. Subclasses say which."""

    inputs: ClassVar[type[Inputs]] = FoleyFileInputs
    has_smaller_plan: ClassVar[bool] = True
    # An hour of video in several samples.
    timeout_s: ClassVar[float] = 7200.0

    def __init__(self, sounder: Sounder) -> None:
        self._sounder = sounder

    @classmethod
    def sources(cls, settings: Settings, variant: str | None = None) -> Sources:
        """Where its files are; without a variant, the default one, or whichever other is here.

        Raises WeightsMissing, WeightsDamaged, UnknownName.
        """
        chosen = cls.variant_here(settings, variant)
        found = cls.found(settings, chosen)  # before torch is imported
        from greenroom.models.foley.architecture import PUBLISHED
        from greenroom.models.foley.parts import Files
        from greenroom.recipes.catalogue import recipe

        return Sources(PUBLISHED[recipe(cls.known).architecture or cls.known], Files(*found), chosen)

    @classmethod
    def needs(cls, variant: str) -> tuple[Need, ...]:
        """Its files: denoiser, audio VAE, Synchformer, SigLIP 2, CLAP and its tokenizer."""
        from greenroom.weights.store.finding import Need

        return (
            Need(cls.known, "weights", variant=variant),
            Need("dac-vae-48khz", "weights"),
            Need("synchformer", "weights"),
            Need("siglip2-base-patch16-512", "weights"),
            Need("clap-larger-general", "weights"),
            Need("clap-larger-general", "tokenizer"),
        )

    @classmethod
    def networks(cls, precision: str = USUAL) -> Networks:
        """What a plan counts on, before anything is here. precision: see ``precision``."""
        from greenroom.models.foley.planning.costs import Networks
        from greenroom.recipes.catalogue import recipe

        return Networks.published(recipe(cls.known), precision)

    @classmethod
    def load(
        cls, device: str, variant: str | None = None, precision: str | None = None, *, small: bool = False
    ) -> Self:
        """Find the weights and put them on a device, as many of them as a usual clip leaves room for.

        variant: see ``sources``.  precision: that of the file set unless another is asked for.  small: memory ran out.
        Raises WeightsMissing, WeightsDamaged, UnknownName, MemoryShort, WeightsUnreadable, WeightsUnfit,
        TokenizerInvalid, ExtraMissing, BFloat16Missing.
        """
        from greenroom.runtime.cuda import prefer_growing_memory
        from greenroom.settings import resolve

        prefer_growing_memory()
        sources = cls.sources(resolve().settings, variant)  # before torch is imported
        chosen = precision_of(sources.variant, precision)
        from greenroom.models.foley.architecture import FAMILY
        from greenroom.models.foley.engine import Engine
        from greenroom.models.foley.parts import Sizes
        from greenroom.models.foley.planning.costs import networks_on
        from greenroom.models.foley.sounding.outlook import way_to_load
        from greenroom.models.foley.sounding.sounder import Sounder
        from greenroom.runtime.rooms import room_of

        way = way_to_load(networks_on(device, cls.networks(chosen)), room_of(device, FAMILY), small=small)
        engine = Engine.load(Sizes(sources.architecture), sources.files, device, way=way, precision=chosen)
        return cls(Sounder(engine, cls.known, cls.terms(), notes_of(sources.variant, chosen)))

    def warm_up(self, work: Work) -> None:
        """Make a moment of sound."""
        work.step("warming", 0, 1)
        self._sounder.warm()
        work.step("warming", 1, 1)

    def generate(self, inputs: FoleyFileInputs, work: Work) -> Generated:
        """Make the sounds of a request: the samples in order, then what was made alone, where that is asked for.

        Raises InputInvalid, FileUnreadable, OutputUnwritable, MemoryShort, HostMemoryShort, EncodingImpossible,
        SoundNotFinite, Cancelled.
        """
        from greenroom.models.foley.sounding.places import fitting
        from greenroom.models.foley.sounding.sounder import Wanted

        form = fitting(inputs)
        alone = inputs.wav and (form != "wav" or inputs.mix != "replace")
        wanted = Wanted(work.folder / f"{STEM}.{form}", wav=alone)
        made = self.sound(inputs, wanted, work.step, _Telling(work.tell), small=work.small)
        return Generated(made.facts, made.files)

    def sound(
        self,
        inputs: FoleyInputs,
        wanted: Wanted,
        step: Step = silent,
        told: Told | None = None,
        *,
        small: bool = False,
    ) -> FoleyResult:
        """Make the sounds of a request, in their places. Raises as ``Sounder.sound`` does."""
        return self._sounder.sound(inputs, wanted, step, told, small=small)


@dataclass(frozen=True, slots=True)
class _Telling:
    """Tells whoever serves: the plan as an event."""

    tell: Callable[[str, Mapping[str, Any]], None]

    def planned(self, plan: Plan) -> None:
        """See ``Told``."""
        from greenroom.models.foley.planning.plan import facts_of

        self.tell("plan", facts_of(plan))


# What has to be free for the plan of 8 s and one sample where all is resident, and the least for which there is a plan,
# rounded up to 0.1 GB.


class FoleySmall(FoleyModel):
    """HunyuanVideo-Foley XL."""

    known = "hunyuanvideo-foley-xl"
    memory: ClassVar[int] = 8_300_000_000
    least_memory: ClassVar[int] = 1_700_000_000


class FoleyLarge(FoleyModel):
    """HunyuanVideo-Foley XXL."""

    known = "hunyuanvideo-foley-xxl"
    memory: ClassVar[int] = 12_400_000_000
    least_memory: ClassVar[int] = 1_900_000_000
