"""GGUF is read as ggml writes it, and a damaged header is named, whatever bytes it has."""

from __future__ import annotations

import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.weights.contents import Span, Stored
from greenroom.weights.errors import NotACheckpoint, WeightsTruncated, WeightsUnreadable
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights
from tests.weights import gguf_files
from tests.weights.gguf_files import ARRAY, INT32, STRING, UINT32, Listed, entry, numbers, text, write

F32, F16, Q8_0, IQ4_NL, BF16 = 0, 1, 8, 20, 30
A = Listed("a", (2, 3), F32, np.arange(6, dtype=np.float32).tobytes())
B = Listed("b", (4, 32), Q8_0, bytes(4 * 34))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.gguf"


def test_what_ggml_writes_is_read(file: Path) -> None:
    values = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32)
    blocks = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
    writer = gguf.GGUFWriter(file, "wan")
    writer.add_array("some.tokens", ["a", "bc"])
    writer.add_float32("some.number", 1.5)
    writer.add_tensor("plain", values)
    writer.add_tensor("half", values.astype(np.float16))
    writer.add_tensor("small", blocks, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    opened = open_weights(file)
    assert opened.tensors == {
        "plain": Stored("float32", (4, 64)),
        "half": Stored("float16", (4, 64)),
        "small": Stored("q8_0", (4, 64)),
    }
    assert torch.equal(opened.read("plain"), torch.from_numpy(values))
    assert opened.read("small").shape == (8, 34)
    small = read_weights(opened, {"small": "small"}, "cpu", torch.float32)["small"]
    wanted = gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType.Q8_0)
    assert torch.equal(small, torch.from_numpy(wanted))


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("alignment", [32, 64, 8])
def test_versions_and_alignments(file: Path, version: int, alignment: int) -> None:
    said = entry("general.alignment", UINT32, struct.pack("<I", alignment))
    opened = open_weights(write(file, A, B, entries=[said], version=version, alignment=alignment))
    assert opened.tensors == {"a": Stored("float32", (2, 3)), "b": Stored("q8_0", (4, 32))}
    assert opened.read("a").flatten().tolist() == [0, 1, 2, 3, 4, 5]
    span = opened.span("b")
    assert isinstance(span, Span)
    assert span.start % alignment == 0
    assert span.length == 136


def test_five_dimensions_are_read(file: Path) -> None:
    """As in published video models, whose kernels ggml itself cannot hold."""
    kernel = Listed("k", (2, 3, 1, 2, 2), F16, bytes(48))
    assert open_weights(write(file, kernel)).tensors == {"k": Stored("float16", (2, 3, 1, 2, 2))}


def test_a_flattened_tensor_gets_its_shape_back(file: Path) -> None:
    said = entry("comfy.gguf.orig_shape.k", ARRAY, numbers(INT32, (2, 3, 1, 2, 2)))
    opened = open_weights(write(file, Listed("k", (6, 4), F32, bytes(96)), entries=[said]))
    assert opened.tensors == {"k": Stored("float32", (2, 3, 1, 2, 2))}
    assert opened.read("k").shape == (2, 3, 1, 2, 2)


def test_types_that_are_not_read_are_listed_by_name(file: Path) -> None:
    opened = open_weights(write(file, Listed("a", (32,), IQ4_NL, bytes(18)), Listed("b", (1,), 99, bytes(32))))
    assert opened.tensors == {"a": Stored("iq4_nl", (32,)), "b": Stored("ggml type 99", (1,))}


def test_metadata_of_every_kind_is_passed_over(file: Path) -> None:
    kinds = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
    entries = [entry(f"n{kind}", kind, struct.pack(f"<{letter}", 1)) for kind, letter in kinds.items()]
    nested = struct.pack("<IQ", ARRAY, 2) + 2 * (struct.pack("<IQ", STRING, 2) + text("x") + text("y"))
    entries += [entry("s", STRING, text("words")), entry("nested", ARRAY, nested)]
    assert open_weights(write(file, A, entries=entries)).read("a").sum() == 15


def refusal(file: Path) -> WeightsUnreadable:
    with pytest.raises(WeightsUnreadable) as caught:
        open_weights(file)
    assert caught.value.mend
    return caught.value


