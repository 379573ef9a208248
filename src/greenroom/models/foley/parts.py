"""All networks that make a video's sound, loaded onto one device, which never has to hold all of them for that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from greenroom.models.arrivals import Arrivals
from greenroom.models.foley.dac.checkpoint import load_dac_vae
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.mmdit.checkpoint import load_denoiser
from greenroom.models.foley.planning.way import Way
from greenroom.models.foley.precision import USUAL
from greenroom.models.foley.synchformer.checkpoint import load_synchformer
from greenroom.models.foley.synchformer.encoder import SynchformerConfig
from greenroom.models.foley.towers.clap import PUBLISHED as PUBLISHED_TEXT
from greenroom.models.foley.towers.clap import load_clap
from greenroom.models.foley.towers.clap_tokenizer import ClapTokenizer
from greenroom.models.foley.towers.siglip2 import PUBLISHED as PUBLISHED_VISION
from greenroom.models.foley.towers.siglip2 import load_siglip2
from greenroom.nn.packing import gather

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch
    from torch import nn

    from greenroom.models.foley.architecture import Architecture
    from greenroom.models.foley.dac.vae import DacVAE
    from greenroom.models.foley.mmdit.transformer import MMDiT
    from greenroom.models.foley.synchformer.encoder import Synchformer
    from greenroom.models.foley.towers.clap import ClapTexts
    from greenroom.models.foley.towers.encoders import Tokenizer
    from greenroom.models.foley.towers.siglip2 import SiglipPictures
    from greenroom.nn.parking import Parking


@dataclass(frozen=True, slots=True)
class Files:
    """What parts are loaded from. tokenizer: CLAP's ``tokenizer.json``; the others hold weights."""

    denoiser: Path
    vae: Path
    synchformer: Path
    siglip2: Path
    clap: Path
    tokenizer: Path


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of all parts. Two denoisers are published, and one of each other part: the defaults.

    siglip2, clap: transformers' options of the towers that are used.
    """

    denoiser: Architecture
    vae: DacConfig = field(default_factory=DacConfig)
    synchformer: SynchformerConfig = field(default_factory=SynchformerConfig)
    siglip2: Mapping[str, Any] = field(default_factory=lambda: PUBLISHED_VISION)
    clap: Mapping[str, Any] = field(default_factory=lambda: PUBLISHED_TEXT)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What makes a video's sound, all of it for one device. pictures: SigLIP 2.  texts: CLAP.

    parkings: of those of ``others`` that have been on the host already, by their names.
    """

    denoiser: MMDiT
    vae: DacVAE
    synchformer: Synchformer
    pictures: SiglipPictures
    texts: ClapTexts
    tokenizer: Tokenizer
    parkings: Mapping[str, Parking] = field(default_factory=dict)

    @property
    def others(self) -> dict[str, nn.Module]:
        """All networks but the denoiser, by the names that plans have for them."""
        return {
            "siglip2": self.pictures.network,
            "synchformer": self.synchformer,
            "clap": self.texts.network,
            "vae": self.vae,
        }


def load_parts(
    sizes: Sizes,
    files: Files,
    device: torch.device | str = "cpu",
    *,
    way: Way | None = None,
    precision: str = USUAL,
) -> Parts:
    """Load everything, strictly: on a GPU the denoiser in bfloat16, what sees pictures in float16, the rest in float32.

    way: where it parks, no two of the other parts are on the device together, and of the denoiser only what is resident
    ever is; None for all of it.  precision: of the denoiser's weights, see ``precision``.
    Raises TokenizerInvalid, WeightsUnreadable, WeightsUnfit, ExtraMissing.
    """
    way = way or Way()
    arrivals = arrivals_of(way)
    tokenizer = ClapTokenizer(files.tokenizer)
    texts = load_clap(files.clap, sizes.clap, device=device)
    arrivals.take("clap", texts.network)
    pictures = load_siglip2(files.siglip2, sizes.siglip2, device=device)
    arrivals.take("siglip2", pictures.network)
    synchformer = load_synchformer(files.synchformer, sizes.synchformer, device=device)
    arrivals.take("synchformer", synchformer)
    vae = load_dac_vae(files.vae, sizes.vae, device=device)
    arrivals.take("vae", vae)
    denoiser = load_denoiser(files.denoiser, sizes.denoiser, device=device, precision=precision, resident=way.resident)
    return Parts(denoiser, vae, synchformer, pictures, texts, tokenizer, arrivals.parkings)


def arrivals_of(way: Way) -> Arrivals:
    """What takes parts as they come. On a GPU one that stays lies in memory of its own, so that it can leave later."""
    return Arrivals(parked=way.parked, stays=_gathered)


def _gathered(network: nn.Module) -> None:
    weights = [*network.parameters(), *network.buffers()]
    if all(weight.is_cuda for weight in weights):
        gather(weights)
