"""GGUF's block types: how many numbers lie in how many bytes, and which ones.

A block is a run of a row's numbers with a scale of its own, or 8 to 16 sub-blocks with small scales under a common one
(the K types). Every decoder takes uint8 (n, bytes of a block) on any device and gives float32 (n, numbers of a block),
in the order of operations of ggml's reference, so that results are equal to the bit. Layouts: ggml's ggml-common.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

_SMALL, _LARGE = 32, 256  # numbers in a block, of the plain types and of the K types


@dataclass(frozen=True, slots=True)
class BlockType:
    """elements, size: numbers and bytes of a block.  scales: where in a block its float16 scales begin."""

    code: int
    elements: int
    size: int
    scales: tuple[int, ...]
    decode: Callable[[Tensor], Tensor]

    def is_finite(self, blocks: Tensor) -> Tensor:
        """Whether all blocks hold numbers: bool (). Only a scale can be NaN or infinite."""
        found = [_half(blocks, place).isfinite().all() for place in self.scales]
        return torch.stack(found).all()


def _half(blocks: Tensor, place: int) -> Tensor:
    """The float16 at a place of each block: (n, 1), float32."""
    return blocks[:, place : place + 2].view(torch.float16).float()


def _shifted(packed: Tensor, width: int, run: int) -> Tensor:
    """Numbers of ``width`` bits out of bytes, those of the lowest bits first.

    The bytes go in runs: a run gives its lowest bits, then its next ones. (n, bytes) to (n, bytes * 8 / width), uint8.
    """
    shifts = torch.arange(0, 8, width, dtype=torch.uint8, device=packed.device)
    numbers = packed.reshape(len(packed), -1, 1, run) >> shifts.view(1, 1, -1, 1)
    return (numbers & ((1 << width) - 1)).flatten(1)


def _high_bits(packed: Tensor) -> Tensor:
    """The fifth bits of 32 numbers, bit i of a little-endian word being that of number i: (n, 4) to (n, 32), uint8."""
    shifts = torch.arange(8, dtype=torch.uint8, device=packed.device)
    return ((packed.unsqueeze(2) >> shifts) & 1).flatten(1)


def _q4_0(blocks: Tensor) -> Tensor:
    return _half(blocks, 0) * (_shifted(blocks[:, 2:], 4, 16).to(torch.int8) - 8)


def _q4_1(blocks: Tensor) -> Tensor:
    return _half(blocks, 0) * _shifted(blocks[:, 4:], 4, 16) + _half(blocks, 2)


def _q5_0(blocks: Tensor) -> Tensor:
    numbers = _shifted(blocks[:, 6:], 4, 16) | (_high_bits(blocks[:, 2:6]) << 4)
    return _half(blocks, 0) * (numbers.to(torch.int8) - 16)


def _q5_1(blocks: Tensor) -> Tensor:
    numbers = _shifted(blocks[:, 8:], 4, 16) | (_high_bits(blocks[:, 4:8]) << 4)
    return _half(blocks, 0) * numbers + _half(blocks, 2)


def _q8_0(blocks: Tensor) -> Tensor:
    return blocks[:, 2:].view(torch.int8) * _half(blocks, 0)


def _q2_k(blocks: Tensor) -> Tensor:
    """Sixteen sub-blocks of 16: a scale and a minimum of 4 bits each, numbers of 2 bits."""
    packed, numbers = blocks[:, :16], _shifted(blocks[:, 16:80], 2, 32)
    scales = _half(blocks, 80) * (packed & 15)
    minima = _half(blocks, 82) * (packed >> 4)
    return _scaled(scales, numbers) - minima.repeat_interleave(16, 1)


def _q3_k(blocks: Tensor) -> Tensor:
    """Sixteen sub-blocks of 16: signed scales of 6 bits, numbers of 2 bits, less 4 where a third bit is not set."""
    high, low = _shifted(blocks[:, :32], 1, 32), _shifted(blocks[:, 32:96], 2, 32)
    scales = _shifted(blocks[:, 96:104], 4, 8) | (_shifted(blocks[:, 104:108], 2, 4) << 4)
    numbers = low.to(torch.int8) - ((high ^ 1) << 2).to(torch.int8)
    return _scaled(_half(blocks, 108) * (scales.to(torch.int8) - 32), numbers)


def _q4_k(blocks: Tensor) -> Tensor:
    scales, minima = _six_bits(blocks)
    return _scaled(scales, _shifted(blocks[:, 16:], 4, 32)) - minima.repeat_interleave(32, 1)


def _q5_k(blocks: Tensor) -> Tensor:
    scales, minima = _six_bits(blocks)
    numbers = _shifted(blocks[:, 48:], 4, 32) | (_shifted(blocks[:, 16:48], 1, 32) << 4)
    return _scaled(scales, numbers) - minima.repeat_interleave(32, 1)


def _q6_k(blocks: Tensor) -> Tensor:
    """Sixteen sub-blocks of 16: scales of 8 bits, numbers of 4 bits and 2 more."""
    numbers = _shifted(blocks[:, :128], 4, 64) | (_shifted(blocks[:, 128:192], 2, 32) << 4)
    scales = _half(blocks, 208) * blocks[:, 192:208].view(torch.int8)
    return _scaled(scales, numbers.to(torch.int8) - 32)


def _six_bits(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """Scales and minima of the eight sub-blocks of Q4_K and Q5_K, float32 (n, 8) each.

    Twelve bytes hold them: those of the first four sub-blocks in the low six bits of bytes 0-3 and 4-7; of the last
    four, the low halves in bytes 8-11 and the two high bits in what is left of bytes 0-3 and 4-7.
    """
    first, second, halves = blocks[:, 4:8], blocks[:, 8:12], blocks[:, 12:16]
    scales = torch.cat((first & 63, (halves & 15) | ((first >> 6) << 4)), dim=1)
    minima = torch.cat((second & 63, (halves >> 4) | ((second >> 6) << 4)), dim=1)
    return _half(blocks, 0) * scales, _half(blocks, 2) * minima


def _scaled(scales: Tensor, numbers: Tensor) -> Tensor:
    """Sub-blocks times their scales: (n, sub-blocks) and (n, numbers) to float32 (n, numbers)."""
    return (scales.unsqueeze(2) * numbers.view(*scales.shape, -1)).flatten(1)


# code: ggml's number of the type.
BLOCK_TYPES = {
    "q4_0": BlockType(2, _SMALL, 18, (0,), _q4_0),
    "q4_1": BlockType(3, _SMALL, 20, (0, 2), _q4_1),
    "q5_0": BlockType(6, _SMALL, 22, (0,), _q5_0),
    "q5_1": BlockType(7, _SMALL, 24, (0, 2), _q5_1),
    "q8_0": BlockType(8, _SMALL, 34, (0,), _q8_0),
    "q2_k": BlockType(10, _LARGE, 84, (80, 82), _q2_k),
    "q3_k": BlockType(11, _LARGE, 110, (108,), _q3_k),
    "q4_k": BlockType(12, _LARGE, 144, (0, 2), _q4_k),
    "q5_k": BlockType(13, _LARGE, 176, (0, 2), _q5_k),
    "q6_k": BlockType(14, _LARGE, 210, (208,), _q6_k),
}
