"""What a step takes of memory is foretold: counted here tensor by tensor, with what the kernels allocate on a GPU."""

from __future__ import annotations

import weakref
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from greenroom.models.seedvr2.architecture import PUBLISHED, Architecture
from greenroom.models.seedvr2.nadit import attention, block, mlp
from greenroom.models.seedvr2.nadit.footprint import Footprint
from greenroom.models.seedvr2.nadit.work import Work
from tests.models.seedvr2.networks import BOTH, network_of, normal

GRID = (5, 21, 22)


class Counting(TorchFunctionMode):
    """Bytes of all tensors that were made in here and live."""

    def __init__(self) -> None:
        super().__init__()
        self.held = self.peak = 0
        self._known: set[int] = set()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for given in args:
            if isinstance(given, Tensor):
                self._known.add(given.untyped_storage()._cdata)
        out = func(*args, **(kwargs or {}))
        for made in out if isinstance(out, (tuple, list)) else (out,):
            if isinstance(made, Tensor):
                self._count(made.untyped_storage())
        return out

    def _count(self, storage: Any) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self._known:
            return
        self._known.add(key)
        self.held += size
        self.peak = max(self.peak, self.held)
        weakref.finalize(storage, self._freed, key, size)

    def _freed(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.held -= size


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
    with torch.inference_mode(), Counting() as counted:
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


def test_on_the_host_a_longer_clip_takes_no_more() -> None:
    clips = [Footprint(PUBLISHED["seedvr2-3b"], (frames, 24, 40), 58) for frames in (31, 62)]
    first, second = (clip.bytes(Work(5000, on_host=True)) for clip in clips)
    assert second < 1.05 * first
