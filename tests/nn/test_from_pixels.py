"""The first convolution of a video network: a library's where no kernel takes it, and the kernel where one does."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from greenroom.nn import pixels
from greenroom.nn.causal_memory import CausalMemory
from greenroom.nn.from_pixels import FromPixels
from greenroom.nn.kernels import pixels as kernels


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def first() -> FromPixels:
    made = FromPixels(3, 4).requires_grad_(requires_grad=False)
    made.weight.copy_(normal(4, 3, 3, 3, 3))
    return made


def read(layer: FromPixels, frames: Tensor, memory: CausalMemory) -> Tensor:
    window = layer.open(memory, frames)
    window.frames[:] = frames
    made: Tensor = layer(window, memory)
    return made


def test_it_sees_no_later_frame() -> None:
    layer, clip = first(), normal(3, 5, 6, 3, seed=1)
    padded = functional.pad(clip.permute(3, 0, 1, 2)[None], (1, 1, 1, 1, 2, 0))
    wanted = functional.conv3d(padded, layer.weight)[0].permute(1, 2, 3, 0)
    memory = CausalMemory(zeros=True)
    made = torch.cat([read(layer, part, memory) for part in (clip[:1], clip[1:])])
    torch.testing.assert_close(made, wanted, atol=1e-5, rtol=1e-5)


def test_where_a_kernel_takes_it_the_kernel_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []

    def kernel(window: Tensor, weight: Tensor) -> Tensor:
        asked.append(tuple(window.shape))
        return window[2:]

    monkeypatch.setattr(pixels, "fused", lambda whole, outputs: True)
    monkeypatch.setattr(kernels, "from_pixels", kernel)
    read(first(), normal(1, 5, 6, 3), CausalMemory(zeros=True))
    assert asked == [(3, 5, 6, 3)]
