"""What stands around the denoiser answers as the original on every golden case; nothing of the cases is built in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

from greenroom.models.foley.parity_media import MEDIA
from greenroom.models.golden import run_case
from tests.models.foley.networks import GOLDENS


@pytest.mark.parametrize("name", MEDIA)
def test_we_answer_as_the_original_did(name: str) -> None:
    assert run_case(GOLDENS / f"{name}.json", MEDIA).reasons == ()


def test_frames_are_prepared_to_the_last_level() -> None:
    """Much closer than the case asks for: a level is 0.008."""
    assert run_case(GOLDENS / "11_preprocessing.json", MEDIA).error < 1e-6


def changed_case(
    folder: Path, name: str, facts: dict[str, Any] | None = None, tensors: dict[str, Tensor] | None = None
) -> tuple[str, ...]:
    """Why a case fails of which something was changed."""
    given = json.loads((GOLDENS / f"{name}.json").read_text()) | (facts or {})
    (folder / f"{name}.json").write_text(json.dumps(given))
    beside = GOLDENS / f"{name}.safetensors"
    if beside.exists():
        save_file(load_file(beside) | (tensors or {}), folder / beside.name)
    return run_case(folder / f"{name}.json", MEDIA).reasons


@pytest.mark.parametrize(
    ("name", "key"),
    [
        *(("08_dac_vae", f"outputs.{key}") for key in ("decoded", "post_logvar", "kl", "reconstruction_from_mean")),
        *(("09_synchformer_visual", f"outputs.{key}") for key in ("features", "tokens_first", "tokens_last")),
        ("11_preprocessing", "outputs.siglip2.480x270"),
        ("11_preprocessing", "outputs.synchformer_mean.90x160"),
    ],
)
def test_each_number_is_compared(name: str, key: str, tmp_path: Path) -> None:
    tensor = load_file(GOLDENS / f"{name}.safetensors")[key].clone()
    tensor.view(-1)[-1] += 0.03
    assert changed_case(tmp_path, name, tensors={key: tensor})


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        (0, "seconds", 2.0),
        (0, "latent_length", 99),
        (0, "siglip2_tokens", 15),
        (0, "audio_samples", 94_081),
        (0, "sync_segments", 6),
        (0, "sync_tokens", 48),
        (0, "synchformer_indices", [0, 1, 2]),
        (-1, "sync_segments", 1),
    ],
)
def test_each_fact_of_a_video_is_compared(place: int, key: str, value: object, tmp_path: Path) -> None:
    videos = json.loads((GOLDENS / "10_frame_sampling.json").read_text())["videos"]
    assert changed_case(tmp_path, "10_frame_sampling", {"videos": videos}) == ()
    videos[place][key] = value
    assert changed_case(tmp_path, "10_frame_sampling", {"videos": videos})


def test_each_length_is_compared(tmp_path: Path) -> None:
    table = json.loads((GOLDENS / "10_frame_sampling.json").read_text())["length_table"]
    table[-1]["latent_length"] += 1
    [reason] = changed_case(tmp_path, "10_frame_sampling", {"length_table": table})
    assert f"{table[-1]['sync_frames']} frames" in reason


def test_sizes_and_rates_are_read_from_the_case(tmp_path: Path) -> None:
    config = json.loads((GOLDENS / "08_dac_vae.json").read_text())["config"]
    assert changed_case(tmp_path, "08_dac_vae", {"config": config | {"decoder_rates": [8, 5, 4, 2, 3]}})
    assert changed_case(tmp_path, "08_dac_vae", {"config": config | {"hop_length": 480}})
    frames = json.loads((GOLDENS / "11_preprocessing.json").read_text())["config"]["cases"]
    frames[0]["shift"] = 4
    assert changed_case(tmp_path, "11_preprocessing", {"config": {"cases": frames}})
