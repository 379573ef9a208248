"""From stored bytes to numbers of the type that is wanted, and weights that stay in their blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from greenroom.weights.blocks import BLOCK_TYPES
from greenroom.weights.contents import plain_dtype

if TYPE_CHECKING:
    from torch import Tensor

# Numbers decoded at a time. On the CPU the float32 in between stays in the cache, and in memory that the allocator has
# at hand: pages that are new to the process cost more than the arithmetic. A GPU waits for the many kernels of a step:
# of Q4_K, whole matrices take half of the time that pieces of 2 ** 22 do (benchmarks/NOTES.md, 13).
_ON_CPU, _ELSEWHERE = 1 << 17, 1 << 25


@dataclass(frozen=True, slots=True, eq=False)
class Quantised:
    """A weight kept in GGUF blocks. blocks: uint8 (n, bytes of a block).  dtype: ``q4_k``.  shape: of the weight."""

    blocks: Tensor
    dtype: str
    shape: tuple[int, ...]

    def dequantise(self, dtype: torch.dtype) -> Tensor:
        """The weight in another type, on the device of its blocks."""
        weight = torch.empty(self.shape, dtype=dtype, device=self.blocks.device)
        decode(self.dtype, self.blocks.view(-1), weight.view(-1))
        return weight


def block_bytes(dtype: str) -> int:
    """The bytes that cannot be decoded apart. dtype: as ``Stored`` names it."""
    if block := BLOCK_TYPES.get(dtype):
        return block.size
    return plain_dtype(dtype).itemsize


def block_elements(dtype: str) -> int:
    """The numbers in as many bytes."""
    block = BLOCK_TYPES.get(dtype)
    return block.elements if block else 1


def decode(dtype: str, raw: Tensor, out: Tensor, scale: float | None = None) -> None:
    """Write stored numbers where they are wanted, rounded once.

    dtype: as ``Stored`` names it.  raw: uint8, contiguous, whole blocks, on the device of ``out``.  out: contiguous, of
    as many numbers.  scale: what all are multiplied by, in float32.
    """
    step = _ON_CPU if out.device.type == "cpu" else _ELSEWHERE
    if block := BLOCK_TYPES.get(dtype):
        blocks = raw.view(-1, block.size)
        per_step = step // block.elements
        for first in range(0, len(blocks), per_step):
            numbers = block.decode(blocks[first : first + per_step]).view(-1)
            out.narrow(0, first * block.elements, len(numbers)).copy_(numbers)
        return
    values = raw.view(plain_dtype(dtype))
    if scale is None:
        out.copy_(values)
        return
    for first in range(0, len(values), step):
        out[first : first + step] = values[first : first + step].float().mul_(scale)
