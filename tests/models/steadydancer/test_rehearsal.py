"""The family rehearsed with tiny networks: the whole way, what fails on it, and what is too large for a host."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.models.rehearsal import Conditions, Library
from greenroom.models.rehearsed import Rehearsed
from greenroom.models.rehearsing import rehearse
from greenroom.models.steadydancer import parts_synthetic
from greenroom.models.steadydancer import rehearsal as family
from greenroom.models.steadydancer.engine import Engine
from greenroom.models.steadydancer.rehearsal import SteadyDancerRehearsal
from greenroom.models.steadydancer.sampling.sampler import Sampled
from greenroom.recipes.catalogue import recipe
from greenroom.runtime import rooms
from greenroom.runtime.device import Memory
from greenroom.runtime.rooms import Room
from tests.models.small_cards import weights_asked


def rehearsed(precision: str | None = None) -> Rehearsed:
    return rehearse("steadydancer-14b", device="cpu", tiny=True, precision=precision)


def test_a_clip_goes_its_whole_way() -> None:
    found = rehearsed()
    assert not found.findings
    assert found.passed
    stages = {stage.name: stage.words for stage in found.stages}
    assert [*stages] == [
        "libraries", "device", "weights", "plan", "pictures", "reading", "seeing", "posing", "sampling", "decoding",
        "file",
    ]  # fmt: skip
    assert (found.precision, found.size) == ("fp32", "64x64x5")
    assert stages["plan"].endswith(" GB at most")
    assert stages["sampling"] == "9 of 91 passes"
    assert stages["decoding"] == "5 frames"
    assert stages["file"].startswith("h264 ")


def test_latents_of_no_number_fail_at_the_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = Engine.sample

    def broken(*args: object, **options: object) -> Sampled:
        made = sample(*args, **options)  # type: ignore[arg-type]  # as it was asked
        return replace(made, latents=made.latents * float("nan"))

    monkeypatch.setattr(Engine, "sample", broken)
    found = rehearsed()
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["decoding"]
    assert found.findings[0].code == "frames-not-finite"


def test_frames_that_are_missing_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    decode = Engine.decode
    monkeypatch.setattr(Engine, "decode", lambda *args: [frames[:1] for frames in decode(*args)])
    found = rehearsed()
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["decoding"]
    assert found.findings[0].code == "rehearsal-failed"


def test_a_host_that_is_too_small_is_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "device_memory", lambda device: Memory(free=10**9, total=2 * 10**9))
    found = rehearse("steadydancer-14b", device="cpu")
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["weights"]
    assert found.findings[0].code == "memory-short"
    assert found.findings[0].message.startswith("weights: steadydancer-14b needs ")
    assert found.findings[0].mend.endswith("--tiny")


@pytest.mark.parametrize("precision", ["fp8", "fp8-products"])
def test_eight_bits_are_rehearsed_where_they_are_asked_for(precision: str) -> None:
    found = rehearsed(precision=precision)
    assert found.passed, found.findings
    assert found.precision == precision


@pytest.mark.parametrize("precision", [None, "fp8"])
def test_a_small_card_gets_weights_as_they_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str | None
) -> None:
    card = Room("cuda:0", 15 * 10**9, 64 * 10**9, "NVIDIA L4")
    rehearsal = SteadyDancerRehearsal(recipe("steadydancer-14b"), Conditions("cuda:0", tmp_path, precision))
    way, taken = weights_asked(rehearsal, card, parts_synthetic, monkeypatch)
    assert way.parked
    assert way.resident is not None
    assert rehearsal.precision == taken == (precision or "bf16")


def test_sizes_are_told_from_the_least() -> None:
    loads = [size.load for size in SteadyDancerRehearsal.sizes]
    assert loads == sorted(loads)
    assert {SteadyDancerRehearsal.usual_size(device) for device in ("cpu", "cuda:0")} < {
        size.name for size in SteadyDancerRehearsal.sizes
    }
    assert SteadyDancerRehearsal.precisions("cuda:0") == ("fp8", "fp8-products", "bf16")


def test_what_is_not_installed_is_missed_by_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "_NEEDED", (Library("greenroom_has_no_such", "no-such", "animate"),))
    found = rehearsed()
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["libraries"]
    assert "greenroom[animate]" in found.findings[0].mend


def test_nothing_of_it_is_imported_before_it_is_asked_for() -> None:
    names = "('torch', 'cv2', 'onnxruntime', 'numpy')"
    asked = (
        f"import sys, greenroom.models.steadydancer.rehearsal; print([name for name in {names} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
