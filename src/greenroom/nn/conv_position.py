"""Convolutional position embedding: where a frame stands, told by its neighbours (wav2vec 2.0, arXiv 2006.11477)."""

from __future__ import annotations

from torch import Tensor, nn


class ConvPosition(nn.Module):
    """Two grouped convolutions of 31, Mish behind each."""

    KERNEL, GROUPS = 31, 16

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.conv1d = nn.Sequential(self._conv(dim), nn.Mish(), self._conv(dim), nn.Mish())

    def forward(self, x: Tensor, own: Tensor | None = None) -> Tensor:
        """x: (batch, length, dim).  own: bool (batch, length); other frames are zero to both convolutions."""
        first, first_act, second, second_act = self.conv1d
        y = _kept(x.transpose(1, 2), own)
        y = first_act(_kept(first(y), own))
        y = second_act(_kept(second(y), own))
        out: Tensor = y.transpose(1, 2)
        return out

    def _conv(self, dim: int) -> nn.Conv1d:
        return nn.Conv1d(dim, dim, self.KERNEL, groups=self.GROUPS, padding=self.KERNEL // 2)


def _kept(x: Tensor, own: Tensor | None) -> Tensor:
    return x if own is None else x.masked_fill(~own[:, None, :], 0.0)
