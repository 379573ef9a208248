"""A network of blocks of two kinds that are streamed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.nn.quantised import QuantisedLinear
from greenroom.nn.streaming import Streaming
from greenroom.weights.fp8 import Fp8

WIDTH = 6


class Stopped(Exception):
    """What a cancelled request raises."""


class Plain(nn.Module):
    """With a convolution whose channels lie innermost, a buffer, and a weight that others read."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, WIDTH)
        self.conv = nn.Conv1d(WIDTH, WIDTH, 3, padding=1)
        self.conv.weight.data = self.conv.weight.data.transpose(1, 2).contiguous().transpose(1, 2)
        self.shared = nn.Linear(WIDTH, WIDTH)
        self.register_buffer("table", torch.randn(WIDTH), persistent=False)
        self.stop = False

    def forward(self, x: Tensor) -> Tensor:
        x = self.linear(x) + self.table
        if self.stop:
            raise Stopped
        out: Tensor = x + self.conv(x.T).T
        return out


class Small(nn.Module):
    """In eight bits."""

    def __init__(self) -> None:
        super().__init__()
        weight = Fp8(torch.randn(WIDTH, WIDTH).to(torch.float8_e4m3fn), torch.tensor(0.5))
        self.linear = QuantisedLinear(weight, torch.randn(WIDTH))
        self.first = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor, by: float) -> Tensor:
        out: Tensor = functional.silu(self.linear(x)) + by * self.first(x)
        return out


class Network(nn.Module):
    def __init__(self, plain: int = 3, small: int = 4) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.plain = [Plain() for _ in range(plain)]
        self.small = [Small() for _ in range(small)]
        self.blocks: list[Plain | Small] = [*self.plain, *self.small]
        self.of = nn.ModuleList(self.blocks)
        self.requires_grad_(requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        for plain in self.plain:
            x = plain(x + plain.shared(x))
        for small in self.small:
            x = small(x, 0.5)
        return x

    def streaming(self) -> Streaming:
        return Streaming(self.blocks, lambda name: name.startswith("shared."))


def x_of(seed: int) -> Tensor:
    return torch.randn(5, WIDTH, generator=torch.Generator().manual_seed(seed))


def same(network: Network, wanted: Sequence[Tensor]) -> bool:
    return all(torch.equal(network(x_of(seed)), made) for seed, made in enumerate(wanted))


def wanted() -> list[Tensor]:
    return [Network()(x_of(seed)) for seed in range(3)]
