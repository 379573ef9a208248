"""Tables that a formula gives, as buffers of a module that may be made without memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


def table(compute: Callable[[], Tensor], *shape: int) -> Tensor:
    """What ``compute`` gives; on the meta device an empty tensor of the shape.

    To compute there, torch loads its compiler first: a second, where making a network without memory takes a twentieth.
    """
    empty = torch.empty(shape)
    return empty if empty.is_meta else compute()
