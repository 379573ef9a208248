"""ConvNeXt V2 block over a sequence (arXiv 2301.00808)."""

from __future__ import annotations

from torch import Tensor, nn

from greenroom.nn.norms import GlobalResponseNorm


class ConvNeXtV2Block(nn.Module):
    """Depthwise convolution of 7, LayerNorm, Linear, GELU, global response norm, Linear, and the input added."""

    def __init__(self, dim: int, inner: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv1d(dim, dim, kernel_size=7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = nn.Linear(dim, inner)
        self.act = nn.GELU()
        self.grn = GlobalResponseNorm(inner)
        self.pwconv2 = nn.Linear(inner, dim)

    def forward(self, x: Tensor, own: Tensor | None = None) -> Tensor:
        """x: (batch, length, dim).  own: bool (batch, length, 1), positions that the norm counts; None for all."""
        y = self.dwconv(x.transpose(1, 2)).transpose(1, 2)
        y = self.act(self.pwconv1(self.norm(y)))
        out: Tensor = x + self.pwconv2(self.grn(y, own))
        return out
