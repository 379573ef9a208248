"""What an opened checkpoint says of its tensors before any of them is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

# Bytes a number takes, by torch's name of the type.
WIDTHS = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2,
    "float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e8m0fnu": 1,
    "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "bool": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor as the file describes it.

    dtype: by torch's name, ``float32``; of a GGUF block type ``q4_k``; the file's own word for what torch has not.
    shape: of the numbers, whatever bytes hold them.  scale: the file's tensor of one number that all of them are to be
    multiplied by; None where they are what they are.
    """

    dtype: str
    shape: tuple[int, ...]
    scale: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Where the bytes of a tensor lie, in row-major order and nothing between them.

    version: of the file when its header was read; None where nobody looked.
    """

    path: Path
    start: int
    length: int
    version: Version | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Version:
    """What tells a file from one that took its place. No inode: some network volumes give a file another each time."""

    size: int
    modified_ns: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Version:
        """From what the system says of a file."""
        return cls(stat.st_size, stat.st_mtime_ns)


class WeightsFile(Protocol):
    """An opened checkpoint. name: of the file, without its folder.  tensors: what it holds, by its own names."""

    @property
    def name(self) -> str: ...

    @property
    def tensors(self) -> Mapping[str, Stored]: ...

    def read(self, name: str) -> Tensor:
        """One tensor on the CPU as it is stored, paged in from the file where that can be. Do not write into it.

        A block type comes as its blocks, uint8 (blocks, bytes of one). Raises WrongDtype for what torch has not.
        """

    def span(self, name: str) -> Span | None:
        """Where its bytes lie in a file; None where that is not known, or they do not lie in one piece."""


def plain_dtype(name: str) -> torch.dtype:
    """torch's type of that name. Raises LookupError where there is none, or not in this torch."""
    if name not in WIDTHS or not hasattr(torch, name):  # float8_e8m0fnu came with 2.7
        raise LookupError(f"torch {torch.__version__} has no {name}")
    dtype: torch.dtype = getattr(torch, name)
    return dtype


def name_of(dtype: torch.dtype) -> str:
    """``float32`` for torch.float32."""
    return str(dtype).removeprefix("torch.")
