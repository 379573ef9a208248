"""The family rehearsed with tiny networks: the whole way, what fails on it, and what is too large for a host."""

from __future__ import annotations

import math

import pytest

from greenroom.models.foley import rehearsal as family
from greenroom.models.foley.engine import Engine
from greenroom.models.foley.rehearsal import FoleyRehearsal
from greenroom.models.rehearsed import Rehearsed
from greenroom.models.rehearsing import rehearse
from greenroom.runtime.device import Memory


def rehearsed() -> Rehearsed:
    return rehearse("hunyuanvideo-foley-xl", device="cpu", tiny=True)


def test_a_clip_goes_its_whole_way() -> None:
    found = rehearsed()
    assert not found.findings
    assert found.passed
    stages = {stage.name: stage.words for stage in found.stages}
    assert [*stages] == [
        "libraries", "device", "weights", "frames", "seeing", "text", "sampling", "decoding", "level", "encode",
    ]  # fmt: skip
    assert stages["sampling"] == "64 latents, 1 of 50 steps"
    assert stages["decoding"] == "1 s of sound"


def test_networks_of_no_number_fail_at_the_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = Engine.sample
    monkeypatch.setattr(Engine, "sample", lambda *args, **options: sample(*args, **options) * math.nan)
    found = rehearsed()
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["decoding"]
    assert found.findings[0].code == "sound-not-finite"


def test_a_host_that_is_too_small_is_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "device_memory", lambda device: Memory(free=10**9, total=2 * 10**9))
    found = rehearse("hunyuanvideo-foley-xxl", device="cpu")
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["weights"]
    assert found.findings[0].message.startswith("weights: hunyuanvideo-foley-xxl needs 20.5 GB of memory")


def test_sizes_are_told_from_the_least() -> None:
    loads = [size.load for size in FoleyRehearsal.sizes]
    assert loads == sorted(loads)
    assert {FoleyRehearsal.usual_size(device) for device in ("cpu", "cuda:0")} < {
        size.name for size in FoleyRehearsal.sizes
    }
