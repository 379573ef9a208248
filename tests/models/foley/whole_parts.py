"""All parts of the family, small enough for every test: networks as they are, and files laid out as published."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch

from greenroom.models.borrowed import filled
from greenroom.models.foley.dac.synthetic import TINY as TINY_DAC
from greenroom.models.foley.dac.synthetic import synthesise_dac_vae
from greenroom.models.foley.mmdit.synthetic import synthesise_denoiser
from greenroom.models.foley.parts import Files, Parts, Sizes
from greenroom.models.foley.synchformer.encoder import SynchformerConfig
from greenroom.models.foley.synchformer.synthetic import synthesise_synchformer, synthetic_synchformer
from greenroom.models.foley.towers.clap import ClapTexts, text_tower
from greenroom.models.foley.towers.siglip2 import SiglipPictures, vision_tower
from tests.models.foley.media_parts import CPU, tiny_dac
from tests.models.foley.networks import TINY, denoiser_of
from tests.models.foley.tower_parts import SMALL_TEXT, SMALL_VISION, clap_file, settled, siglip_file, tokenizer_file
from tests.models.foley.towers.test_encoders import letters

SIZES = Sizes(
    TINY,
    vae=TINY_DAC,
    synchformer=SynchformerConfig(width=TINY.sync_in, depth=1, heads=2),
    siglip2=SMALL_VISION | {"image_size": 512, "patch_size": 64},
    clap=SMALL_TEXT,
)


@cache
def tiny_parts() -> Parts:
    """One for all tests: nothing changes it."""
    vision, text = vision_tower(SIZES.siglip2), text_tower(SIZES.clap)
    return Parts(
        denoiser=denoiser_of(),
        vae=tiny_dac(),
        synchformer=synthetic_synchformer(CPU, torch.float32, SIZES.synchformer),
        pictures=SiglipPictures(filled(vision, settled(dict(vision.named_parameters())))),
        texts=ClapTexts(filled(text, settled(dict(text.named_parameters())))),
        tokenizer=letters,
    )


def tiny_files(folder: Path) -> Files:
    """Files of ``SIZES``."""
    synthesise_denoiser(folder / "denoiser.safetensors", SIZES.denoiser)
    synthesise_dac_vae(folder / "vae.safetensors", SIZES.vae)
    synthesise_synchformer(folder / "synchformer.pth", SIZES.synchformer)
    vision = {name: value for name, value in SIZES.siglip2.items() if name not in SMALL_VISION or name == "image_size"}
    return Files(
        denoiser=folder / "denoiser.safetensors",
        vae=folder / "vae.safetensors",
        synchformer=folder / "synchformer.pth",
        siglip2=siglip_file(folder, **vision),
        clap=clap_file(folder),
        tokenizer=tokenizer_file(folder),
    )
