"""The autoencoder and both encoders answer as the original on every golden case; nothing of the cases is built in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

from greenroom.models.golden import run_case
from greenroom.models.steadydancer.parity_encoders import ENCODERS

GOLDENS = Path(__file__).parents[2] / "goldens" / "steadydancer"


@pytest.mark.parametrize("name", ENCODERS)
def test_we_answer_as_the_original_did(name: str) -> None:
    assert run_case(GOLDENS / f"{name}.json", ENCODERS).reasons == ()


def changed_case(
    folder: Path, name: str, config: dict[str, Any] | None = None, tensors: dict[str, Tensor] | None = None
) -> tuple[str, ...]:
    """Why a case fails of which something was changed."""
    facts = json.loads((GOLDENS / f"{name}.json").read_text())
    facts["config"] |= config or {}
    (folder / f"{name}.json").write_text(json.dumps(facts))
    save_file(load_file(GOLDENS / f"{name}.safetensors") | (tensors or {}), folder / f"{name}.safetensors")
    return run_case(folder / f"{name}.json", ENCODERS).reasons


OUTPUTS = [
    *(("vae", key) for key in ("latent_t1", "latent_t9", "decoded_t1", "decoded_t3")),
    *(("text_encoder", f"rows{place}") for place in range(2)),
    ("image_encoder", "tokens"),
]


@pytest.mark.parametrize(("name", "key"), OUTPUTS)
def test_each_number_is_compared(name: str, key: str, tmp_path: Path) -> None:
    tensor = load_file(GOLDENS / f"{name}.safetensors")[f"outputs.{key}"].clone()
    tensor.view(-1)[-1] += 0.03
    assert changed_case(tmp_path, name, tensors={f"outputs.{key}": tensor})


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("vae", {"mean": [0.0] * 16}),
        ("vae", {"std": [1.0] * 16}),
        ("vae", {"res_blocks": 1}),
        ("vae", {"temporal_downsample": [False, False, True]}),
        ("text_encoder", {"lengths": [6, 22]}),
        ("text_encoder", {"num_heads": 8}),
        ("image_encoder", {"norm_eps": 0.1}),
        ("image_encoder", {"blocks_used": 1}),
    ],
)
def test_sizes_are_read_from_the_case(name: str, config: dict[str, Any], tmp_path: Path) -> None:
    assert changed_case(tmp_path, name) == ()
    assert changed_case(tmp_path, name, config)
