"""GGUF: metadata, a list of tensors, then their bytes, aligned. Read here are versions 2 and 3, little-endian.

Our own reader and not the ``gguf`` package: that one brings HTTP and YAML, makes numpy views of all metadata, and fails
on a damaged file in ways of its own. Here no count is believed before the file is long enough for it.
Format: ggml's docs/gguf.md.
"""

from __future__ import annotations

import mmap
import struct
from math import prod
from typing import TYPE_CHECKING

from greenroom.errors import quoted
from greenroom.weights.blocks import BLOCK_TYPES
from greenroom.weights.contents import WIDTHS, Stored
from greenroom.weights.errors import AGAIN, NotACheckpoint, WeightsTruncated
from greenroom.weights.mapped import MappedWeights

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.weights.contents import WeightsFile

MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_ALIGNMENT = 32  # where the metadata names no other
_MOST_DIMENSIONS = 8  # ggml itself stops at 4; published files of video models hold kernels of 5
_DEEPEST_ARRAY = 4
_LONGEST_NAME = 65_535  # of a key, says the format; tensors' are far shorter
_LENGTH = struct.Struct("<Q")

# ggml's numbers of types.
_TYPES = {
    0: "float32", 1: "float16", 24: "int8", 25: "int16", 26: "int32", 27: "int64", 28: "float64", 30: "bfloat16",
    **{block.code: name for name, block in BLOCK_TYPES.items()},
}  # fmt: skip
# Those that are known by name and not read.
_UNREAD = {
    9: "q8_1", 15: "q8_k", 16: "iq2_xxs", 17: "iq2_xs", 18: "iq3_xxs", 19: "iq1_s", 20: "iq4_nl", 21: "iq3_s",
    22: "iq2_s", 23: "iq4_xs", 29: "iq1_m", 34: "tq1_0", 35: "tq2_0", 39: "mxfp4",
}  # fmt: skip

# Kinds of metadata: those of a fixed length, by struct's letters.
_FIXED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
# Who flattens kernels to what ggml takes notes the shape they had.
_SHAPE_BEFORE = "comfy.gguf.orig_shape."
_SHAPE_LENGTH = 16


