"""The ways to bring colours back, by the names that users give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.models.seedvr2.colours.colour import adain, wavelet
from greenroom.models.seedvr2.colours.hsv import hsv, wavelet_adaptive
from greenroom.models.seedvr2.colours.lab import lab

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

METHODS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "wavelet": wavelet,
    "adain": adain,
    "lab": lab,
    "hsv": hsv,
    "wavelet-adaptive": wavelet_adaptive,
}
"""Each takes the restored frames and the resized source: (frames, 3, height, width), float32 in -1..1."""

FRAME_BY_FRAME = frozenset({"wavelet", "adain"})
"""Methods to which a frame's neighbours do not matter; the others match all frames of a call together."""
