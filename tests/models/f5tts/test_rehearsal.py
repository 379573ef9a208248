"""F5-TTS rehearsed with tiny networks: the whole way, what is missing, what its texts are like."""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path

import pytest
import torch

from greenroom.models.f5tts import rehearsal as family
from greenroom.models.f5tts.architecture import PUBLISHED, Architecture
from greenroom.models.f5tts.engine import Engine
from greenroom.models.f5tts.packed_dit import is_packable
from greenroom.models.f5tts.rehearsal import F5Rehearsal
from greenroom.models.f5tts.synthetic import (
    TINY_VOCOS,
    synthetic_flow,
    synthetic_vocabulary,
    synthetic_vocos,
    tiny,
)
from greenroom.models.f5tts.vocabulary import Vocabulary
from greenroom.models.rehearsal import Conditions
from greenroom.models.rehearsed import Rehearsed
from greenroom.models.rehearsing import rehearse
from greenroom.recipes.catalogue import recipe
from greenroom.runtime.device import Memory
from tests.models.f5tts.networks import row

CPU = torch.device("cpu")


def rehearsed(name: str) -> Rehearsed:
    return rehearse(name, device="cpu", tiny=True)


@pytest.mark.parametrize("name", ["f5tts-v1-base", "f5tts-base", "e2tts-base"])
def test_every_model_of_the_family_goes_its_whole_way(name: str) -> None:
    found = rehearsed(name)
    assert found.passed
    assert not found.findings
    assert [stage.name for stage in found.stages] == [
        "libraries", "recording", "device", "weights", "prompt", "text", "sampling", "vocoder", "level", "encode",
    ]  # fmt: skip
    assert found.precision == "fp32"
    assert found.host_peak


def test_rows_are_taken_together_as_the_batcher_takes_them() -> None:
    long, short = row(1430, 496, 60), row(100, 50, 10)
    assert [len(batch) for batch in family._batches([long] * 20)] == [8, 8, 4]
    assert [len(batch) for batch in family._batches([short] * 40)] == [32, 8]
    assert [len(batch) for batch in family._batches([long])] == [1]


def test_without_a_listener_it_goes_on_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soundswallower", None)
    found = rehearsed("f5tts-v1-base")
    assert found.passed
    assert [(finding.code, finding.severity) for finding in found.findings] == [("library-missing", "warning")]


def test_without_the_reader_it_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rjieba", None)
    found = rehearsed("f5tts-v1-base")
    assert not found.passed
    (finding,) = found.findings
    assert finding.code == "extra-missing"
    assert "greenroom[models]" in finding.mend
    assert [stage.state for stage in found.stages][:2] == ["failed", "not run"]


def test_networks_of_no_number_fail_at_the_vocoder(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = synthetic_vocos(CPU, TINY_VOCOS)
    with torch.no_grad():
        next(broken.parameters()).fill_(math.nan)
    module = importlib.import_module("greenroom.models.f5tts.synthetic")
    monkeypatch.setattr(module, "synthetic_vocos", lambda *_: broken)
    found = rehearsed("f5tts-v1-base")
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["vocoder"]
    assert found.findings[0].code == "sound-not-finite"


def test_a_host_that_is_too_small_is_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "device_memory", lambda device: Memory(free=1_000_000_000, total=2_000_000_000))
    found = rehearse("f5tts-v1-base", device="cpu")
    assert [stage.name for stage in found.stages if stage.state == "failed"] == ["weights"]
    assert found.findings[0].message == ("weights: f5tts-v1-base needs 1.3 GB of memory; cpu has 1.0 GB for models")


def test_a_gpu_warms_up_and_takes_all_steps(tmp_path: Path) -> None:
    on_gpu = F5Rehearsal(recipe("f5tts-v1-base"), Conditions("cuda:0", tmp_path))
    assert [stage.name for stage in on_gpu.prepare()][-1] == "warm-up"
    assert (on_gpu._steps(hurried=False), on_gpu._steps(hurried=True)) == (32, 2)
    assert F5Rehearsal.precisions("cuda:0") == ("fp16", "fp32")
    on_gpu.forget()  # before there is an engine


def test_without_triton_the_slower_way_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_gpu = F5Rehearsal(recipe("f5tts-v1-base"), Conditions("cuda:0", tmp_path, precision="fp16"))
    architecture = tiny(PUBLISHED["f5tts-v1-base"])
    on_gpu._engine = Engine.of(synthetic_flow(architecture, CPU, torch.float32), synthetic_vocos(CPU, TINY_VOCOS))
    assert on_gpu._plain_way() == ()  # this machine has Triton: the card or the network has a reason of its own
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert [finding.code for finding in on_gpu._plain_way()] == ["library-missing"]


@pytest.mark.parametrize("seconds", [1.0, 10.0, 30.0])
def test_texts_are_as_long_as_their_time(seconds: float) -> None:
    text = family._text_of(seconds)
    assert text.endswith(".")
    assert seconds * 9 <= len(text) <= seconds * 10 + 12


def test_an_invented_vocabulary_spells_english() -> None:
    tokens = synthetic_vocabulary(2545)
    assert len(set(tokens)) == 2545
    vocabulary = Vocabulary.of_tokens(tokens)
    assert not vocabulary.unknown(family._text_of(30.0))


@pytest.mark.parametrize("architecture", PUBLISHED.values(), ids=lambda a: a.name)
def test_a_tiny_network_keeps_its_options(architecture: Architecture) -> None:
    small = tiny(architecture)
    assert (small.backbone, small.pe_attn_head) == (architecture.backbone, architecture.pe_attn_head)
    assert is_packable(small) == is_packable(architecture)
    flow = synthetic_flow(small, CPU, torch.float16)
    assert sum(weight.numel() for weight in flow.parameters()) < 5_000_000
    assert not any(tensor.is_meta for tensor in flow.state_dict().values())
    assert flow.dtype == torch.float16
