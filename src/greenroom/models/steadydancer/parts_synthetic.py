"""Invented parts of the family, all of them, made where they run: for rehearsals and benchmarks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from greenroom.models.arrivals import Arrivals
from greenroom.models.steadydancer.dancer.precision import USUAL
from greenroom.models.steadydancer.dancer.synthetic import synthetic_dancer, tiny
from greenroom.models.steadydancer.parts import Parts, Sizes
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.towers.synthetic import (
    TINY_PICTURES,
    TINY_TEXTS,
    synthetic_pictures,
    synthetic_texts,
)
from greenroom.models.steadydancer.towers.umt5 import PUBLISHED
from greenroom.models.steadydancer.vae.checkpoint import usual_dtype
from greenroom.models.steadydancer.vae.synthetic import TINY as TINY_VAE
from greenroom.models.steadydancer.vae.synthetic import synthetic_vae

if TYPE_CHECKING:
    from greenroom.models.steadydancer.architecture import Architecture

_PATCH = 56  # pixels of the side of a patch of a tiny tower, whose pictures are as large as published


def tiny_sizes(architecture: Architecture) -> Sizes:
    """The same kind of networks, done in seconds anywhere."""
    small = replace(tiny(architecture), text_tokens=architecture.text_tokens)  # what prompts are cut to
    return Sizes(
        small,
        vae=TINY_VAE,
        umt5={**PUBLISHED, **TINY_TEXTS, "d_model": small.text_in},
        clip={**TINY_PICTURES, "hidden_size": small.image_in, "patch_size": _PATCH},
    )


def synthetic_parts(sizes: Sizes, device: torch.device, way: Way | None = None, precision: str = USUAL) -> Parts:
    """Networks of random weights as ``load_parts`` has them. Raises ExtraMissing, InputInvalid."""
    way, on_gpu = way or Way(), device.type == "cuda"
    arrivals = Arrivals(parked=way.parked)
    half = torch.float16 if on_gpu else torch.float32
    texts = synthetic_texts(device, torch.bfloat16, sizes.umt5, resident=way.reading)
    arrivals.take("umt5", texts.table)
    pictures = synthetic_pictures(device, half, sizes.clip)
    arrivals.take("clip", pictures.network)
    vae = synthetic_vae(device, usual_dtype(device), sizes.vae)
    arrivals.take("vae", vae)
    denoiser = synthetic_dancer(
        sizes.denoiser,
        device,
        torch.bfloat16 if on_gpu else torch.float32,
        precision=precision,
        resident=way.resident,
        apart=way.hears_from_host,
    )
    return Parts(denoiser, vae, texts, pictures, arrivals.parkings)
