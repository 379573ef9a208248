"""Weights of eight bits: plain casts, and those with a scale for each tensor.

A scaled file (ComfyUI's "fp8_scaled") holds ``NAME.scale_weight``, one float32, beside ``NAME.weight``; perhaps
``NAME.scale_input``, for engines that multiply in eight bits; and a tensor ``scaled_fp8``, which says what it is.
Other layouts are not read: scales of rows or of blocks, ``weight_scale`` and ``weight_scale_inv``, stay in the list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import frexp, ldexp, prod
from typing import TYPE_CHECKING, Self

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from greenroom.weights.contents import Span, Stored, WeightsFile

FP8 = ("float8_e4m3fn", "float8_e5m2")
_SCALE, _INPUT_SCALE, _MARKER = "scale_weight", "scale_input", "scaled_fp8"
_LONGEST_MARKER = 2
_LARGEST, _HALF = 448.0, 0.5  # of e4m3fn; what ``frexp`` gives of a power of two
# The least bits, but for the sign, of what is no number: e4m3fn has NaN alone, e5m2 infinities below its NaNs.
_NOT_FINITE = {"float8_e4m3fn": 0x7F, "float8_e5m2": 0x7C}


@dataclass(frozen=True, slots=True, eq=False)
class Fp8:
    """A weight kept in eight bits: values times scale. values: fp8, of the weight's shape.  scale: float32 ()."""

    values: Tensor
    scale: Tensor

    @classmethod
    def rounded(cls, weight: Tensor) -> Self:
        """A weight rounded to e4m3, with one scale: the least power of two that has all of it fit.

        So it is rounded once, and what is dequantised is a bfloat16 without rounding again. Of normal weights 2.7 % are
        lost (root mean square), of three bits behind the point. A scale for each row loses as much; only a row that is
        thousands of times smaller than others would gain by it.
        """
        share, power = frexp(float(weight.abs().max()) / _LARGEST)
        scale = ldexp(1.0, power - 1 if share == _HALF else power)
        values = (weight / scale).to(torch.float8_e4m3fn)
        return cls(values, torch.tensor(scale, dtype=torch.float32, device=weight.device))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the weight."""
        return tuple(self.values.shape)

    def dequantise(self, dtype: torch.dtype) -> Tensor:
        """The weight in another type, multiplied in float32, rounded once."""
        return (self.values.float() * self.scale).to(dtype)


def are_finite(values: Tensor, dtype: str) -> Tensor:
    """Whether fp8 values, given as bytes, are numbers, times a scale that is one: bool ()."""
    return ((values & 0x7F) < _NOT_FINITE[dtype]).all()


def with_scales(weights: WeightsFile) -> WeightsFile:
    """The same checkpoint, where tensors that scale others are told by ``Stored.scale`` and no longer listed.

    Only what stands beside an fp8 weight is taken away; a scale of no weight, or of more than one number, stays in the
    list, where no network knows its name.
    """
    tensors = dict(weights.tensors)
    scaled = [name for name, stored in tensors.items() if stored.dtype in FP8 and name.endswith(".weight")]
    if not scaled:
        return weights
    for name in scaled:
        layer = name.removesuffix("weight")
        if _is_scale(tensors.get(f"{layer}{_SCALE}")):
            del tensors[f"{layer}{_SCALE}"]
            tensors[name] = replace(tensors[name], scale=f"{layer}{_SCALE}")
        if _is_scale(tensors.get(f"{layer}{_INPUT_SCALE}")):
            del tensors[f"{layer}{_INPUT_SCALE}"]
    markers = [
        name for name in tensors if name.rpartition(".")[2] == _MARKER and prod(tensors[name].shape) <= _LONGEST_MARKER
    ]
    for name in markers:
        del tensors[name]
    return _Scaled(weights, tensors)


def _is_scale(stored: Stored | None) -> bool:
    return stored is not None and stored.dtype == "float32" and prod(stored.shape) == 1


class _Scaled:
    """See ``WeightsFile``."""

    def __init__(self, weights: WeightsFile, tensors: Mapping[str, Stored]) -> None:
        self.name = weights.name
        self.tensors = tensors
        self._weights = weights

    def read(self, name: str) -> Tensor:
        return self._weights.read(name)

    def span(self, name: str) -> Span | None:
        return self._weights.span(name)
