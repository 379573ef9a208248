"""All networks that make a video's sound, loaded onto one device."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from greenroom.models.foley.dac.checkpoint import load_dac_vae
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.mmdit.checkpoint import load_denoiser
from greenroom.models.foley.synchformer.checkpoint import load_synchformer
from greenroom.models.foley.synchformer.encoder import SynchformerConfig
from greenroom.models.foley.towers.clap import PUBLISHED as PUBLISHED_TEXT
from greenroom.models.foley.towers.clap import load_clap
from greenroom.models.foley.towers.clap_tokenizer import ClapTokenizer
from greenroom.models.foley.towers.siglip2 import PUBLISHED as PUBLISHED_VISION
from greenroom.models.foley.towers.siglip2 import load_siglip2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

    from greenroom.models.foley.architecture import Architecture
    from greenroom.models.foley.dac.vae import DacVAE
    from greenroom.models.foley.mmdit.transformer import MMDiT
    from greenroom.models.foley.synchformer.encoder import Synchformer
    from greenroom.models.foley.towers.encoders import PictureEncoder, TextEncoder, Tokenizer


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
    """What makes a video's sound, all of it on one device. pictures: SigLIP 2.  texts: CLAP."""

    denoiser: MMDiT
    vae: DacVAE
    synchformer: Synchformer
    pictures: PictureEncoder
    texts: TextEncoder
    tokenizer: Tokenizer


def load_parts(sizes: Sizes, files: Files, device: torch.device | str = "cpu", *, quantised: bool = False) -> Parts:
    """Load everything, strictly: on a GPU the denoiser in bfloat16 and Synchformer in float16, the rest in float32.

    quantised: a denoiser that is stored in eight bits is taken, too, and dequantised; its sound is another.
    Raises TokenizerInvalid, WeightsUnreadable, WeightsUnfit, ExtraMissing.
    """
    return Parts(
        tokenizer=ClapTokenizer(files.tokenizer),
        texts=load_clap(files.clap, sizes.clap, device=device),
        pictures=load_siglip2(files.siglip2, sizes.siglip2, device=device),
        synchformer=load_synchformer(files.synchformer, sizes.synchformer, device=device),
        vae=load_dac_vae(files.vae, sizes.vae, device=device),
        denoiser=load_denoiser(files.denoiser, sizes.denoiser, device=device, quantised=quantised),
    )
