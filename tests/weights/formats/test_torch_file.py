"""Where the tensors of a torch file lie in it, and what torch itself takes that is no weight."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from greenroom.weights.contents import Stored
from greenroom.weights.errors import NotACheckpoint, WeightsUnreadable
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights


def test_spans_are_where_the_bytes_are(tmp_path: Path) -> None:
    weights = {"a": torch.randn(50, 3), "b": torch.arange(7, dtype=torch.bfloat16), "c": torch.tensor(2.5)}
    file = tmp_path / "some.pt"
    torch.save({"section": weights, "other": torch.ones(1000), "step": 3}, file)
    content = file.read_bytes()
    opened = open_weights(file, ("section",))
    for name, value in weights.items():
        span = opened.span(name)
        assert span is not None
        assert span.path == file
        assert content[span.start : span.start + span.length] == bytes(value.view(-1).view(torch.uint8).tolist())


def test_what_is_not_one_piece_has_no_span(tmp_path: Path) -> None:
    file = tmp_path / "some.pt"
    torch.save({"a": torch.randn(4, 3).T, "n": 3}, file)
    opened = open_weights(file)
    assert opened.span("a") is None
    assert opened.span("n") is None


def test_a_part_of_a_storage_has_its_own_span(tmp_path: Path) -> None:
    file = tmp_path / "some.pt"
    whole = torch.arange(100.0)
    torch.save({"whole": whole, "part": whole[10:20]}, file)
    opened = open_weights(file)
    first, second = opened.span("whole"), opened.span("part")
    assert first is not None
    assert second is not None
    assert (second.start - first.start, second.length) == (40, 40)


def test_the_old_format_has_no_spans(tmp_path: Path) -> None:
    file = tmp_path / "some.pt"
    torch.save({"a": torch.ones(4)}, file, _use_new_zipfile_serialization=False)
    assert open_weights(file).span("a") is None


def made_again(file: Path, change: Callable[[str, bytes], bytes], *, packed: str = "") -> Path:
    """The same zip with other contents; the records whose name ends in ``packed`` compressed."""
    torch.save({"a": torch.ones(5000), "b": torch.randn(50_000)}, file)
    with zipfile.ZipFile(file) as old:
        records = {info.filename: old.read(info) for info in old.infolist()}
    with zipfile.ZipFile(file, "w") as new:
        for name, content in records.items():
            kind = zipfile.ZIP_DEFLATED if packed and name.endswith(packed) else zipfile.ZIP_STORED
            new.writestr(name, change(name, content), kind)
    return file


@pytest.mark.parametrize("record", ["data/0", "data.pkl"])
def test_a_zip_that_was_compressed_is_not_read_as_it_lies(tmp_path: Path, record: str) -> None:
    file = made_again(tmp_path / "some.pt", lambda _, content: content, packed=record)
    with pytest.raises(NotACheckpoint, match=r"some\.pt is a compressed zip"):
        open_weights(file)


def test_a_program_is_named(tmp_path: Path) -> None:
    """What torch.jit.save writes is a zip too, with sources in it, compressed."""
    file = tmp_path / "some.pt"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("some/data.pkl", pickle.dumps({}, 2))
        made.writestr("some/code/__torch__.py", "x = 1\n" * 100, zipfile.ZIP_DEFLATED)
        made.writestr("some/constants.pkl", pickle.dumps((), 2))
    with pytest.raises(NotACheckpoint, match=r"some\.pt is a TorchScript program"):
        open_weights(file)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_numbers_in_another_order_of_bytes_are_turned(tmp_path: Path, dtype: torch.dtype) -> None:
    def turned(name: str, content: bytes) -> bytes:
        if name.endswith("/byteorder"):
            return b"big"
        return np.frombuffer(content, "<f4").astype(">f4").tobytes() if "/data/" in name else content

    opened = open_weights(made_again(tmp_path / "some.pt", turned))
    assert torch.equal(read_weights(opened, {"a": "a"}, "cpu", dtype)["a"], torch.ones(5000, dtype=dtype))


@pytest.mark.parametrize("odd", [torch.eye(3).to_sparse(), torch.empty(3, device="meta")], ids=("sparse", "meta"))
@pytest.mark.parametrize("zipped", [True, False])
def test_what_is_no_plain_tensor_is_named(tmp_path: Path, odd: Tensor, zipped: bool) -> None:
    torch.save({"a": torch.ones(2), "odd": odd}, tmp_path / "some.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(NotACheckpoint, match=r"some\.pt: 'odd' is no plain tensor"):
        open_weights(tmp_path / "some.pt")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_sign_that_is_still_to_be_turned_is_turned(tmp_path: Path, dtype: torch.dtype) -> None:
    torch.save({"a": torch._neg_view(torch.ones(3))}, tmp_path / "some.pt")
    read = read_weights(open_weights(tmp_path / "some.pt"), {"a": "a"}, "cpu", dtype)
    assert read["a"].tolist() == [-1.0] * 3


def test_a_number_that_no_tensor_holds_is_no_weight(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(2), "n": 2**70, "m": -(2**62), "x": 0.5, "y": True}, tmp_path / "some.pt")
    assert open_weights(tmp_path / "some.pt").tensors == {
        "a": Stored("float32", (2,)), "m": Stored("int64", ()), "x": Stored("float32", ()), "y": Stored("bool", ()),
    }  # fmt: skip


# What the old format begins with, then a call of a type that is allowed, with a length that no machine has.
_HEAD = b"".join(pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
_HUGE = b"\x80\x02c__builtin__\nbytearray\n(\x8a%c%stR."


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(_HEAD + _HUGE % (8, b"\0" * 7 + b"\x10"), id="more than memory"),
        pytest.param(_HEAD + _HUGE % (9, b"\0" * 8 + b"\x01"), id="more than a length"),
        pytest.param(_HEAD + pickle.dumps({}, 2) + pickle.dumps(["missing"], 2), id="a storage that is not there"),
    ],
)
def test_a_pickle_that_asks_for_too_much_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "some.pt").write_bytes(content)
    with pytest.raises(NotACheckpoint, match=r"some\.pt is damaged"):
        open_weights(tmp_path / "some.pt")


def saved(*, zipped: bool) -> bytes:
    whole, file = torch.ones(6), io.BytesIO()
    torch.save({"a": whole, "part": whole[2:4], "n": 3}, file, _use_new_zipfile_serialization=zipped)
    return file.getvalue()


WHOLE = {zipped: saved(zipped=zipped) for zipped in (True, False)}


@given(
    st.booleans(), st.lists(st.tuples(st.integers(4, 700), st.binary(min_size=1, max_size=2)), min_size=1, max_size=3)
)
@settings(deadline=None, max_examples=150)
def test_spoilt_bytes_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, zipped: bool, changes: list[tuple[int, bytes]]
) -> None:
    spoilt = bytearray(WHOLE[zipped])
    for place, content in changes:
        spoilt[place : place + len(content)] = content
    file = tmp_path_factory.getbasetemp() / "spoilt.pt"
    file.write_bytes(spoilt)
    try:
        opened = open_weights(file)
    except WeightsUnreadable:
        return
    assert all(opened.read(name).shape == stored.shape for name, stored in opened.tensors.items())
