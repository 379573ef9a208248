"""All parts of the family, small enough for every test: networks as they are, and files laid out as published."""

from __future__ import annotations

from pathlib import Path

import torch

from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.dancer.synthetic import synthesise_dancer
from greenroom.models.steadydancer.parts import Files, Parts
from greenroom.models.steadydancer.parts_synthetic import synthetic_parts, tiny_sizes
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.towers.synthetic import synthesise_clip, synthesise_umt5
from greenroom.models.steadydancer.vae.synthetic import synthesise_vae
from tests.models.steadydancer.towers.test_prompts import tokenizer_file

CPU = torch.device("cpu")
SIZES = tiny_sizes(PUBLISHED["steadydancer-14b"])


def own_parts(way: Way | None = None, precision: str = "bf16") -> Parts:
    """Parts that nobody else has, since ways change where they are."""
    return synthetic_parts(SIZES, CPU, way, precision)


def tiny_files(folder: Path) -> Files:
    """Files of ``SIZES``."""
    synthesise_dancer(folder / "dancer.safetensors", SIZES.denoiser)
    synthesise_vae(folder / "vae.pth", SIZES.vae)
    synthesise_umt5(folder / "umt5.pth", SIZES.umt5)
    synthesise_clip(folder / "clip.pth", SIZES.clip)
    return Files(
        denoiser=folder / "dancer.safetensors",
        vae=folder / "vae.pth",
        umt5=folder / "umt5.pth",
        clip=folder / "clip.pth",
        tokenizer=tokenizer_file(folder),
    )
