"""Open a checkpoint and see what is in it, before any of its tensors is read.

Two formats: safetensors, whose header lists every tensor, and what ``torch.save`` writes, of which nothing is unpickled
but tensors and plain containers. Both are mapped into memory, so that a tensor is paged in when it is read and never
lies on the host a second time.
"""

from __future__ import annotations

import json
import pickle
import struct
import warnings
import zipfile
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import torch
from safetensors import SafetensorError, safe_open

from greenroom.errors import quoted
from greenroom.weights.errors import (
    NotACheckpoint,
    WeightsPage,
    WeightsPointer,
    WeightsTruncated,
    WeightsUnreadable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

_AGAIN = "download it again"
_LFS = b"version https://git-lfs"
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
_LONGEST_HEADER = 100_000_000  # safetensors' own bound

# The header's words for types, and torch's; a type that is not here keeps the header's word.
_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}
_WIDTHS = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2} | {
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor as the file describes it. dtype: by torch's name, ``float32``."""

    dtype: str
    shape: tuple[int, ...]


class WeightsFile(Protocol):
    """An opened checkpoint. name: of the file, without its folder.  tensors: what it holds, by its own names."""

    @property
    def name(self) -> str: ...

    @property
    def tensors(self) -> Mapping[str, Stored]: ...

    def read(self, name: str) -> Tensor:
        """One tensor on the CPU, paged in from the file where that can be. Do not write into it."""


def open_weights(path: Path, sections: Sequence[str] = ()) -> WeightsFile:
    """Open a checkpoint, whatever its name ends in.

    sections: where a torch file holds several sets of weights, the keys of those wanted, the best first.
    Raises WeightsUnreadable: WeightsPointer, WeightsPage, WeightsTruncated, NotACheckpoint.
    """
    try:
        with path.open("rb") as file:
            start = file.read(512)
            _refuse_what_stands_in_place(path.name, start)
            if start.startswith((_ZIP, _PICKLE)):
                return _open_torch(path, sections, zipped=start.startswith(_ZIP))
            return _open_safetensors(path, _read_header(path.name, file))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WeightsUnreadable(f"{path.name} cannot be read: {reason}", mend="check the file and its rights") from None


def _refuse_what_stands_in_place(name: str, start: bytes) -> None:
    if start.startswith(_LFS):
        raise WeightsPointer(
            f"{name} is a Git LFS pointer, {len(start)} bytes that stand for the file",
            mend="run `git lfs pull` where it was cloned, or download the file itself",
        )
    if start.lstrip().lower().startswith(_PAGES):
        raise WeightsPage(
            f"{name} is a web page, not a checkpoint", mend="download the file itself, not the page that shows it"
        )
    if not start:
        raise WeightsTruncated(f"{name} is empty", mend=_AGAIN)


def _read_header(name: str, file: BinaryIO) -> dict[str, Stored]:
    """The safetensors header: 8 bytes of length, JSON, then the tensors' bytes, which end with the file."""
    size = file.seek(0, 2)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    opening = file.read(1)
    if opening != b"{" or length > _LONGEST_HEADER:
        raise NotACheckpoint(
            f"{name} is neither safetensors nor a torch file", mend=f"name a checkpoint; if it is one, {_AGAIN}"
        )
    if 8 + length > size:
        raise WeightsTruncated(f"{name} ends in its header, at {size:,} bytes", mend=_AGAIN)
    try:
        header = json.loads(opening + file.read(length - 1))
        header.pop("__metadata__", None)
        tensors = {key: Stored(_dtype(said["dtype"]), tuple(said["shape"])) for key, said in header.items()}
        spans = {key: (int(said["data_offsets"][0]), int(said["data_offsets"][1])) for key, said in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise NotACheckpoint(f"{name} has a damaged header", mend=_AGAIN) from error
    _check_spans(name, tensors, spans, size - 8 - length)
    return tensors


def _check_spans(name: str, tensors: Mapping[str, Stored], spans: Mapping[str, tuple[int, int]], size: int) -> None:
    for key, stored in tensors.items():
        start, end = spans[key]
        wanted = prod(stored.shape) * _WIDTHS.get(stored.dtype, 0)
        if start < 0 or end < start or (wanted and end - start != wanted):
            raise NotACheckpoint(
                f"{name} has a damaged header: {quoted(key)} is {stored.dtype} {list(stored.shape)} in"
                f" {end - start:,} bytes",
                mend=_AGAIN,
            )
    end = max((end for _, end in spans.values()), default=0)
    if end > size:
        raise WeightsTruncated(f"{name} holds {size:,} bytes of tensors, where its header lists {end:,}", mend=_AGAIN)
    if end < size:
        raise NotACheckpoint(f"{name} goes on for {size - end:,} bytes behind its last tensor", mend=_AGAIN)


def _dtype(word: str) -> str:
    return _DTYPES.get(word, word)


@dataclass(frozen=True, slots=True, eq=False)
class _Safetensors:
    name: str
    tensors: Mapping[str, Stored]
    _opened: Any

    def read(self, name: str) -> Tensor:
        tensor: Tensor = self._opened.get_tensor(name)
        return tensor


def _open_safetensors(path: Path, tensors: Mapping[str, Stored]) -> WeightsFile:
    try:
        return _Safetensors(path.name, tensors, safe_open(path, framework="pt"))
    except SafetensorError as error:
        raise NotACheckpoint(f"{path.name} has a damaged header: {error}", mend=_AGAIN) from error


@dataclass(frozen=True, slots=True, eq=False)
class _TorchFile:
    name: str
    _values: Mapping[str, Tensor]
    tensors: Mapping[str, Stored] = field(init=False)

    def __post_init__(self) -> None:
        stored = {
            key: Stored(str(value.dtype).removeprefix("torch."), tuple(value.shape))
            for key, value in self._values.items()
        }
        object.__setattr__(self, "tensors", stored)

    def read(self, name: str) -> Tensor:
        return self._values[name]


def _open_torch(path: Path, sections: Sequence[str], *, zipped: bool) -> WeightsFile:
    if zipped and not zipfile.is_zipfile(path):  # a zip's directory is its end
        raise WeightsTruncated(f"{path.name} has no end, at {path.stat().st_size:,} bytes", mend=_AGAIN)
    try:
        with warnings.catch_warnings(action="ignore"):  # torch warns of odd pickles before it refuses them
            payload = torch.load(path, map_location="cpu", mmap=zipped, weights_only=True)
    except (EOFError, struct.error) as error:
        raise WeightsTruncated(f"{path.name} has no end, at {path.stat().st_size:,} bytes", mend=_AGAIN) from error
    except pickle.UnpicklingError as error:
        if "GLOBAL" in str(error):  # the pickle's instruction that names a function or a class
            raise NotACheckpoint(
                f"{path.name} holds more than tensors: loading it would run code",
                mend="use the .safetensors file, or save the weights alone",
            ) from error
        raise NotACheckpoint(f"{path.name} is damaged", mend=_AGAIN) from error
    except (RuntimeError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise NotACheckpoint(f"{path.name} is damaged, or no torch file", mend=_AGAIN) from error
    return _TorchFile(path.name, _tensors_of(path.name, payload, sections))


def _tensors_of(name: str, payload: object, sections: Sequence[str]) -> dict[str, Tensor]:
    held = payload if isinstance(payload, dict) else {}
    chosen = next((held[section] for section in sections if isinstance(held.get(section), dict)), held)
    # Counters may be plain numbers; whatever else stands beside tensors is no weight.
    tensors = {
        str(key): value if isinstance(value, torch.Tensor) else torch.tensor(value)
        for key, value in chosen.items()
        if isinstance(value, torch.Tensor | bool | int | float)
    }
    if not any(isinstance(value, torch.Tensor) for value in chosen.values()):
        raise NotACheckpoint(f"{name} is a torch file without weights", mend="name a checkpoint")
    return tensors
