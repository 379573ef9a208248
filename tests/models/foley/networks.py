"""Denoisers of the family that are small enough for every test, and random in all of their weights."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from greenroom.models.foley.architecture import PUBLISHED, Architecture
from greenroom.models.foley.mmdit.fixed import Features
from greenroom.models.foley.mmdit.sampler import Part
from greenroom.models.foley.mmdit.synthetic import synthetic_denoiser, tiny
from greenroom.models.foley.mmdit.transformer import MMDiT
from greenroom.models.foley.mmdit.windows import GRID, windows
from greenroom.weights.fitting import Shape, shapes_of

GOLDENS = Path(__file__).parents[2] / "goldens" / "foley"

TINY = tiny(PUBLISHED["hunyuanvideo-foley-xl"])


def denoiser_of(architecture: Architecture = TINY, seed: int = 0, dtype: torch.dtype = torch.float32) -> MMDiT:
    """A denoiser of random weights on the CPU."""
    return synthetic_denoiser(architecture, torch.device("cpu"), dtype, seed=seed)


@cache
def published_shapes(model: str) -> dict[str, Shape]:
    """Names and shapes of a published network."""
    with torch.device("meta"):
        return shapes_of(MMDiT(PUBLISHED[model]))


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers of a seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def features_of(frames: int = 5, sync: int = 16, words: int = 6, *, seed: int = 0) -> Features:
    """Features of a video, random ones, as wide as the tiny network's."""
    width = TINY.text_in
    return Features(
        text=normal(words, width, seed=seed + 1),
        negative=normal(words, width, seed=seed + 2),
        visual=normal(frames, width, seed=seed + 3),
        sync=normal(sync, width, seed=seed + 4),
    )


def parts_of(
    length: int,
    texts: tuple[int, ...] = (0,),
    begins: tuple[int, ...] = (0,),
    words: tuple[int, ...] = (),
) -> list[Part]:
    """Windows of a clip with random features; texts: the seed of each section's.  words: of each, or 6."""
    texts = texts * (len(begins) // len(texts))
    width = TINY.text_in
    visual, sync = normal(-(-length * 8 // 50), width, seed=31), normal(8 * (length // GRID - 1), width, seed=32)
    parts = []
    for window in windows(length, begins):
        said = features_of(words=words[window.section] if words else 6, seed=texts[window.section])
        seen = visual[window.pictures(len(visual))], sync[window.sync]
        parts.append(Part(window, replace(said, visual=seen[0], sync=seen[1])))
    return parts
