"""GGUF files byte by byte, whole or spoilt, as no writer would make them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

UINT32, INT32, STRING, ARRAY = 4, 5, 8, 9


@dataclass(frozen=True, slots=True)
class Listed:
    """A tensor as the file lists it. shape: in torch's order.  offset: None for the next aligned place."""

    name: str
    shape: tuple[int, ...]
    code: int
    content: bytes
    offset: int | None = None


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def numbers(kind: int, values: Sequence[int]) -> bytes:
    """The value of an entry of kind ARRAY."""
    return struct.pack(f"<IQ{len(values)}{'i' if kind == INT32 else 'I'}", kind, len(values), *values)


def gguf(tensors: Sequence[Listed], entries: Sequence[bytes] = (), *, version: int = 3, alignment: int = 32) -> bytes:
    """The whole file."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(entries)) + b"".join(entries)
    body = b""
    for tensor in tensors:
        body += b"\0" * (-len(body) % alignment)
        offset = len(body) if tensor.offset is None else tensor.offset
        shape = tensor.shape[::-1]
        head += text(tensor.name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        head += struct.pack("<IQ", tensor.code, offset)
        body += tensor.content
    return head + b"\0" * (-len(head) % alignment) + body


def write(path: Path, *tensors: Listed, entries: Sequence[bytes] = (), version: int = 3, alignment: int = 32) -> Path:
    path.write_bytes(gguf(tensors, entries, version=version, alignment=alignment))
    return path


def q8_0(values: Tensor) -> bytes:
    """In blocks of 32: a scale in half precision, and as many whole numbers."""
    blocks = values.view(-1, 32)
    scale = (blocks.abs().amax(1, keepdim=True) / 127).half()
    whole = (blocks / scale.float()).round().to(torch.int8)
    parts = zip(scale.numpy(), whole.numpy(), strict=True)
    return b"".join(np.concatenate([s.view(np.int8), w]).tobytes() for s, w in parts)
