"""What a job gives the denoiser, on its way from rank 0 to the others: once each, whatever windows share."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch

from greenroom.models.steadydancer.dancer.fixed import Conditions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from greenroom.runtime.gang.ranks import Ranks

_NAMES = tuple(each.name for each in fields(Conditions))


@dataclass(frozen=True, slots=True)
class Outline:
    """Of the conditions of windows. kinds: shape and type of each tensor.  places: of each window, the tensor that each
    name has; None for what is not given."""

    kinds: tuple[tuple[tuple[int, ...], torch.dtype], ...]
    places: tuple[Mapping[str, int | None], ...]


def outlined(conditions: Sequence[Conditions]) -> tuple[Outline, list[Tensor]]:
    """What is to be said of conditions, and what is to be sent."""
    tensors: list[Tensor] = []
    known: dict[int, int] = {}

    def place_of(tensor: Tensor | None) -> int | None:
        if tensor is None:
            return None
        if id(tensor) not in known:
            known[id(tensor)] = len(tensors)
            tensors.append(tensor)
        return known[id(tensor)]

    places = tuple({name: place_of(getattr(each, name)) for name in _NAMES} for each in conditions)
    return Outline(tuple((tuple(tensor.shape), tensor.dtype) for tensor in tensors), places), tensors


def hand_out(ranks: Ranks, tensors: Sequence[Tensor]) -> None:
    """In rank 0: have all others take them."""
    for tensor in tensors:
        ranks.broadcast(tensor.to(ranks.device).contiguous())


def taken(ranks: Ranks, outline: Outline) -> list[Conditions]:
    """In another rank: what rank 0 hands out."""
    tensors = [ranks.broadcast(torch.empty(shape, dtype=dtype, device=ranks.device)) for shape, dtype in outline.kinds]
    return [
        Conditions(**{name: None if at is None else tensors[at] for name, at in each.items()})  # type: ignore[arg-type]  # as outlined
        for each in outline.places
    ]
