"""Sequences of one rate stretched to another: which token of the source each place shows."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def nearest(source: int, length: int) -> Tensor:
    """The place in ``source`` tokens that each of ``length`` places shows: int64 (length,), rising.

    Places are those of torch's ``nearest-exact``, whose float32 a formula in whole numbers or in float64 does not
    follow: of 37 sync tokens and others it shows another one. So torch stretches the places themselves.
    """
    places = torch.arange(source, dtype=torch.float32)
    stretched = functional.interpolate(places[None, None], size=length, mode="nearest-exact")
    return stretched[0, 0].long()
