"""Our transformer answers as the original on every golden case, and nothing of the cases is built into the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from greenroom.models.golden import run_case
from greenroom.models.seedvr2.parity_transformer import TRANSFORMER
from tests.models.seedvr2.networks import GOLDENS

LISTS = {"window_tables": "entries", "rope_tables": "cases", "timestep_transform": "rows"}


@pytest.mark.parametrize("name", TRANSFORMER)
def test_we_answer_as_the_original_did(name: str) -> None:
    result = run_case(GOLDENS / f"{name}.json", TRANSFORMER)
    assert result.reasons == ()


def changed_case(folder: Path, name: str, change: dict[str, Any]) -> tuple[str, ...]:
    """Why a case fails whose facts are changed."""
    facts = json.loads((GOLDENS / f"{name}.json").read_text()) | change
    (folder / f"{name}.json").write_text(json.dumps(facts))
    tensors = GOLDENS / f"{name}.safetensors"
    if tensors.exists():
        save_file(load_file(tensors), folder / f"{name}.safetensors")
    return run_case(folder / f"{name}.json", TRANSFORMER).reasons


@pytest.mark.parametrize("name", LISTS)
def test_what_is_compared_is_read_from_the_file(name: str, tmp_path: Path) -> None:
    (first, *others) = json.loads((GOLDENS / f"{name}.json").read_text())[LISTS[name]]
    reasons = changed_case(tmp_path, name, {LISTS[name]: [*reversed(others), others[0]]})
    if name == "rope_tables":  # the tensors of the case left out are then compared with nothing
        assert reasons == (f"outputs that nothing is compared with: {reasons[0].partition(': ')[2]}",)
        assert f"outputs.{first['id']}.freqs" in reasons[0]
    else:
        assert reasons == ()


@pytest.mark.parametrize(
    ("option", "value"), [("window", [4, 4, 4]), ("qk_bias", True), ("new_option", 1), ("emb_dim", 60)]
)
def test_an_option_that_there_is_no_code_for_is_not_passed_over(option: str, value: object, tmp_path: Path) -> None:
    config = json.loads((GOLDENS / "dit_3b.json").read_text())["config"]
    assert changed_case(tmp_path, "dit_3b", {"config": config | {option: value}})


def test_windows_that_do_not_alternate_are_not_passed_over(tmp_path: Path) -> None:
    config = json.loads((GOLDENS / "dit_7b.json").read_text())["config"]
    assert changed_case(
        tmp_path, "dit_7b", {"config": config | {"window_methods": [*reversed(config["window_methods"])]}}
    )
