"""Poses are found, fitted and drawn as the original does on every golden case; nothing of the cases is built in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

from greenroom.models.golden import run_case
from greenroom.models.steadydancer.parity_pose import POSE

GOLDENS = Path(__file__).parents[2] / "goldens" / "steadydancer"


@pytest.mark.parametrize("name", POSE)
def test_we_answer_as_the_original_did(name: str) -> None:
    assert run_case(GOLDENS / f"{name}.json", POSE).reasons == ()


@pytest.mark.parametrize(
    ("name", "error"),
    [("detector", 1e-5), ("pose_align", 1e-6), ("pose_negative", 1e-6), ("simcc_decode", 0), ("wholebody_map", 0)],
)
def test_we_are_nearer_than_the_case_asks_for(name: str, error: float) -> None:
    assert run_case(GOLDENS / f"{name}.json", POSE).error <= error


def changed_case(
    folder: Path, name: str, *, config: dict[str, Any] | None = None, tensors: dict[str, Tensor] | None = None
) -> tuple[str, ...]:
    """Why a case fails of which something is changed."""
    facts = json.loads((GOLDENS / f"{name}.json").read_text())
    (folder / f"{name}.json").write_text(json.dumps(facts | {"config": facts["config"] | (config or {})}))
    save_file(load_file(GOLDENS / f"{name}.safetensors") | (tensors or {}), folder / f"{name}.safetensors")
    return run_case(folder / f"{name}.json", POSE).reasons


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("detector", "outputs.letterbox1"),
        ("detector", "outputs.scale_w_h0"),
        ("detector", "outputs.scores"),
        ("detector", "outputs.labels"),
        ("detector", "outputs.people"),
        ("pose_align", "outputs.hands"),
        ("pose_align", "outputs.scales"),
        ("pose_align", "outputs.subset"),
        ("pose_align", "outputs.frames_16th"),
        ("pose_crop", "outputs.crop1"),
        ("pose_crop", "outputs.net_input0"),
        ("pose_draw", "outputs.partial_rgb"),
        ("pose_negative", "outputs.faces_negative"),
        ("simcc_decode", "outputs.keypoints_image_px"),
        ("simcc_decode", "inputs.flip_indices"),
        ("wholebody_map", "outputs.boxes_for_pose"),
        ("wholebody_map", "outputs.image_to_estimator"),
        ("wholebody_map", "outputs.hands"),
        ("wholebody_map", "outputs.faces"),
    ],
)
def test_each_number_is_compared(name: str, key: str, tmp_path: Path) -> None:
    tensor = load_file(GOLDENS / f"{name}.safetensors")[key].clone()
    last = tensor.view(-1)[-1]
    tensor.view(-1)[-1] = last + 1 if tensor.is_floating_point() else (int(last) + 9) % 128
    assert changed_case(tmp_path, name, tensors={key: tensor})


def test_sizes_and_seeds_are_read_from_the_case(tmp_path: Path) -> None:
    assert changed_case(tmp_path, "detector") == ()
    assert changed_case(tmp_path, "detector", config={"person_score": 0.9})
    assert changed_case(tmp_path, "pose_crop", config={"input_w_h": [48, 36]})
    assert changed_case(tmp_path, "pose_negative", config={"python_random_seed": 2025})
    assert changed_case(tmp_path, "wholebody_map", config={"detect_resolution": 192})
    assert changed_case(tmp_path, "pose_align", config={"video_h_w": [360, 640]})
