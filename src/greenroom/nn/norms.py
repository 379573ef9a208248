"""Norms that torch has not, or has otherwise. Each sums in float32 at least."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class RMSNorm(nn.Module):
    """Root mean square norm (arXiv 1910.07467): x / sqrt(mean(x²) + eps) * weight, over the last axis."""

    def __init__(self, dim: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., dim)."""
        return functional.rms_norm(x, self.weight.shape, self.weight, self.eps)


class ScaleNorm(nn.Module):
    """The same norm by the vector's length: x / max(‖x‖, 1e-12) * sqrt(dim) * g, over the last axis."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.scale = dim**0.5
        self.g = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., dim)."""
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=summing(x.dtype)).clamp(min=1e-12)
        out: Tensor = (x / length * self.scale).to(x.dtype) * self.g
        return out


class GlobalResponseNorm(nn.Module):
    """Global response norm (ConvNeXt V2, arXiv 2301.00808), over the sequence: a channel is scaled by its share."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, dim))
        self.beta = nn.Parameter(torch.zeros(1, 1, dim))

    def forward(self, x: Tensor, own: Tensor | None = None) -> Tensor:
        """x: (batch, length, dim).  own: bool (batch, length, 1), positions that count; None for all."""
        counted = x if own is None else x.masked_fill(~own, 0.0)
        response = torch.linalg.vector_norm(counted, dim=1, keepdim=True, dtype=summing(x.dtype))
        share = (response / (response.mean(dim=-1, keepdim=True) + 1e-6)).to(x.dtype)
        out: Tensor = self.gamma * (x * share) + self.beta + x
        return out


def summing(dtype: torch.dtype) -> torch.dtype:
    """The type to sum in: half precision overflows and loses small terms."""
    return torch.promote_types(dtype, torch.float32)
