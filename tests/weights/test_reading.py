"""Checkpoints are opened without reading tensors; what is damaged says how. More of it: test_checkpoint."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from greenroom.weights.contents import Stored
from greenroom.weights.errors import NotACheckpoint, WeightsTruncated, WeightsUnreadable
from greenroom.weights.reading import open_weights

WEIGHTS = {"a.weight": torch.arange(6.0).view(2, 3), "b": torch.ones(4, dtype=torch.bfloat16), "n": torch.tensor(7)}
LISTED = {"a.weight": Stored("float32", (2, 3)), "b": Stored("bfloat16", (4,)), "n": Stored("int64", ())}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "some.safetensors"
    save_file(WEIGHTS, made, metadata={"format": "pt"})
    return made


def with_header(file: Path, header: dict[str, object], tail: bytes = b"") -> Path:
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + tail)
    return file


def test_safetensors_are_listed_and_read(file: Path) -> None:
    opened = open_weights(file)
    assert opened.name == "some.safetensors"
    assert opened.tensors == LISTED
    for name, tensor in WEIGHTS.items():
        assert torch.equal(opened.read(name), tensor)


@pytest.mark.parametrize("zipped", [True, False])
def test_torch_files_are_listed_and_read(tmp_path: Path, zipped: bool) -> None:
    file = tmp_path / "some.bin"
    torch.save(WEIGHTS, file, _use_new_zipfile_serialization=zipped)
    opened = open_weights(file)
    assert opened.tensors == LISTED
    assert torch.equal(opened.read("a.weight"), WEIGHTS["a.weight"])


def test_the_first_section_that_is_there_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "some.pt"
    torch.save({"raw": {"x": torch.zeros(1)}, "average": {"y": torch.zeros(2), "step": 3}, "note": "n"}, file)
    assert set(open_weights(file, ("average", "raw")).tensors) == {"y", "step"}
    assert set(open_weights(file, ("raw", "average")).tensors) == {"x"}
    with pytest.raises(NotACheckpoint, match="without weights"):
        open_weights(file, ("other",))


def test_the_name_of_a_file_says_nothing(file: Path) -> None:
    assert open_weights(file.rename(file.with_name("some.pt"))).tensors == LISTED


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("zipped", [True, False])
def test_no_code_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "some.pt"
    torch.save({"a": torch.zeros(1), "b": Harmful()}, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(NotACheckpoint, match="would run code"):
        open_weights(file)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("kept", [2, 30, 100, 900])
def test_a_torch_file_of_the_old_format_may_end_early_too(tmp_path: Path, kept: int) -> None:
    file = tmp_path / "some.pt"
    torch.save({"a": torch.zeros(500)}, file, _use_new_zipfile_serialization=False)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(WeightsUnreadable):
        open_weights(file)


def test_a_plain_pickle_is_no_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "some.pkl"
    file.write_bytes(pickle.dumps({"a": [1, 2, 3]}))
    with pytest.raises(NotACheckpoint) as caught:
        open_weights(file)
    assert "download it again" in caught.value.mend


def test_a_zip_of_something_else_is_no_checkpoint(tmp_path: Path) -> None:
    import zipfile

    file = tmp_path / "some.zip"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("readme.txt", "hello")
    with pytest.raises(NotACheckpoint, match="no torch file"):
        open_weights(file)


def test_a_missing_byte_is_missed(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(WeightsTruncated, match=r"holds 39 bytes of tensors, where its header lists 40"):
        open_weights(file)


def test_bytes_too_many_are_seen(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0\0")
    with pytest.raises(NotACheckpoint, match="goes on for 2 bytes"):
        open_weights(file)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0]},
        {"dtype": "F32", "shape": None, "data_offsets": [0, 8]},
        {"shape": [2], "data_offsets": [0, 8]},
        [1, 2],
    ],
)
def test_a_header_that_makes_no_sense_is_damaged(file: Path, entry: object) -> None:
    with pytest.raises(NotACheckpoint, match="damaged header"):
        open_weights(with_header(file, {"a": entry}, b"\0" * 8))


def test_tensors_that_overlap_are_damaged(file: Path) -> None:
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    with pytest.raises(NotACheckpoint, match="damaged header"):
        open_weights(with_header(file, {"a": entry, "b": entry}, b"\0" * 8))


def test_a_type_that_torch_lacks_keeps_its_word(file: Path) -> None:
    entry = {"dtype": "F4", "shape": [16], "data_offsets": [0, 8]}
    assert open_weights(with_header(file, {"a": entry}, b"\0" * 8)).tensors == {"a": Stored("F4", (16,))}


def test_a_file_that_cannot_be_mapped_says_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def from_file(*_: object, **__: object) -> None:
        raise RuntimeError("unable to mmap 40 bytes from file </some/where>: No such device (19)")

    monkeypatch.setattr(torch.UntypedStorage, "from_file", from_file)
    with pytest.raises(WeightsUnreadable, match=r"^some\.safetensors cannot be mapped into memory$"):
        open_weights(file)


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnreadable, match=r"absent\.bin cannot be read: No such file"):
        open_weights(tmp_path / "absent.bin")
