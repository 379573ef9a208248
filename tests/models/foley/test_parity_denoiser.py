"""Our denoiser answers as the original on every golden case, and nothing of the cases is built into the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from greenroom.models.foley import parity_denoiser
from greenroom.models.foley.architecture import NORM_EPS
from greenroom.models.foley.mmdit import single_block
from greenroom.models.foley.mmdit.embedding import sinusoids
from greenroom.models.foley.parity_denoiser import DENOISER
from greenroom.models.golden import run_case
from tests.models.foley.networks import GOLDENS


@pytest.mark.parametrize("name", DENOISER)
def test_we_answer_as_the_original_did(name: str) -> None:
    assert run_case(GOLDENS / f"{name}.json", DENOISER).reasons == ()


def changed_case(folder: Path, name: str, change: dict[str, Any]) -> tuple[str, ...]:
    """Why a case fails whose facts are changed."""
    facts = json.loads((GOLDENS / f"{name}.json").read_text()) | change
    (folder / f"{name}.json").write_text(json.dumps(facts))
    save_file(load_file(GOLDENS / f"{name}.safetensors"), folder / f"{name}.safetensors")
    return run_case(folder / f"{name}.json", DENOISER).reasons


@pytest.mark.parametrize(
    ("option", "value"), [("sync_modulation", True), ("rope_theta", 500), ("new_option", 1), ("mlp_ratio", 2)]
)
def test_an_option_that_there_is_no_code_for_is_not_passed_over(option: str, value: object, tmp_path: Path) -> None:
    config = json.loads((GOLDENS / "05_mmdit_forward.json").read_text())["config"]
    config["model_kwargs"][option] = value
    assert changed_case(tmp_path, "05_mmdit_forward", {"config": config})


@pytest.mark.parametrize("change", [{"steps": 3}, {"guidance_scale": 4.0}, {"solver": "heun-2"}, {"shift": 2.0}])
def test_what_is_compared_is_read_from_the_case(change: dict[str, object], tmp_path: Path) -> None:
    config = json.loads((GOLDENS / "07_denoise_loop_cfg.json").read_text())["config"] | change
    assert changed_case(tmp_path, "07_denoise_loop_cfg", {"config": config})


def test_times_are_compared_to_a_last_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of their exponentials; another formula is further away."""
    name = "02_norms_and_embeddings"
    monkeypatch.setattr(parity_denoiser, "sinusoids", lambda at, width: sinusoids(at * (1 + 2.0**-18), width))
    assert any("time 1000" in reason for reason in run_case(GOLDENS / f"{name}.json", DENOISER).reasons)
    monkeypatch.setattr(parity_denoiser, "sinusoids", lambda at, width: sinusoids(at, width).roll(1, 1))
    assert run_case(GOLDENS / f"{name}.json", DENOISER).reasons


def test_a_fault_in_one_layer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_block, "SINGLE_NORM_EPS", NORM_EPS)
    assert all("x_small" in reason for reason in run_case(GOLDENS / "04_single_block.json", DENOISER).reasons)
    assert run_case(GOLDENS / "04_single_block.json", DENOISER).reasons
