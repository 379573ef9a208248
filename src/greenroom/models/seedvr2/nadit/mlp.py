"""What stands behind the attention of a block: SwiGLU (arXiv 2002.05202) in the 3B, GELU in the 7B."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn.swiglu import swiglu

if TYPE_CHECKING:
    from greenroom.models.seedvr2.architecture import Architecture


class SwiGLU(nn.Module):
    """proj_out(silu(proj_in_gate(x)) * proj_in(x)), without biases."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.proj_in_gate = nn.Linear(width, hidden, bias=False)
        self.proj_in = nn.Linear(width, hidden, bias=False)
        self.proj_out = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x: (tokens, width)."""
        out: Tensor = self.proj_out(swiglu(self.proj_in_gate(x), self.proj_in(x)))
        return out


class GeluMLP(nn.Module):
    """proj_out(gelu(proj_in(x))), GELU by its tanh form."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.proj_in = nn.Linear(width, hidden)
        self.proj_out = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (tokens, width)."""
        out: Tensor = self.proj_out(functional.gelu(self.proj_in(x), approximate="tanh"))
        return out


def mlp_of(architecture: Architecture) -> nn.Module:
    """The MLP of a variant."""
    kind = SwiGLU if architecture.design == "dit_v2" else GeluMLP
    return kind(architecture.width, architecture.hidden)
