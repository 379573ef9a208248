"""The family rehearsed with tiny networks: the whole way, what fails on it, and what is too large for a host."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from greenroom.models.foley import parts_synthetic
from greenroom.models.foley.engine import Engine
from greenroom.models.foley.rehearsal import FoleyRehearsal
from greenroom.models.rehearsal import Conditions
from greenroom.models.rehearsed import Rehearsed
from greenroom.models.rehearsing import rehearse
from greenroom.recipes.catalogue import recipe
from greenroom.runtime import rooms
from greenroom.runtime.device import Memory
from greenroom.runtime.rooms import Room
from tests.models.small_cards import weights_asked


def rehearsed() -> Rehearsed:
    return rehearse("hunyuanvideo-foley-xl", device="cpu", tiny=True)


def test_a_clip_goes_its_whole_way() -> None:
    found = rehearsed()
    assert not found.findings
    assert found.passed
    stages = {stage.name: stage.words for stage in found.stages}
    assert [*stages] == [
        "libraries", "device", "weights", "plan", "frames", "seeing", "text", "sampling", "decoding", "level", "encode",
    ]  # fmt: skip
    assert stages["plan"].endswith(" GB at most")
    assert stages["sampling"] == "64 latents, 1 of 50 steps"
    assert stages["decoding"] == "1 s of sound"


def test_networks_of_no_number_fail_at_the_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = Engine.sample
    monkeypatch.setattr(Engine, "sample", lambda *args, **options: sample(*args, **options) * math.nan)
    found = rehearsed()
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["decoding"]
    assert found.findings[0].code == "sound-not-finite"


def test_a_host_that_is_too_small_is_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "device_memory", lambda device: Memory(free=10**9, total=2 * 10**9))
    found = rehearse("hunyuanvideo-foley-xxl", device="cpu")
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["weights"]
    assert found.findings[0].code == "memory-short"
    assert found.findings[0].message.startswith("weights: hunyuanvideo-foley-xxl needs ")


def test_eight_bits_are_rehearsed_where_they_are_asked_for() -> None:
    found = rehearse("hunyuanvideo-foley-xl", device="cpu", tiny=True, precision="fp8")
    assert found.passed, found.findings
    assert found.precision == "fp8"
    assert FoleyRehearsal.precisions("cuda:0") == ("fp8", "bf16")


@pytest.mark.parametrize("precision", [None, "fp8"])
def test_a_small_card_gets_weights_as_they_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str | None
) -> None:
    card = Room("cuda:0", 4 * 10**9, 64 * 10**9, "NVIDIA T4")
    rehearsal = FoleyRehearsal(recipe("hunyuanvideo-foley-xxl"), Conditions("cuda:0", tmp_path, precision))
    way, taken = weights_asked(rehearsal, card, parts_synthetic, monkeypatch)
    assert way.parked
    assert way.resident is not None
    assert rehearsal.precision == taken == (precision or "bf16")


def test_sizes_are_told_from_the_least() -> None:
    loads = [size.load for size in FoleyRehearsal.sizes]
    assert loads == sorted(loads)
    assert {FoleyRehearsal.usual_size(device) for device in ("cpu", "cuda:0")} < {
        size.name for size in FoleyRehearsal.sizes
    }
