"""What a step takes of memory is foretold: counted here tensor by tensor, with what the kernels allocate on a GPU."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from greenroom.models.seedvr2.architecture import PUBLISHED, Architecture
from greenroom.models.seedvr2.nadit import attention, block, mlp
from greenroom.models.seedvr2.nadit.footprint import Footprint
from greenroom.models.seedvr2.nadit.synthetic import tiny
from greenroom.models.seedvr2.nadit.work import Work
from greenroom.models.seedvr2.planning import costs
from greenroom.weights import quantised
from greenroom.weights.blocks import BLOCK_TYPES
from tests.models.counting import CountingCalls
from tests.models.seedvr2.networks import BOTH, network_of, normal

GRID = (5, 21, 22)


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """What kernels do is left out, and what they allocate is not."""
    monkeypatch.setattr(block, "norm_modulate", lambda x, *_: torch.empty_like(x).zero_())
    monkeypatch.setattr(block, "add_norm_modulate", lambda x, *_: torch.empty_like(x).zero_())
    monkeypatch.setattr(attention, "place_heads", lambda *args: args[-1].zero_())
    monkeypatch.setattr(mlp, "swiglu", lambda gate, _: gate)


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("architecture", BOTH, ids=lambda a: a.name)
# Wider than a patch, as the published ones are; and narrower, where the ends take most.
@pytest.mark.parametrize(("heads", "most"), [(12, None), (12, 700), (12, 1), (2, None)])
def test_what_lives_at_once_is_foretold(architecture: Architecture, heads: int, most: int | None) -> None:
    architecture = replace(architecture, heads=heads)
    network = network_of(architecture)
    latent, text = normal(GRID[0], 2 * GRID[1], 2 * GRID[2], 33), normal(6, 32, seed=1)
    at = network.modulations(1000.0)
    with torch.inference_mode(), CountingCalls() as counted:
        network(latent, text, at, Work(most))
    foretold = Footprint(architecture, GRID, 6, itemsize=4).bytes(Work(most))
    assert counted.peak <= foretold < 1.25 * counted.peak


def test_less_memory_is_a_slower_way() -> None:
    clip = Footprint(PUBLISHED["seedvr2-3b"], (26, 45, 80), 58)
    whole = clip.bytes(Work())
    ways = [clip.fitting(budget) for budget in (whole, whole - 1, whole // 4, whole // 20, 1)]
    assert ways[0] == Work()
    assert ways[1] == Work(46_800)
    assert ways[2] is not None
    assert ways[2].most is not None
    assert clip.bytes(ways[2]) <= whole // 4
    assert ways[3] is not None
    assert ways[3].on_host
    assert ways[4] is None


@pytest.mark.parametrize("at_once", [1 << 16, 1 << 17], ids=["in two steps", "at once"])
@pytest.mark.parametrize("kind", BLOCK_TYPES)
def test_what_dequantising_takes_is_foretold(monkeypatch: pytest.MonkeyPatch, kind: str, at_once: int) -> None:
    assert quantised._ELSEWHERE == costs._UNPACKED_AT_ONCE
    monkeypatch.setattr(quantised, "_ON_CPU", at_once)  # as a GPU does it, in small
    monkeypatch.setattr(costs, "_UNPACKED_AT_ONCE", at_once)
    architecture = tiny(PUBLISHED["seedvr2-7b"], heads=10)
    block, largest = BLOCK_TYPES[kind], architecture.width * architecture.hidden
    assert 1 << 16 < largest < 1 << 17
    raw = torch.zeros(largest // block.elements * block.size, dtype=torch.uint8)
    with CountingCalls() as counted:
        quantised.decode(kind, raw, torch.empty(largest, dtype=torch.bfloat16))
    assert counted.peak <= costs.unpacking(architecture, 2)


def test_of_the_host_there_is_the_stream_and_what_passes() -> None:
    architecture = PUBLISHED["seedvr2-3b"]
    clip = Footprint(architecture, (26, 45, 80), 58)
    tokens, row = 26 * 45 * 80, 2 * architecture.width
    assert clip.host(Work(5000)) == 0
    held = [clip.host(Work(most, on_host=True)) for most in (1, 5000, 46_800)]
    assert held[0] > tokens * (row + 4 * 4 * 33)
    assert held[2] - held[1] >= 4 * row * (46_800 - 5000 - 2000)
    assert replace(clip, ranks=2).host(Work(5000, on_host=True)) > held[1] + tokens * row
    assert clip.fitting(10**12, held[1]) == Work()
    budget = clip.bytes(Work(1)) - 1
    roomy, tight = clip.fitting(budget), clip.fitting(budget, held[1])
    assert roomy is not None
    assert tight is not None
    assert clip.host(roomy) > held[1] >= clip.host(tight)
    assert clip.fitting(budget, tokens * row) is None


def test_on_the_host_a_longer_clip_takes_no_more() -> None:
    clips = [Footprint(PUBLISHED["seedvr2-3b"], (frames, 24, 40), 58) for frames in (31, 62)]
    first, second = (clip.bytes(Work(5000, on_host=True)) for clip in clips)
    assert second < 1.05 * first
