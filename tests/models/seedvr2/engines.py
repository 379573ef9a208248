"""Engines of tiny networks, shots for them, and what is drawn for a golden case."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from greenroom.models.seedvr2.draws import Purpose, Seeded
from greenroom.models.seedvr2.engine import Engine, Read, Shot
from greenroom.models.seedvr2.frames.framing import Framing
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt
from tests.models.seedvr2.autoencoders import tiny_vae
from tests.models.seedvr2.networks import V2, network_of

Frames = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, slots=True)
class Given:
    """Draws of a case. Each is of the whole shot, (time, height, width, channels)."""

    posterior: Tensor
    noise: Tensor

    def normal(self, purpose: Purpose, first: int, shape: tuple[int, int, int, int]) -> Tensor:
        drawn = {"posterior": self.posterior, "noise": self.noise}[purpose]
        return drawn[first // 4 :][: shape[0]]


@cache
def tiny_engine() -> Engine:
    """One for all tests that do not park it: nothing changes it."""
    return new_engine()


def new_engine() -> Engine:
    """One of its own."""
    return Engine(network_of(V2), tiny_vae(), synthetic_prompt(V2, 5))


def some_frames(frames: int, height: int = 10, width: int = 18, wide: bool = False) -> Frames:
    """Noise over a slope, so that colours have something to bring back."""
    noise = np.random.default_rng(frames).random((frames, height, width, 3))
    slope = np.linspace(0, 1, width)[:, None]
    white = 65_535 if wide else 255
    return (white * (0.5 * noise + 0.5 * slope)).round().astype(np.uint16 if wide else np.uint8)


def read(frames: Frames) -> Read:
    """The way to frames in memory."""
    return lambda start, stop: frames[start:stop]


def a_shot(frames: int, height: int = 15, width: int = 25, **options: Any) -> Shot:
    """A shot to be enlarged to a size that is no multiple of anything."""
    return Shot(frames, Framing.whole(Size(height, width)), Seeded(7), **options)
