"""Negative poses: each frame's skeleton stretched by chance, so that guidance can point away from it."""

from __future__ import annotations

from random import Random

import numpy as np

from greenroom.models.steadydancer.pose.poses import NECK, Skeletons

_OFFSET, _SCALE, _ASPECT = (-0.2, 0.2), (0.7, 1.3), (0.6, 1.4)


def negative(skeletons: Skeletons, seed: int) -> Skeletons:
    """Skeletons of which every frame has its own width and size, and its neck where it was.

    seed: of the chance; the original has none, so that no two of its runs agree.
    """
    chance = Random(seed)  # noqa: S311 - the original's own generator; nothing is kept secret by it
    drawn = [_drawn(chance) for _ in range(len(skeletons))]
    stretch = np.asarray([(aspect * scale, scale) for scale, aspect in drawn]).reshape(-1, 1, 2)
    neck = skeletons.body[:, NECK : NECK + 1].astype(np.float64)
    move = neck - neck * stretch
    hands = skeletons.hands * stretch[:, None] + move[:, None]
    parts = (skeletons.body * stretch + move, hands, skeletons.faces + move)
    body, hands, faces = (part.astype(np.float32) for part in parts)
    return Skeletons(body, skeletons.shown, hands, faces)


def _drawn(chance: Random) -> tuple[float, float]:
    """Scale and aspect of a frame; the original draws two offsets first and uses neither."""
    chance.uniform(*_OFFSET)
    chance.uniform(*_OFFSET)
    return chance.uniform(*_SCALE), chance.uniform(*_ASPECT)
