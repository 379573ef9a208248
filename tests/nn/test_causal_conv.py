"""Convolutions over windows, and over frames in bands of rows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from greenroom.nn import causal_conv
from greenroom.nn.causal_conv import CausalConv3d, Triple, convolve
from greenroom.nn.causal_memory import CausalMemory


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def wanted(frames: Tensor, weight: Tensor, stride: Triple = (1, 1, 1), zeros: int = 1) -> Tensor:
    """By torch, in its own order of axes."""
    ordered = frames.permute(3, 0, 1, 2)[None]
    return functional.conv3d(ordered, weight, None, stride, (0, zeros, zeros))[0].permute(1, 2, 3, 0)


def conv(inputs: int, outputs: int, kernel: Triple = (3, 3, 3), stride: Triple = (1, 1, 1)) -> CausalConv3d:
    made = CausalConv3d(inputs, outputs, kernel, stride).requires_grad_(False)
    made.weight.copy_(normal(*made.weight.shape))
    return made


def read(layer: CausalConv3d, frames: Tensor, memory: CausalMemory) -> Tensor:
    window = layer.open(memory, frames)
    window.frames[:] = frames
    result: Tensor = layer(window, memory)
    return result


def test_the_first_frame_stands_before_the_clip() -> None:
    layer, clip = conv(3, 4), normal(4, 5, 6, 3, seed=1)
    made = read(layer, clip, CausalMemory())
    torch.testing.assert_close(made, wanted(torch.cat((clip[:1], clip[:1], clip)), layer.weight))


def test_nothing_stands_before_the_clip() -> None:
    layer, clip = conv(3, 4), normal(4, 5, 6, 3, seed=1)
    made = read(layer, clip, CausalMemory(zeros=True))
    torch.testing.assert_close(made, wanted(torch.cat((0 * clip[:2], clip)), layer.weight))


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("cut", [[1, 1, 1, 2, 4], [5, 4], [3, 6]], ids=str)
def test_slices_are_the_whole(cut: list[int], zeros: bool) -> None:
    layer, clip, memory = conv(3, 4), normal(9, 5, 6, 3, seed=1), CausalMemory(zeros=zeros)
    pieces = []
    for number, piece in enumerate(torch.split(clip, cut)):
        memory.last = number == len(cut) - 1
        pieces.append(read(layer, piece, memory))
    torch.testing.assert_close(torch.cat(pieces), read(layer, clip, CausalMemory(zeros=zeros)))


# Kernel, stride, height: also where the last band is short, or a row of the frame is left over.
@pytest.mark.parametrize(
    ("shape", "stride", "height", "zeros"),
    [((3, 3), (1, 1, 1), 11, 1), ((3, 3), (1, 2, 2), 13, 0), ((3, 3), (2, 2, 2), 9, 0), ((2, 2), (1, 1, 1), 9, 1)],
    ids=str,
)
@pytest.mark.parametrize("limit", [300, 700])
def test_bands_are_the_whole(
    shape: tuple[int, int], stride: Triple, height: int, zeros: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, weight = normal(3, height, 6, 3), normal(5, 3, 3, *shape, seed=1)
    whole = convolve(frames, weight, stride, zeros=zeros)
    torch.testing.assert_close(whole, wanted(frames, weight, stride, zeros))
    monkeypatch.setattr(causal_conv, "INDEXED", limit)
    torch.testing.assert_close(convolve(frames, weight, stride, zeros=zeros), whole)
