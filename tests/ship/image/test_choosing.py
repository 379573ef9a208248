"""What an image is made of follows from facts: torch by the drivers of the GPUs, Python by the base."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.errors import GreenroomError
from greenroom.ship.image.blueprint import Wanted
from greenroom.ship.image.choosing import decide

F5 = Wanted("f5tts-v1-base", gpus=("ADA_24",))


def test_a_model_without_torch_needs_no_gpu() -> None:
    voice = decide(Wanted("voice-joe"))
    assert voice.torch is None
    assert voice.driver is None
    assert not voice.fetches
    assert not voice.on_runpod
    assert voice.python == "3.11"


def test_cuda_is_the_one_that_the_oldest_drivers_run() -> None:
    blueprint = decide(F5)
    assert blueprint.cuda == "12.6"
    assert blueprint.driver == "525"
    assert blueprint.gpus == ("NVIDIA L4", "NVIDIA GeForce RTX 4090")


@pytest.mark.parametrize("gpu", ["NVIDIA GeForce RTX 5090", "NVIDIA B200"])
def test_new_gpus_get_the_cuda_that_has_kernels_for_them(gpu: str) -> None:
    assert decide(replace(F5, gpus=(gpu,))).cuda == "12.8"


def test_one_build_runs_on_all_gpus_of_a_mixed_fleet() -> None:
    blueprint = decide(replace(F5, gpus=("NVIDIA A40", "NVIDIA GeForce RTX 5090")))
    assert blueprint.cuda == "12.8"
    assert blueprint.pools == ("ADA_32_PRO", "AMPERE_48")
    assert blueprint.excluded == ("NVIDIA RTX A6000",)


def test_a_gpu_that_is_in_no_pool_gets_no_endpoint() -> None:
    blueprint = decide(replace(F5, gpus=("NVIDIA B200",)))
    assert not blueprint.on_runpod
    assert "runpod" not in blueprint.parts.gains
    assert "NVIDIA B200: in no pool" in blueprint.decisions[-1]


def test_without_a_gpu_torch_is_the_one_for_the_cpu() -> None:
    blueprint = decide(replace(F5, gpus=("none",)))
    assert blueprint.torch is not None
    assert blueprint.torch.cuda == "cpu"
    assert blueprint.driver is None
    assert not blueprint.on_runpod


@pytest.mark.parametrize(
    ("wanted", "code", "words"),
    [
        (Wanted("f5tts-v1-base"), "input-invalid", "none is named"),
        (replace(F5, gpus=("ADA_25",)), "unknown-name", "did you mean"),
        (replace(F5, gpus=("none", "ADA_24")), "input-invalid", "beside another"),
        (replace(F5, gpus=("AMD Instinct MI300X OAM",)), "input-invalid", "not NVIDIA's"),
        (Wanted("voice-jo"), "unknown-name", "voice-joe"),
        (Wanted("wan21-vae"), "not-served", "cannot be served yet"),
        (Wanted("tests.serve.models:Noop"), "input-invalid", "class of your own"),
        (Wanted("voice-joe", base="debian"), "input-invalid", "no tag and no digest"),
        (Wanted("voice-joe", base="debian:12 AS x"), "input-invalid", "no tag"),
        (Wanted("voice-joe", base="registry.example:5000/debian"), "input-invalid", "no tag"),
    ],
)
def test_what_cannot_be_built_is_refused_with_a_mend(wanted: Wanted, code: str, words: str) -> None:
    with pytest.raises(GreenroomError) as raised:
        decide(wanted)
    assert raised.value.code == code
    assert words in f"{raised.value.message} {raised.value.mend}"


def test_a_lock_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pylock.toml").write_text("lock-version = 1")
    with pytest.raises(GreenroomError) as raised:
        decide(replace(F5, lock=tmp_path / "pylock.toml"))
    assert raised.value.code == "lock-invalid"
