"""Dancers that are small enough for every test, random in all of their weights, and what they are asked."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from greenroom.models.steadydancer.architecture import MASK, PUBLISHED, Architecture
from greenroom.models.steadydancer.dancer.fixed import Conditions
from greenroom.models.steadydancer.dancer.synthetic import synthetic_dancer, tiny
from greenroom.models.steadydancer.dancer.transformer import Dancer
from greenroom.weights.fitting import Shape, shapes_of

GOLDENS = Path(__file__).parents[2] / "goldens" / "steadydancer"

TINY = tiny(PUBLISHED["steadydancer-14b"])

FRAMES, HEIGHT, WIDTH = 3, 4, 6
"""Of the latents that tests ask for."""


def dancer_of(architecture: Architecture = TINY, seed: int = 0, dtype: torch.dtype = torch.float32) -> Dancer:
    """A dancer of random weights on the CPU."""
    return synthetic_dancer(architecture, torch.device("cpu"), dtype, seed=seed)


@cache
def published_shapes() -> dict[str, Shape]:
    """Names and shapes of the published network."""
    with torch.device("meta"):
        return shapes_of(Dancer(PUBLISHED["steadydancer-14b"]))


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers of a seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def latents_of(seed: int = 0) -> Tensor:
    """Noisy latents."""
    return normal(TINY.latent, FRAMES, HEIGHT, WIDTH, seed=seed)


def conditions_of(
    words: int = 6, *, guided: bool = True, shape: tuple[int, int, int] = (FRAMES, HEIGHT, WIDTH)
) -> Conditions:
    """Random ones. guided: with a negative text and other poses.  shape: frames, height and width of the latents."""
    latent, seen = TINY.latent, (TINY.image_tokens, TINY.image_in)
    frame = (1, *shape[1:])
    given = Conditions(
        text=normal(words, TINY.text_in, seed=1),
        negative=normal(words + 2, TINY.text_in, seed=2),
        image=normal(*seen, seed=3),
        pose_image=normal(*seen, seed=4),
        y=normal(latent + MASK, *shape, seed=5),
        ref_x=normal(latent, *frame, seed=6),
        ref_c=normal(latent, *frame, seed=7),
        pose=normal(latent, *shape, seed=8),
        negative_pose=normal(latent, *shape, seed=9),
    )
    return given if guided else replace(given, negative=None, negative_pose=None)