def open_gguf(path: Path) -> WeightsFile:
    """Read the header of a file. Raises NotACheckpoint, WeightsTruncated; OSError."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        tensors, spans = _Header(path.name, content).read()
    return MappedWeights(path, tensors, spans)


class _Header:
    """A cursor over the file's beginning."""

    def __init__(self, name: str, content: mmap.mmap) -> None:
        self._name = name
        self._content = content
        self._place = 0
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._alignment = _ALIGNMENT

    def read(self) -> tuple[dict[str, Stored], dict[str, tuple[int, int]]]:
        """Tensors, and where each starts and ends in the file."""
        self._place = len(MAGIC)
        self._check_version(self._number("I"))
        tensors, entries = self._count(24), self._count(12)
        for _ in range(entries):
            self._entry()
        stored: dict[str, Stored] = {}
        offsets: dict[str, int] = {}
        for _ in range(tensors):
            name, tensor, offset = self._tensor()
            if name in stored:  # at once: a long run of zeros is a long list of such ones
                raise self._damaged("two tensors have one name")
            stored[name], offsets[name] = tensor, offset
        first = -(-self._place // self._alignment) * self._alignment
        spans = {name: self._span(name, tensor, first + offsets[name]) for name, tensor in stored.items()}
        self._check_overlap(spans)
        return stored, spans

    def _check_version(self, version: int) -> None:
        if version in _VERSIONS:
            return
        if version & 0xFFFF == 0:  # a small number, written from its other end
            raise NotACheckpoint(f"{self._name} is GGUF in big-endian order", mend="use the little-endian file")
        raise NotACheckpoint(
            f"{self._name} is GGUF of version {version}; versions 2 and 3 are read", mend="use a file of version 3"
        )

    def _entry(self) -> None:
        key, kind = self._string(), self._number("I")
        if key == "general.alignment":
            if kind != 4:  # passed over, the tensors would be looked for in other places
                raise self._damaged(f"an alignment of kind {kind}")
            self._alignment = self._number("I")
            if self._alignment < 8 or self._alignment & (self._alignment - 1):
                raise self._damaged(f"an alignment of {self._alignment}")
        elif key.startswith(_SHAPE_BEFORE) and kind == _ARRAY:
            self._shapes[key.removeprefix(_SHAPE_BEFORE)] = self._shape()
        else:
            self._skip(kind, 0)

    def _shape(self) -> tuple[int, ...]:
        kind, count = self._number("I"), self._count(4)
        if kind not in (4, 5) or count > _SHAPE_LENGTH:
            raise self._damaged("a shape that is no list of numbers")
        shape = tuple(self._number(_FIXED[kind]) for _ in range(count))
        if any(size < 0 for size in shape):
            raise self._damaged(f"a shape of {list(shape)}")
        return shape

    def _skip(self, kind: int, depth: int) -> None:
        if kind in _FIXED:
            self._forward(struct.calcsize(_FIXED[kind]))
        elif kind == _STRING:
            self._forward(self._number("Q"))
        elif kind == _ARRAY and depth < _DEEPEST_ARRAY:
            inner = self._number("I")
            if inner in _FIXED:
                self._forward(self._number("Q") * struct.calcsize(_FIXED[inner]))
            elif inner == _STRING:
                self._skip_strings(self._count(8))
            else:
                for _ in range(self._count(8)):
                    self._skip(inner, depth + 1)
        else:
            raise self._damaged(f"metadata of kind {kind}")

    def _skip_strings(self, count: int) -> None:
        """Vocabularies have hundreds of thousands: so a loop without calls of ours."""
        content, place, last = self._content, self._place, len(self._content) - _LENGTH.size
        for _ in range(count):
            if place > last:
                raise self._truncated()
            place += _LENGTH.size + _LENGTH.unpack_from(content, place)[0]
        self._forward(place - self._place)

    def _tensor(self) -> tuple[str, Stored, int]:
        """A tensor's line of the list: its name, what it is, and where it starts behind the header."""
        name, count = self._string(), self._number("I")
        if count > _MOST_DIMENSIONS:
            raise self._damaged(f"{quoted(name)} has {count} dimensions")
        # The dimension whose numbers lie beside each other comes first here, and last in torch.
        shape = tuple(self._number("Q") for _ in range(count))[::-1]
        code, offset = self._number("I"), self._number("Q")
        dtype = _TYPES.get(code) or _UNREAD.get(code, f"ggml type {code}")
        block = BLOCK_TYPES.get(dtype)
        if block and (not shape or shape[-1] % block.elements):
            raise self._damaged(f"{quoted(name)} has rows of {list(shape)}, in blocks of {block.elements}")
        if offset % self._alignment:
            raise self._damaged(f"{quoted(name)} is not aligned")
        return name, Stored(dtype, self._shape_before(name, shape)), offset

    def _shape_before(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        before = self._shapes.get(name, shape)
        if prod(before) != prod(shape):
            raise self._damaged(f"{quoted(name)} is {list(shape)}, and was {list(before)}")
        return before

    def _span(self, name: str, stored: Stored, start: int) -> tuple[int, int]:
        count = prod(stored.shape)
        if block := BLOCK_TYPES.get(stored.dtype):
            length = count // block.elements * block.size
        else:
            length = count * WIDTHS.get(stored.dtype, 0)  # of what is not read the length is not known
        end = start + length
        if end > len(self._content):
            raise WeightsTruncated(
                f"{self._name} holds {len(self._content):,} bytes, where {quoted(name)} reaches to {end:,}", mend=AGAIN
            )
        return start, end

    def _check_overlap(self, spans: dict[str, tuple[int, int]]) -> None:
        reached = 0
        for name in sorted(spans, key=spans.__getitem__):
            start, end = spans[name]
            if start < reached and start != end:
                raise self._damaged(f"{quoted(name)} lies over another tensor")
            reached = max(reached, end)

    def _count(self, least: int) -> int:
        """A number of things of which each takes at least so many bytes."""
        count = self._number("Q")
        if count * least > len(self._content) - self._place:
            raise self._truncated()
        return count

    def _string(self) -> str:
        length = self._number("Q")
        start = self._place
        self._forward(length)
        if length > _LONGEST_NAME:
            raise self._damaged(f"a name of {length:,} bytes")
        try:
            return self._content[start : self._place].decode()
        except UnicodeDecodeError:
            raise self._damaged("a name that is no UTF-8") from None

    def _number(self, letter: str) -> int:
        """One number, by struct's letter."""
        form = f"<{letter}"
        start = self._place
        self._forward(struct.calcsize(form))
        value: int
        (value,) = struct.unpack_from(form, self._content, start)
        return value

    def _forward(self, length: int) -> None:
        if length > len(self._content) - self._place:
            raise self._truncated()
        self._place += length

    def _truncated(self) -> WeightsTruncated:
        return WeightsTruncated(f"{self._name} ends in its header, at {len(self._content):,} bytes", mend=AGAIN)

    def _damaged(self, what: str) -> NotACheckpoint:
        return NotACheckpoint(f"{self._name} has a damaged header: {what}", mend=AGAIN)
