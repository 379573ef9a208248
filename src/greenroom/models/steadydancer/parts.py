"""All networks that make a picture move, loaded onto one device, which never has to hold all of them for that."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from greenroom.models.arrivals import Arrivals
from greenroom.models.steadydancer.dancer.checkpoint import load_dancer
from greenroom.models.steadydancer.dancer.precision import PRODUCTS, SMALL, USUAL
from greenroom.models.steadydancer.planning.costs import Networks
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.planning.weights import Other, umt5
from greenroom.models.steadydancer.towers import footprint
from greenroom.models.steadydancer.towers.clip import PUBLISHED as PUBLISHED_PICTURES
from greenroom.models.steadydancer.towers.clip import load_clip
from greenroom.models.steadydancer.towers.prompts import LONGEST, Umt5Tokenizer
from greenroom.models.steadydancer.towers.umt5 import PUBLISHED as PUBLISHED_TEXTS
from greenroom.models.steadydancer.towers.umt5 import load_umt5
from greenroom.models.steadydancer.vae.checkpoint import load_vae
from greenroom.models.steadydancer.vae.config import WanVaeConfig
from greenroom.nn.fp8_linear import Fp8Linear
from greenroom.nn.quantised import QuantisedLayer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import torch
    from torch import nn

    from greenroom.models.steadydancer.architecture import Architecture
    from greenroom.models.steadydancer.dancer.transformer import Dancer
    from greenroom.models.steadydancer.lora.merging import Lora
    from greenroom.models.steadydancer.towers.clip import ClipPictures
    from greenroom.models.steadydancer.towers.umt5 import Umt5Texts
    from greenroom.models.steadydancer.vae.vae import WanVae
    from greenroom.nn.parking import Parking


@dataclass(frozen=True, slots=True)
class Files:
    """What parts are loaded from. denoiser: a file, the index of its shards, their folder, or the shards.  vae:
    ``Wan2.1_VAE``.  umt5, clip: the text encoder and CLIP of both towers.  tokenizer: UMT5's ``tokenizer.json``."""

    denoiser: Path | Sequence[Path]
    vae: Path
    umt5: Path
    clip: Path
    tokenizer: Path


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of all parts; the defaults are published. umt5, clip: transformers' options of the towers."""

    denoiser: Architecture
    vae: WanVaeConfig = field(default_factory=WanVaeConfig)
    umt5: Mapping[str, Any] = field(default_factory=lambda: PUBLISHED_TEXTS)
    clip: Mapping[str, Any] = field(default_factory=lambda: PUBLISHED_PICTURES)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What makes a picture move, all of it for one device. texts: UMT5.  pictures: CLIP.

    parkings: of those of ``waiting`` that have been on the host already, by their names.
    """

    denoiser: Dancer
    vae: WanVae
    texts: Umt5Texts
    pictures: ClipPictures
    parkings: Mapping[str, Parking] = field(default_factory=dict)

    @property
    def waiting(self) -> dict[str, nn.Module]:
        """What waits on the host as a whole, by the names that plans have for it: of the text encoder its table, since
        its blocks come and go one by one."""
        return {"umt5": self.texts.table, "clip": self.pictures.network, "vae": self.vae}

    @property
    def precision(self) -> str:
        """Of the denoiser's blocks, see ``dancer.precision``."""
        layers = [*self.denoiser.modules()]
        if any(isinstance(layer, Fp8Linear) for layer in layers):
            return PRODUCTS
        return SMALL if any(isinstance(layer, QuantisedLayer) for layer in layers) else USUAL


def networks_of(parts: Parts, parkings: Mapping[str, Parking], name: str) -> Networks:
    """What a plan counts on, wherever it is now. parkings: of what waits.  name: of the model."""
    denoiser, texts, pictures = parts.denoiser, parts.texts.network, parts.pictures.network
    layers = denoiser.named_modules()
    stored = {f"{place}.weight": layer.size for place, layer in layers if isinstance(layer, QuantisedLayer)}
    counted = Networks.of(name, denoiser.architecture, parts.precision, denoiser.dtype.itemsize, stored)
    others = {part: Other(own.weights, own.pinned, own.weights) for part, own in parkings.items()}
    return replace(
        counted,
        others={**others, "umt5": umt5(_options(texts), _itemsize(texts))},
        reading=footprint.reading(_options(texts), LONGEST, _itemsize(texts)),
        seeing=footprint.seeing(_options(pictures), _itemsize(pictures)),
        config=parts.vae.config,
    )


def _options(network: Any) -> dict[str, Any]:
    """transformers' own."""
    options: dict[str, Any] = network.config.to_dict()
    return options


def _itemsize(network: nn.Module) -> int:
    return next(network.parameters()).dtype.itemsize


def load_parts(
    sizes: Sizes,
    files: Files,
    device: torch.device | str = "cpu",
    *,
    way: Way | None = None,
    precision: str = USUAL,
    loras: Sequence[Lora] = (),
) -> Parts:
    """Load everything, strictly: on a GPU the denoiser and the text encoder in bfloat16, CLIP and the autoencoder in
    float16; on a CPU in float32, but for the text encoder.

    way: where it parks, no two of the other parts are on the device together, and of the denoiser only what stays there
    ever is; None for all of it.  precision: of the denoiser's blocks, see ``dancer.precision``.  loras: small changes
    of it, see ``lora.merging.open_lora``. Raises TokenizerInvalid, WeightsUnreadable, WeightsUnfit, InputInvalid,
    UnknownName, ExtraMissing.
    """
    way = way or Way()
    arrivals = Arrivals(parked=way.parked)
    tokenizer = Umt5Tokenizer(files.tokenizer)
    texts = load_umt5(files.umt5, tokenizer, device=device, options=sizes.umt5, resident=way.reading)
    arrivals.take("umt5", texts.table)
    pictures = load_clip(files.clip, device=device, options=sizes.clip)
    arrivals.take("clip", pictures.network)
    vae = load_vae(files.vae, device, config=sizes.vae)
    arrivals.take("vae", vae)
    denoiser = load_dancer(
        files.denoiser,
        sizes.denoiser,
        device=device,
        precision=precision,
        resident=way.resident,
        apart=way.hears_from_host,
        loras=loras,
    )
    return Parts(denoiser, vae, texts, pictures, arrivals.parkings)
