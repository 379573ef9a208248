"""SeedVR2 rehearsed with tiny networks: the whole way, and what is too large for a host."""

from __future__ import annotations

import math
from typing import get_args

import pytest

from greenroom.models.rehearsed import Rehearsed
from greenroom.models.rehearsing import rehearse
from greenroom.models.seedvr2 import engine
from greenroom.models.seedvr2 import rehearsal as family
from greenroom.models.seedvr2.colours.methods import METHODS
from greenroom.models.seedvr2.rehearsal import SeedVR2Rehearsal
from greenroom.recipes.inputs.seedvr2 import RestoreInputs
from greenroom.runtime.device import Memory
from greenroom.runtime.rooms import Room


def rehearsed(name: str) -> Rehearsed:
    return rehearse(name, device="cpu", tiny=True)


@pytest.mark.parametrize("name", ["seedvr2-3b", "seedvr2-7b"])
def test_a_clip_goes_its_whole_way(name: str) -> None:
    found = rehearsed(name)
    assert found.passed
    assert not found.findings
    assert [stage.name for stage in found.stages] == [
        "libraries", "device", "weights", "plan", "frames", "encoding", "transformer", "decoding", "file",
    ]  # fmt: skip
    assert (found.precision, found.size) == ("fp32", "96x64x5")


def test_a_clip_that_does_not_fit_is_refused_by_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.Engine, "room", lambda self: Room("cpu", 10**6))
    found = rehearsed("seedvr2-3b")
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["plan"]
    assert found.findings[0].code == "memory-short"


def test_networks_of_no_number_fail_at_the_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = engine.Engine.sample
    monkeypatch.setattr(engine.Engine, "sample", lambda *args, **options: sample(*args, **options) * math.nan)
    found = rehearsed("seedvr2-3b")
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["decoding"]
    assert found.findings[0].code == "frames-not-finite"


def test_a_host_that_is_too_small_is_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "device_memory", lambda device: Memory(free=10**9, total=2 * 10**9))
    found = rehearse("seedvr2-3b", device="cpu")
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["weights"]
    assert found.findings[0].message.startswith("weights: seedvr2-3b needs 13.6 GB of memory")


def test_an_old_card_is_refused_where_its_device_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenroom.runtime.cuda.require_gpu", lambda device: None)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: (7, 5))
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "Tesla T4")
    found = rehearse("seedvr2-3b", device="cuda:0", tiny=True)
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["device"]
    assert found.findings[0].code == "bfloat16-missing"
    assert "Tesla T4 (compute capability 7.5)" in found.findings[0].message


def test_sizes_are_told_from_the_least() -> None:
    loads = [size.load for size in SeedVR2Rehearsal.sizes]
    assert loads == sorted(loads)
    assert {SeedVR2Rehearsal.usual_size(device) for device in ("cpu", "cuda:0")} < {
        size.name for size in SeedVR2Rehearsal.sizes
    }


def test_colours_are_those_that_there_is_code_for() -> None:
    named = get_args(RestoreInputs.model_fields["colour"].annotation)
    assert set(named) == {*METHODS, engine.NO_COLOUR}
