"""What an engine holds while it encodes and decodes is foretold: counted tensor by tensor, with a GPU's kernels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from greenroom.models import landing
from greenroom.models.steadydancer.conditions.sizes import Size
from greenroom.models.steadydancer.engine import Engine
from greenroom.models.steadydancer.planning.costs import Job
from greenroom.models.steadydancer.planning.stages import Costs
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.vae.vae import WanVae
from greenroom.nn.slices import Slices
from tests.models.counting import CountingCalls
from tests.models.steadydancer.vae.test_footprint import TYPES, vae  # noqa: F401 - a fixture
from tests.models.steadydancer.whole_parts import own_parts

SIZE = Size(96, 160)
FRAMES = 21
JOB = Job(SIZE, FRAMES, picture=(96, 160), poses=(192, 320))


def told(engine: Engine, way: Way, stage: str) -> int:
    """Beside the weights."""
    networks = engine.networks("")
    return Costs.of(networks, JOB, "cuda:0").stages(way)[stage] - networks.weights


@pytest.mark.parametrize("vae", [TYPES[1]], indirect=True)
@pytest.mark.parametrize("slices", [Slices(1, 4), Slices(2, 8), Slices(1, 1)], ids=str)
def test_encoding_and_decoding(
    vae: WanVae,  # noqa: F811 - the fixture
    slices: Slices,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(landing, "_arrived", lambda sent: sent.frames.numpy())  # nothing is computed, and not finite
    way = Way(slices=slices)
    engine = Engine(replace(own_parts(), vae=vae), way)
    drawn = np.random.default_rng(0)
    poses = [*drawn.integers(0, 256, (FRAMES, *JOB.poses, 3), np.uint8)]
    with CountingCalls() as encoding:
        posed = engine.poses(poses, JOB.picture, SIZE)
    with CountingCalls() as seeing:
        engine.picture(poses[0], SIZE, FRAMES)
    with CountingCalls() as decoding:
        for frames in engine.decode(posed.windows[0]):
            del frames
    for name, counted in (("encoding", encoding), ("encoding", seeing), ("decoding", decoding)):
        assert counted.peak <= told(engine, way, name) < 1.5 * counted.peak
