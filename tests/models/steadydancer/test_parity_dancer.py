"""Our denoiser answers as the original on every golden case, and nothing of the cases is built into the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from greenroom.models.golden import run_case
from greenroom.models.steadydancer.dancer import adapters, block, embedding, fixed, rotary, transformer
from greenroom.models.steadydancer.dancer.rotary import Grid
from greenroom.models.steadydancer.dancer.transformer import Dancer
from greenroom.models.steadydancer.parity_dancer import DANCER
from greenroom.nn.wide_heads import norm_turn
from tests.models.steadydancer.networks import GOLDENS


def reasons(name: str) -> tuple[str, ...]:
    return run_case(GOLDENS / f"{name}.json", DANCER).reasons


@pytest.mark.parametrize("name", DANCER)
def test_we_answer_as_the_original_did(name: str) -> None:
    assert reasons(name) == ()


@pytest.mark.parametrize(
    ("option", "value"), [("in_channels", 20), ("eps", 1e-5), ("patch", [1, 1, 1]), ("new_option", 1), ("heads", 4)]
)
def test_an_option_that_there_is_no_code_for_is_not_passed_over(option: str, value: Any, tmp_path: Path) -> None:
    facts = json.loads((GOLDENS / "dit_full.json").read_text())
    facts["config"][option] = value
    (tmp_path / "dit_full.json").write_text(json.dumps(facts))
    save_file(load_file(GOLDENS / "dit_full.safetensors"), tmp_path / "dit_full.safetensors")
    assert run_case(tmp_path / "dit_full.json", DANCER).reasons


def test_the_gate_of_the_spatial_extractor_reaches_to_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "_hard", lambda x: functional.relu6(x + 3) / 6)
    assert reasons("spatial_extractor")


def test_alignment_is_over_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    own = adapters._Attention.forward

    def over_places(self: adapters._Attention, asking: Tensor, told: Tensor) -> Tensor:
        return own(self, asking.transpose(0, 1), told.transpose(0, 1)).transpose(0, 1)

    monkeypatch.setattr(adapters._Attention, "forward", over_places)
    assert reasons("frame_align")


def test_references_stand_behind_the_video(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = rotary.tables_of

    def in_front(grid: Grid, head_dim: int, *args: Any) -> Any:
        own = tables(grid, head_dim, *args)
        frame = grid.height * grid.width
        return type(own)(*(part.roll(-2 * frame, 0) for part in own))

    monkeypatch.setattr(fixed, "tables_of", in_front)
    assert any("velocity" in reason for reason in reasons("dit_full"))


def test_pictures_are_summed(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Dancer.seen
    monkeypatch.setattr(Dancer, "seen", lambda self, pictures: own(self, pictures) / 2)
    assert any("context" in reason for reason in reasons("dit_full"))


def test_rows_behind_a_text_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        transformer.Dancer,
        "told",
        lambda self, rows: functional.pad(
            self.text_embedding(rows), (0, 0, 0, self.architecture.text_tokens - len(rows))
        ),
    )
    assert any("context" in reason for reason in reasons("dit_full"))


def test_cosines_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    own = embedding.sinusoids
    monkeypatch.setattr(transformer, "sinusoids", lambda time, width: own(time, width).roll(width // 2))
    assert any("time" in reason for reason in reasons("dit_full"))


def test_the_gelu_is_the_one_by_tanh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block, "linear_gelu", lambda layer, x: functional.gelu(layer(x)))
    assert any("mlp" in reason for reason in reasons("wan_block"))


def test_queries_are_normed_over_the_whole_width(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = norm_turn

    def by_head(x: Tensor, weight: Tensor, eps: float, heads: int, tables: Any = None) -> Tensor:
        if tables is not None:
            return whole(x, weight, eps, heads, tables)
        own = x.view(len(x), heads, -1)
        return x.copy_(functional.rms_norm(own, own.shape[2:], None, eps).flatten(1) * weight)

    monkeypatch.setattr(block, "norm_turn", by_head)
    assert any("listen" in reason for reason in reasons("wan_block"))


def test_channels_of_the_video_come_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    own = torch.cat

    def swapped(parts: Any, *args: Any, **options: Any) -> Tensor:
        first, *others = parts
        if len(others) == 3 and first.shape[0] == 16:
            return own((first, others[0], others[2], others[1]))
        return own(parts, *args, **options)

    monkeypatch.setattr(torch, "cat", swapped)
    assert any("tokens" in reason for reason in reasons("dit_full"))
