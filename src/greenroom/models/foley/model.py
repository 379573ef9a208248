"""HunyuanVideo-Foley as it is served: loaded once, asked for one clip after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from greenroom.models.model import Generated, Model, Work
from greenroom.progress import silent
from greenroom.recipes.inputs.foley import FoleyFileInputs

if TYPE_CHECKING:
    from greenroom.inputs import Inputs
    from greenroom.models.foley.architecture import Architecture
    from greenroom.models.foley.parts import Files
    from greenroom.models.foley.sounding.sounded import FoleyResult
    from greenroom.models.foley.sounding.sounder import Sounder, Wanted
    from greenroom.progress import Step
    from greenroom.recipes.inputs.foley import FoleyInputs
    from greenroom.settings import Settings

STEM = "sound"
"""Files of a served request are named so; several samples have numbers."""

_EIGHT_BITS = "fp8"  # how variants begin whose weights are stored so


@dataclass(frozen=True, slots=True)
class Sources:
    """What a model is loaded from. variant: of its recipe's file sets, the one whose denoiser it is."""

    architecture: Architecture
    files: Files
    variant: str


class FoleyModel(Model):
    """A published model of the family. Subclasses say which. known: the recipe."""

    known: ClassVar[str]
    inputs: ClassVar[type[Inputs]] = FoleyFileInputs
    # An hour of video in several samples.
    timeout_s: ClassVar[float] = 7200.0

    def __init__(self, sounder: Sounder) -> None:
        self._sounder = sounder

    @classmethod
    def sources(cls, settings: Settings, variant: str | None = None) -> Sources:
        """Where its files are; without a variant, the default one, or whichever other is here.

        Raises WeightsMissing, WeightsDamaged, UnknownName.
        """
        from greenroom.recipes.catalogue import recipe
        from greenroom.weights.store.finding import Need, find_weights, variant_here
        from greenroom.weights.store.places import Places

        places = Places.of(settings)
        chosen = variant or variant_here(recipe(cls.known), "weights", places)
        needs = (
            Need(cls.known, "weights", variant=chosen),
            Need("dac-vae-48khz", "weights"),
            Need("synchformer", "weights"),
            Need("siglip2-base-patch16-512", "weights"),
            Need("clap-larger-general", "weights"),
            Need("clap-larger-general", "tokenizer"),
        )
        found = find_weights(cls.known, needs, places)  # before torch is imported
        from greenroom.models.foley.architecture import PUBLISHED
        from greenroom.models.foley.parts import Files

        return Sources(PUBLISHED[recipe(cls.known).architecture or cls.known], Files(*found), chosen)

    @classmethod
    def terms(cls) -> tuple[str, ...]:
        """What its users must know of its licences, where it may be used first."""
        from greenroom.models.terms import terms_of
        from greenroom.recipes.catalogue import recipe

        return terms_of(recipe(cls.known))

    @classmethod
    def notice(cls) -> str:
        """The same in a line."""
        from greenroom.models.terms import notice_of
        from greenroom.recipes.catalogue import recipe

        return notice_of(recipe(cls.known))

    @classmethod
    def load(cls, device: str, variant: str | None = None) -> Self:
        """Find the weights and put them on a device.

        variant: see ``sources``. Raises WeightsMissing, WeightsDamaged, UnknownName, WeightsUnreadable, WeightsUnfit,
        TokenizerInvalid, ExtraMissing.
        """
        from greenroom.settings import resolve

        sources = cls.sources(resolve().settings, variant)
        from greenroom.models.foley.engine import Engine
        from greenroom.models.foley.parts import Sizes
        from greenroom.models.foley.sounding.sounder import Sounder

        quantised = sources.variant.startswith(_EIGHT_BITS)
        engine = Engine.load(Sizes(sources.architecture), sources.files, device, quantised=quantised)
        return cls(Sounder(engine, cls.known, cls.terms()))

    def warm_up(self, work: Work) -> None:
        """Make a moment of sound."""
        work.step("warming", 0, 1)
        self._sounder.warm()
        work.step("warming", 1, 1)

    def generate(self, inputs: FoleyFileInputs, work: Work) -> Generated:
        """Make the sounds of a request: the samples in order, then what was made alone, where that is asked for.

        Raises InputInvalid, FileUnreadable, OutputUnwritable, Cancelled.
        """
        from greenroom.models.foley.sounding.places import fitting
        from greenroom.models.foley.sounding.sounder import Wanted

        form = fitting(inputs)
        alone = inputs.wav and (form != "wav" or inputs.mix != "replace")
        made = self.sound(inputs, Wanted(work.folder / f"{STEM}.{form}", wav=alone), work.step)
        return Generated(made.facts, made.files)

    def sound(self, inputs: FoleyInputs, wanted: Wanted, step: Step = silent) -> FoleyResult:
        """Make the sounds of a request, in their places. Raises as ``Sounder.sound`` does."""
        return self._sounder.sound(inputs, wanted, step)


class FoleySmall(FoleyModel):
    """HunyuanVideo-Foley XL."""

    known = "hunyuanvideo-foley-xl"
    # What the makers ask for, which is more than the original takes; not measured here yet.
    memory: ClassVar[int] = 16_000_000_000


class FoleyLarge(FoleyModel):
    """HunyuanVideo-Foley XXL."""

    known = "hunyuanvideo-foley-xxl"
    # The peak of the original on an H100; not measured here yet.
    memory: ClassVar[int] = 18_950_000_000
