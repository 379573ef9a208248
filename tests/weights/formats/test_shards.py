"""A checkpoint in several files reads as one, or says which of them is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from greenroom.weights.contents import Stored
from greenroom.weights.errors import NotACheckpoint, TensorsDiffer, WeightsUnreadable
from greenroom.weights.fitting import check_fit
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
MAP = {"a": FIRST, "b": FIRST, "c": SECOND}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_file({"a": torch.ones(2), "b": torch.full((3,), 2.0)}, tmp_path / FIRST)
    save_file({"c": torch.full((1, 4), 3.0)}, tmp_path / SECOND)
    return tmp_path


def index(folder: Path, weight_map: Mapping[str, object]) -> Path:
    file = folder / "model.safetensors.index.json"
    file.write_text(json.dumps({"metadata": {"total_size": 36}, "weight_map": weight_map}))
    return file


@pytest.mark.parametrize("by_index", [True, False])
def test_several_files_read_as_one(folder: Path, by_index: bool) -> None:
    opened = open_weights(index(folder, MAP) if by_index else [folder / SECOND, folder / FIRST])
    assert opened.tensors == {
        "a": Stored("float32", (2,)), "b": Stored("float32", (3,)), "c": Stored("float32", (1, 4)),
    }  # fmt: skip
    for dtype in (torch.float32, torch.bfloat16):
        read = read_weights(opened, {name: name for name in "cab"}, "cpu", dtype)
        assert [(name, float(tensor.max()), tensor.dtype) for name, tensor in read.items()] == [
            ("c", 3.0, dtype), ("a", 1.0, dtype), ("b", 2.0, dtype),
        ]  # fmt: skip


def test_names_in_messages_are_short(folder: Path) -> None:
    assert open_weights([folder / FIRST, folder / SECOND]).name == f"{FIRST} and 1 more"
    assert open_weights([folder / FIRST]).name == FIRST
    opened = open_weights(index(folder, MAP))
    with pytest.raises(TensorsDiffer, match=r"model\.safetensors\.index\.json does not fit net: 1 missing \(d\)"):
        check_fit(opened.name, "net", {"a": (2,), "b": (3,), "c": (1, 4), "d": (1,)}, opened.tensors)


def test_scales_may_lie_in_another_file(folder: Path) -> None:
    save_file({"d.weight": torch.ones(4).to(torch.float8_e4m3fn)}, folder / FIRST)
    save_file({"d.scale_weight": torch.tensor([0.5])}, folder / SECOND)
    opened = open_weights([folder / FIRST, folder / SECOND])
    assert set(opened.tensors) == {"d.weight"}
    assert read_weights(opened, {"d": "d.weight"}, "cpu", torch.float32)["d"].tolist() == [0.5] * 4


def test_a_tensor_in_two_files_is_refused(folder: Path) -> None:
    save_file({"a": torch.ones(2)}, folder / SECOND)
    with pytest.raises(NotACheckpoint, match=f"{SECOND} holds 'a', and so does {FIRST}"):
        open_weights([folder / FIRST, folder / SECOND])


def test_what_no_index_lists_is_still_there(folder: Path) -> None:
    assert set(open_weights(index(folder, {"a": FIRST, "c": SECOND})).tensors) == {"a", "b", "c"}


@pytest.mark.parametrize("wrong", [{"d": FIRST}, {"c": FIRST}])
def test_what_an_index_lists_and_no_file_has(folder: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(NotACheckpoint, match=f"lists '{next(iter(wrong))}' in '{FIRST}', which has it not"):
        open_weights(index(folder, MAP | wrong))


def test_a_file_that_is_not_there_is_named(folder: Path) -> None:
    (folder / SECOND).unlink()
    with pytest.raises(WeightsUnreadable, match=f"{SECOND} cannot be read: No such file"):
        open_weights(index(folder, MAP))


@pytest.mark.parametrize(
    "elsewhere", ["../x.safetensors", "/etc/passwd", "..", "", "a/b", "a\0b", "\ud800", "a\x1b[31m", 3, None]
)
def test_an_index_leads_nowhere_else(folder: Path, elsewhere: object) -> None:
    with pytest.raises(NotACheckpoint, match="no index"):
        open_weights(index(folder, {"a": elsewhere}))


def test_an_index_of_itself_ends(folder: Path) -> None:
    with pytest.raises(NotACheckpoint):
        open_weights(index(folder, {"a": "model.safetensors.index.json"}))


@pytest.mark.parametrize("content", ["{}", '{"weight_map": []}', '{"weight_map": {}}', "{", '{"weight_map": 3}'])
def test_other_json_is_no_index(folder: Path, content: str) -> None:
    file = folder / "some.json"
    file.write_text(content)
    with pytest.raises(NotACheckpoint, match=r"some\.json is no checkpoint, and no index"):
        open_weights(file)
