"""Our answers equal the original's on every golden case; and nothing of the cases is built into what runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from greenroom.models.f5tts.joining import join, restored
from greenroom.models.f5tts.mel import MelSpec, htk_filters, log_mel, resample, slaney_filters
from greenroom.models.f5tts.parity import CASES
from greenroom.models.golden import run_case

GOLDENS = Path(__file__).parents[2] / "goldens" / "f5tts"
NAMES = sorted(file.stem for file in GOLDENS.glob("*.json"))


def test_there_is_a_golden_for_each_case() -> None:
    assert sorted(CASES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_we_answer_as_the_original_did(name: str) -> None:
    result = run_case(GOLDENS / f"{name}.json", CASES)
    assert result.reasons == ()


def others(facts: dict[str, Any]) -> dict[str, Any]:
    """The same case with other calls and items: in another order, the first twice, the last left out."""
    for value in (facts, facts.get("command_line", {})):
        for section in ("calls", "items", "single", "fixed_total", "chunked", "web_ui", "ref_text"):
            if section in value:
                *kept, _ = value[section]
                value[section] = [*reversed(kept), kept[0]]
    if "batch_padding" in facts:  # rows of the items, as they stand now
        rows = [0, len(facts["items"]) - 1]
        ids = [facts["items"][row]["ids"] for row in rows]
        longest = max(map(len, ids))
        facts["batch_padding"] = {"rows": rows, "ids": [[*row, *[-1] * (longest - len(row))] for row in ids]}
    return facts


def keys_in(value: Any) -> set[str]:
    """Every string within a value of JSON."""
    if isinstance(value, str):
        return {value}
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {key for part in parts for key in keys_in(part)}


# Cases with one call, or that are no list, cannot lose one.
LISTED = [name for name in NAMES if name not in ("checkpoint_layout", "published_keys", "tts_end_to_end")]


def test_what_a_text_may_leave_to_the_defaults_may_be_left_out(tmp_path: Path) -> None:
    facts = json.loads((GOLDENS / "durations.json").read_text())
    for item in facts["single"]:
        for name, default in (("speed", 1.0), ("fix_duration", None)):
            if item[name] == default:
                del item[name]
    assert any("speed" not in item and "fix_duration" not in item for item in facts["single"])
    (tmp_path / "durations.json").write_text(json.dumps(facts))
    assert run_case(tmp_path / "durations.json", CASES).reasons == ()


@pytest.mark.parametrize("name", LISTED)
def test_calls_are_read_from_the_file(name: str, tmp_path: Path) -> None:
    facts = others(json.loads((GOLDENS / f"{name}.json").read_text()))
    tensors_file = GOLDENS / f"{name}.safetensors"
    if tensors_file.exists():
        called = keys_in(facts.get("calls", []))
        kept = {
            key: tensor
            for key, tensor in load_file(tensors_file).items()
            if not key.startswith("outputs.") or key in called or key.startswith("outputs.rope_")
        }
        facts["tensors"] = {key: listed for key, listed in facts["tensors"].items() if key in kept}
        save_file(kept, tmp_path / f"{name}.safetensors")
    (tmp_path / f"{name}.json").write_text(json.dumps(facts))
    assert run_case(tmp_path / f"{name}.json", CASES).reasons == ()


def write(folder: Path, name: str, facts: dict[str, Any], tensors: dict[str, torch.Tensor]) -> Path:
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"case": name, "tolerance": {"atol": 1e-6, "rtol": 0.0}, **facts}))
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, folder / f"{name}.safetensors")
    return file


def test_mel_sizes_are_read_from_the_file(tmp_path: Path) -> None:
    config = {"sample_rate": 16_000, "n_fft": 512, "hop_length": 128, "win_length": 400, "n_mel_channels": 30}
    sizes = {"rate": 16_000, "n_fft": 512, "hop": 128, "window": 400, "bands": 30}
    wave = torch.randn(3, 2000, generator=torch.Generator().manual_seed(0))
    tensors = {
        "inputs.wave": wave,
        "outputs.v": log_mel(wave, MelSpec("vocos", **sizes)),
        "outputs.b": log_mel(wave, MelSpec("bigvgan", **sizes)),
        "outputs.r": resample(wave, 8000),
        "outputs.mel_filterbank_vocos_rows_3_9": htk_filters(16_000, 512, 30)[3:9],
        "outputs.mel_filterbank_bigvgan_rows_0_5": slaney_filters(16_000, 512, 30)[:5, :7],
    }
    calls = [
        {"op": "mel.vocos", "args": {"wave": "inputs.wave"}, "outputs": {"logmel": "outputs.v"}},
        {"op": "mel.bigvgan", "args": {"wave": "inputs.wave"}, "outputs": {"logmel": "outputs.b"}},
        {
            "op": "resample_to_24000",
            "args": {"wave": "inputs.wave", "sample_rate": 8000},
            "outputs": {"wave24k": "outputs.r"},
        },
    ]
    assert tensors["outputs.v"].shape == (3, 30, 16)
    assert run_case(write(tmp_path, "mel", {"config": config, "calls": calls}, tensors), CASES).reasons == ()


def test_cross_fades_are_read_from_the_file(tmp_path: Path) -> None:
    tensors = {f"inputs.{i}": torch.full((100 + i,), float(i)) for i in range(5)}
    waves = [restored(chunk.numpy(), 0.05, 0.2) for chunk in tensors.values()]
    tensors["outputs.w"] = torch.from_numpy(join(waves, 40))
    arguments = {
        "chunks": [f"inputs.{i}" for i in range(5)],
        "cross_fade_duration": 0.005,
        "reference_rms": 0.05,
        "target_rms": 0.2,
    }
    calls = [{"op": "join_chunks", "args": arguments, "outputs": {"wave": "outputs.w"}}]
    facts = {"config": {"sample_rate": 8000}, "calls": calls}
    assert run_case(write(tmp_path, "cross_fade", facts, tensors), CASES).reasons == ()