@pytest.mark.parametrize(
    ("tensors", "entries", "words"),
    [
        ([A, A], [], "two tensors have one name"),
        ([Listed("a", (9,) * 9, F32, b"")], [], "'a' has 9 dimensions"),
        ([Listed("a", (2, 33), Q8_0, bytes(80))], [], r"rows of \[2, 33\], in blocks of 32"),
        ([Listed("a", (), Q8_0, bytes(80))], [], "in blocks of 32"),
        ([Listed("a", (2,), F32, bytes(40), offset=4)], [], "'a' is not aligned"),
        ([A, Listed("b", (2,), F32, bytes(8), offset=0)], [], "'a' lies over another tensor"),
        ([A], [entry("general.alignment", UINT32, struct.pack("<I", 24))], "an alignment of 24"),
        ([A], [entry("general.alignment", UINT32, bytes(4))], "an alignment of 0"),
        ([A], [entry("general.alignment", 10, struct.pack("<Q", 64))], "an alignment of kind 10"),
        ([Listed("a" * 70_000, (2,), F32, bytes(8))], [], "a name of 70,000 bytes"),
        ([A], [entry("comfy.gguf.orig_shape.a", ARRAY, numbers(INT32, (2, 4)))], r"'a' is \[2, 3\], and was \[2, 4\]"),
        ([A], [entry("comfy.gguf.orig_shape.a", ARRAY, numbers(INT32, (-2, -3)))], "a shape of"),
        ([A], [entry("comfy.gguf.orig_shape.a", ARRAY, numbers(INT32, (1,) * 17))], "no list of numbers"),
        ([A], [entry("x", 13, b"")], "metadata of kind 13"),
        ([A], [entry("x", ARRAY, 9 * struct.pack("<IQ", ARRAY, 1))], "metadata of kind 9"),
        ([A], [struct.pack("<Q", 1) + b"\xff" + struct.pack("<I", 0) + b"\0"], "no UTF-8"),
    ],
)
def test_a_header_that_makes_no_sense_is_damaged(
    file: Path, tensors: list[Listed], entries: list[bytes], words: str
) -> None:
    with pytest.raises(NotACheckpoint, match=words):
        open_weights(write(file, *tensors, entries=entries))


def test_other_versions_are_named(file: Path) -> None:
    assert "version 1" in refusal(write(file, A, version=1)).message
    assert "version 4" in refusal(write(file, A, version=4)).message


def test_big_endian_is_named(file: Path) -> None:
    file.write_bytes(b"GGUF" + struct.pack(">IQQ", 3, 0, 0))
    assert "big-endian" in refusal(file).message


@pytest.mark.parametrize("spoilt", [b"GGUF", b"GGUF\3\0\0\0", b"GGUF\3\0\0\0" + 16 * b"\xff"])
def test_counts_are_not_believed(file: Path, spoilt: bytes) -> None:
    file.write_bytes(spoilt)
    assert isinstance(refusal(file), WeightsTruncated)


@pytest.mark.parametrize("length", [2**63, 2**64 - 1])
def test_lengths_beyond_the_file_end_it(file: Path, length: int) -> None:
    for long in (
        struct.pack("<Q", length),
        entry("x", STRING, struct.pack("<Q", length)),
        entry("x", ARRAY, struct.pack("<IQ", 6, length)),
        entry("x", ARRAY, struct.pack("<IQ", STRING, length)),
    ):
        assert isinstance(refusal(write(file, A, entries=[long])), WeightsTruncated)


def test_a_list_of_strings_may_end_anywhere(file: Path) -> None:
    words = struct.pack("<IQ", STRING, 3) + text("x") + text("yz") + text("")
    assert open_weights(write(file, A, entries=[entry("x", ARRAY, words)])).read("a").sum() == 15
    for length in (2**63 - 1, 2**63, 2**64 - 1):
        long = struct.pack("<IQ", STRING, 3) + text("x") + struct.pack("<Q", length) + text("")
        assert isinstance(refusal(write(file, A, entries=[entry("x", ARRAY, long)])), WeightsTruncated)


def test_sizes_beyond_the_file_are_not_allocated(file: Path) -> None:
    huge = Listed("a", (2**40, 2**40), F32, bytes(8))
    assert "reaches to" in refusal(write(file, huge)).message


def test_a_file_without_its_end_is_truncated(file: Path) -> None:
    whole = write(file, A, B).read_bytes()
    file.write_bytes(whole[:-1])
    assert isinstance(refusal(file), WeightsTruncated)


WHOLE = gguf_files.gguf(
    [A, B, Listed("c", (2,), BF16, bytes(4))],
    [
        entry("general.alignment", UINT32, struct.pack("<I", 32)),
        entry("tokens", ARRAY, struct.pack("<IQ", STRING, 2) + text("x") + text("y")),
        entry("comfy.gguf.orig_shape.a", ARRAY, numbers(INT32, (3, 2))),
    ],
)


@given(st.integers(0, len(WHOLE) - 1))
@settings(deadline=None)
def test_every_shorter_file_is_refused(tmp_path_factory: pytest.TempPathFactory, kept: int) -> None:
    file = tmp_path_factory.getbasetemp() / "short.gguf"
    file.write_bytes(WHOLE[:kept])
    refusal(file)


@given(st.lists(st.tuples(st.integers(4, len(WHOLE) - 200), st.binary(min_size=1, max_size=9)), min_size=1, max_size=3))
@settings(deadline=None, max_examples=150)
def test_spoilt_bytes_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, bytes]]
) -> None:
    spoilt = bytearray(WHOLE)
    for place, content in changes:
        spoilt[place : place + len(content)] = content
    file = tmp_path_factory.getbasetemp() / "spoilt.gguf"
    file.write_bytes(spoilt)
    try:
        opened = open_weights(file)
    except WeightsUnreadable:
        return
    for name, stored in opened.tensors.items():
        if stored.dtype.startswith(("float", "bfloat", "q8_0")):
            assert opened.read(name).nbytes <= len(WHOLE)
