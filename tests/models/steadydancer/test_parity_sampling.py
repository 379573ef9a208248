"""Sampling and sizes answer as the original on every golden case, and nothing of the cases is built into the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from greenroom.models.golden import run_case
from greenroom.models.steadydancer.parity_sampling import SAMPLING

GOLDENS = Path(__file__).parents[2] / "goldens" / "steadydancer"


@pytest.mark.parametrize("name", SAMPLING)
def test_we_answer_as_the_original_did(name: str) -> None:
    assert run_case(GOLDENS / f"{name}.json", SAMPLING).reasons == ()


def test_solvers_are_nearer_than_the_case_asks_for() -> None:
    """Weights in float64 instead of float32: some last places, of numbers up to 3.4."""
    assert run_case(GOLDENS / "scheduler_steps.json", SAMPLING).error < 1e-6


def changed_case(folder: Path, name: str, config: dict[str, Any]) -> tuple[str, ...]:
    """Why a case fails whose configuration is changed."""
    facts = json.loads((GOLDENS / f"{name}.json").read_text())
    facts["config"] |= config
    (folder / f"{name}.json").write_text(json.dumps(facts))
    save_file(load_file(GOLDENS / f"{name}.safetensors"), folder / f"{name}.safetensors")
    return run_case(folder / f"{name}.json", SAMPLING).reasons


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("scheduler_tables", {"num_train_timesteps": 999}),
        ("scheduler_steps", {"shift": 4.9}),
        ("cfg_combine", {"guide_scale": 4.9}),
        ("cfg_combine", {"condition_guide_scale": 1.1}),
        ("bucket_sizes", {"areas": {"832*480": 1, "1024*576": 589824, "1280*720": 921600, "1024*800": 819200}}),
    ],
)
def test_what_is_compared_is_read_from_the_case(name: str, config: dict[str, Any], tmp_path: Path) -> None:
    assert changed_case(tmp_path, name, {}) == ()
    assert changed_case(tmp_path, name, config)


def test_each_row_of_the_tables_is_compared(tmp_path: Path) -> None:
    table = json.loads((GOLDENS / "cfg_combine.json").read_text())["config"]["table"]
    table[-1]["total_forwards"] += 1
    assert changed_case(tmp_path, "cfg_combine", {"table": table})
    rows = json.loads((GOLDENS / "bucket_sizes.json").read_text())["config"]["rows"]
    rows[-1]["pose_picture_h_w"][0] += 16
    assert changed_case(tmp_path, "bucket_sizes", {"rows": rows})
