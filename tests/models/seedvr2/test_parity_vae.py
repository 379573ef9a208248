"""What stands around the transformer answers as the original on every golden case; nothing of the cases is built in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

from greenroom.models.golden import run_case
from greenroom.models.seedvr2.parity_vae import AROUND
from tests.models.seedvr2.networks import GOLDENS


@pytest.mark.parametrize("name", AROUND)
def test_we_answer_as_the_original_did(name: str) -> None:
    result = run_case(GOLDENS / f"{name}.json", AROUND)
    assert result.reasons == ()


def changed_case(folder: Path, name: str, facts: dict[str, Any], tensors: dict[str, Tensor]) -> tuple[str, ...]:
    """Why a case fails of which something was changed."""
    given = json.loads((GOLDENS / f"{name}.json").read_text()) | facts
    (folder / f"{name}.json").write_text(json.dumps(given))
    save_file(load_file(GOLDENS / f"{name}.safetensors") | tensors, folder / f"{name}.safetensors")
    return run_case(folder / f"{name}.json", AROUND).reasons


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("vae_a", "outputs.clip9.decoded"),
        ("vae_tiled_port", "outputs.moments_tiled"),
        ("preprocess", "outputs.1.pixels"),
        ("temporal_port", "outputs.blend8"),
        ("colour_fix", "outputs.content_low_band"),
    ],
)
def test_each_number_is_compared(name: str, key: str, tmp_path: Path) -> None:
    tensor = load_file(GOLDENS / f"{name}.safetensors")[key].clone()
    tensor.view(-1)[-1] += 0.01
    assert changed_case(tmp_path, name, {}, {key: tensor})


def test_a_colour_may_be_another_in_a_few_pixels_only(tmp_path: Path) -> None:
    theirs = load_file(GOLDENS / "colour_port.safetensors")["outputs.hsv"]
    few, many = theirs.clone(), theirs.clone()
    few.view(-1)[:8] += 0.01
    many.view(-1)[:20] += 0.01
    assert changed_case(tmp_path, "colour_port", {}, {"outputs.hsv": few}) == ()
    [reason] = changed_case(tmp_path, "colour_port", {}, {"outputs.hsv": many})
    assert reason.startswith("hsv: ")


def test_sizes_and_places_are_read_from_the_file(tmp_path: Path) -> None:
    facts = json.loads((GOLDENS / "preprocess.json").read_text())
    sizes, padding = facts["sizes"][1:3], facts["temporal_padding"][5:7]
    assert changed_case(tmp_path, "preprocess", {"sizes": sizes, "temporal_padding": padding}, {}) == ()
    sizes[0]["cropped"] = [704, 1280]
    padding[0]["source_index"][-1] = 4
    assert len(changed_case(tmp_path, "preprocess", {"sizes": sizes, "temporal_padding": padding}, {})) == 2


def test_an_option_that_there_is_no_code_for_is_not_passed_over(tmp_path: Path) -> None:
    config = json.loads((GOLDENS / "vae_a.json").read_text())["config"]
    [reason] = changed_case(tmp_path, "vae_a", {"config": config | {"inflation_mode": "tail"}}, {})
    assert "inflation_mode" in reason
