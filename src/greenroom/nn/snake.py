"""Snake (arXiv 2006.08195): an activation that lets a network keep to a pitch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

EPS = 1e-9


def snake(x: Tensor, alpha: Tensor) -> Tensor:
    """x + sin(alpha x)² / (alpha + 1e-9). x: (batch, channels, steps), contiguous.  alpha: (1, channels, 1)."""
    if x.is_cuda:
        from greenroom.nn.kernels import snake as kernel

        return kernel.snake(x, alpha)
    # In place, since at 48 kHz each of these is the largest tensor there is.
    return torch.addcmul(x, (alpha + EPS).reciprocal(), (alpha * x).sin_().square_())
