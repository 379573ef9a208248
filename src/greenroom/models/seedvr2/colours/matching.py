"""Values that keep their order and take on the distribution of others, as histogram matching does it without bins."""

from __future__ import annotations

import torch
from torch import Tensor


def matched(values: Tensor, wanted: Tensor) -> Tensor:
    """Each value replaced by the one that stands as far along the others.

    values, wanted: of any shapes and counts, neither empty.  Returns the shape of ``values``.
    """
    flat, ordered = values.flatten(), wanted.flatten().sort().values
    along = torch.linspace(0, 1, len(flat), device=flat.device) * (len(ordered) - 1)
    made = torch.empty_like(flat)
    made[flat.argsort()] = ordered if len(flat) == len(ordered) else ordered[along.long()]
    return made.view_as(values)
