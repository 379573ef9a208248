"""safetensors: 8 bytes of length, a JSON header that lists every tensor, then their bytes to the end of the file."""

from __future__ import annotations

import json
import re
from math import prod
from typing import TYPE_CHECKING

from greenroom.errors import quoted
from greenroom.weights.contents import WIDTHS, Stored
from greenroom.weights.errors import AGAIN, NotACheckpoint, WeightsTruncated
from greenroom.weights.mapped import MappedWeights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

    from greenroom.weights.contents import WeightsFile

_LONGEST_HEADER = 100_000_000  # safetensors' own bound
_MOST_DIMENSIONS = 64  # torch's
_BEYOND = 1 << 63  # what no size and no place in a file reaches

# The header's words for types, and torch's; a type that is not here keeps the header's word. All words are in capitals:
# so none of them is taken for a block type of GGUF, of which no length would have been compared.
_WORD = re.compile(r"[A-Z][A-Z0-9_]{,31}")
_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}


def is_safetensors(start: bytes) -> bool:
    """Whether a file that begins like this has such a header."""
    return start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= _LONGEST_HEADER


def open_safetensors(path: Path, file: BinaryIO) -> WeightsFile:
    """Read the header of a file that is open. Raises NotACheckpoint, WeightsTruncated; OSError."""
    tensors, spans = _read_header(path.name, file)
    return MappedWeights(path, tensors, spans)


def _read_header(name: str, file: BinaryIO) -> tuple[dict[str, Stored], dict[str, tuple[int, int]]]:
    size = file.seek(0, 2)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    first = 8 + length
    if first > size:
        raise WeightsTruncated(f"{name} ends in its header, at {size:,} bytes", mend=AGAIN)
    try:
        header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        tensors = {key: Stored(_dtype(said["dtype"]), _shape(said["shape"])) for key, said in header.items()}
        spans = {key: _span(said["data_offsets"]) for key, said in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotACheckpoint(f"{name} has a damaged header", mend=AGAIN) from error
    _check_spans(name, tensors, spans, size - first)
    return tensors, {key: (first + start, first + end) for key, (start, end) in spans.items()}


def _dtype(word: str) -> str:
    if not _WORD.fullmatch(word):
        raise ValueError
    return _DTYPES.get(word, word)


def _shape(said: list[int]) -> tuple[int, ...]:
    if type(said) is not list or len(said) > _MOST_DIMENSIONS or not all(_is_place(size) for size in said):
        raise ValueError
    return tuple(said)


def _span(said: list[int]) -> tuple[int, int]:
    start, end = said
    if not (_is_place(start) and _is_place(end)):
        raise ValueError
    return start, end


def _is_place(number: object) -> bool:
    return type(number) is int and 0 <= number < _BEYOND


def _check_spans(name: str, tensors: Mapping[str, Stored], spans: Mapping[str, tuple[int, int]], size: int) -> None:
    """Every byte belongs to one tensor, and each tensor has as many as its type and shape need."""
    reached = 0
    for key in sorted(spans, key=spans.__getitem__):
        (start, end), stored = spans[key], tensors[key]
        width = WIDTHS.get(stored.dtype)
        if start != reached or end < start or (width and end - start != prod(stored.shape) * width):
            raise NotACheckpoint(
                f"{name} has a damaged header: {quoted(key)} is {stored.dtype} {list(stored.shape)} in"
                f" {end - start:,} bytes from byte {start:,}",
                mend=AGAIN,
            )
        reached = end
    if reached > size:
        raise WeightsTruncated(
            f"{name} holds {size:,} bytes of tensors, where its header lists {reached:,}", mend=AGAIN
        )
    if reached < size:
        raise NotACheckpoint(f"{name} goes on for {size - reached:,} bytes behind its last tensor", mend=AGAIN)
