"""Headers of safetensors: what the library writes, what others write, and what nobody should."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from greenroom.weights.contents import Span, Stored
from greenroom.weights.errors import NotACheckpoint, WeightsUnreadable, WrongDtype
from greenroom.weights.reading import open_weights


def written(file: Path, header: object, tail: bytes, padding: str = "") -> Path:
    text = json.dumps(header).encode() + padding.encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + tail)
    return file


@pytest.mark.parametrize(
    "dtype",
    [
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2,
        torch.float8_e8m0fnu, torch.int64, torch.int8, torch.uint8, torch.bool,
    ],
)  # fmt: skip
def test_every_type_is_read_as_it_was_written(tmp_path: Path, dtype: torch.dtype) -> None:
    values = torch.arange(6, dtype=torch.uint8).view(2, 3).to(dtype)
    save_file({"a": values, "none": values[:0]}, tmp_path / "some.safetensors")
    opened = open_weights(tmp_path / "some.safetensors")
    name = str(dtype).removeprefix("torch.")
    assert opened.tensors == {"a": Stored(name, (2, 3)), "none": Stored(name, (0, 3))}
    assert opened.read("a").dtype == dtype
    assert torch.equal(opened.read("a").view(torch.uint8), values.view(torch.uint8))
    assert opened.read("none").shape == (0, 3)


def test_what_is_written_to_a_tensor_does_not_reach_the_file(tmp_path: Path) -> None:
    file = tmp_path / "some.safetensors"
    save_file({"a": torch.ones(3)}, file)
    before = file.read_bytes()
    open_weights(file).read("a").zero_()
    assert file.read_bytes() == before


def test_numbers_across_their_bounds_are_read(tmp_path: Path) -> None:
    entry = {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    values = torch.tensor([1.5, -2.0])
    for padding in ("", " ", "  ", "   "):
        file = written(tmp_path / "some.safetensors", entry, values.numpy().tobytes(), padding)
        opened = open_weights(file)
        assert torch.equal(opened.read("a"), values)
        assert opened.read("a").data_ptr() % 4 == 0
        assert opened.span("a") == Span(file, file.stat().st_size - 8, 8)


def test_a_type_that_torch_has_not_is_named_when_it_is_read(tmp_path: Path) -> None:
    entry = {"a": {"dtype": "F4", "shape": [2], "data_offsets": [0, 1]}}
    opened = open_weights(written(tmp_path / "some.safetensors", entry, b"\0"))
    with pytest.raises(WrongDtype, match=r"some\.safetensors: a: .* has no F4"):
        opened.read("a")


@pytest.mark.parametrize("word", ["q4_k", "float32", "F4\n\x1b[31m", "F" * 500, "", 5, None])
def test_a_word_that_is_no_type_is_damage(tmp_path: Path, word: object) -> None:
    """Least of all one that means something here: nothing would have been compared with the length of its blocks."""
    entry = {"a": {"dtype": word, "shape": [256], "data_offsets": [0, 0]}}
    with pytest.raises(NotACheckpoint, match=r"^some\.safetensors has a damaged header$"):
        open_weights(written(tmp_path / "some.safetensors", entry, b""))


@pytest.mark.parametrize("shape", ["", {}, [1] * 1000, [0, 2**63], [True]])
def test_a_shape_that_no_tensor_has_is_damage(tmp_path: Path, shape: object) -> None:
    entry = {"a": {"dtype": "F9", "shape": shape, "data_offsets": [0, 4]}}
    with pytest.raises(NotACheckpoint, match="damaged header"):
        open_weights(written(tmp_path / "some.safetensors", entry, bytes(4)))


def test_a_place_of_a_thousand_digits_is_not_repeated(tmp_path: Path) -> None:
    entry = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 10**1000]}}
    with pytest.raises(NotACheckpoint, match="damaged header") as caught:
        open_weights(written(tmp_path / "some.safetensors", entry, bytes(4)))
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    "spans", [((0, 8), (0, 8)), ((0, 8), (4, 12)), ((8, 16), (16, 24)), ((0, 8), (16, 24)), ((-8, 0), (0, 8))]
)
def test_bytes_of_two_tensors_or_of_none_are_damage(tmp_path: Path, spans: tuple[tuple[int, int], ...]) -> None:
    entries = {
        name: {"dtype": "F32", "shape": [2], "data_offsets": span} for name, span in zip("ab", spans, strict=True)
    }
    with pytest.raises(NotACheckpoint, match="damaged header"):
        open_weights(written(tmp_path / "some.safetensors", entries, bytes(max(end for _, end in spans))))


def test_a_header_as_long_as_a_pickle_begins(tmp_path: Path) -> None:
    """Its first byte is 0x80 in one file of thirty-two."""
    file = tmp_path / "some.safetensors"
    for length in range(60, 120):
        save_file({"a" * length: torch.ones(2)}, file)
        assert open_weights(file).read("a" * length).sum() == 2


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
ENTRY = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "BF16", "F8_E4M3", "F9"]) | ANY_JSON,
        "shape": st.lists(st.integers(-1, 3), max_size=3) | ANY_JSON,
        "data_offsets": st.lists(st.integers(-1, 16), min_size=2, max_size=2) | ANY_JSON,
    }
)


@given(st.dictionaries(st.text(max_size=3), ENTRY | ANY_JSON, max_size=3) | ANY_JSON, st.binary(max_size=24))
@settings(deadline=None, max_examples=150)
def test_any_header_is_refused_or_read(tmp_path_factory: pytest.TempPathFactory, header: object, tail: bytes) -> None:
    file = written(tmp_path_factory.getbasetemp() / "any.safetensors", header, tail)
    try:
        opened = open_weights(file)
    except WeightsUnreadable:
        return
    assert all(type(size) is int for stored in opened.tensors.values() for size in stored.shape)
