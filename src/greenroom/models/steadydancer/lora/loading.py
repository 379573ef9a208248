"""Small changes added where a network's weights are read, so that no whole copy of them is there twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from greenroom.models.steadydancer.lora.merging import changed, merged
from greenroom.weights.fp8 import Fp8
from greenroom.weights.quantised import Quantised

if TYPE_CHECKING:
    from greenroom.models.steadydancer.lora.merging import Lora

Kept = Tensor | Fp8 | Quantised
"""A weight, or one as small as a file has it."""

Read = Callable[[Iterable[str], torch.dtype, Set[str]], Mapping[str, Kept]]
"""Gives weights by their names in a type; those of its last names as small as they are stored, if it likes."""


def changing(read: Read, loras: Sequence[Lora]) -> Read:
    """The same, of weights with what files add to them. It raises NotFinite too.

    What is changed is read in float32, one after another, and rounded once; it is not as small as it was stored, so
    whoever wants it small has to round it.
    """
    touched = changed(loras)

    def reads(names: Iterable[str], dtype: torch.dtype, small: Set[str]) -> Mapping[str, Kept]:
        wanted = list(names)
        found = dict(read([name for name in wanted if name not in touched], dtype, small))
        for name in wanted:
            if name in touched:
                [weight] = read([name], torch.float32, set()).values()
                assert isinstance(weight, Tensor)  # noqa: S101 - nothing was to stay small
                found[name] = merged(name, weight, loras).to(dtype)
                del weight
        return {name: found[name] for name in wanted}

    return reads
