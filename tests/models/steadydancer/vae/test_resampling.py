"""The ways between levels against the operations that are published, frame by frame."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from greenroom.models.steadydancer.vae.resampling import Down, Up
from greenroom.nn.causal_memory import CausalMemory
from greenroom.nn.channel_norm import Pending

CUTS = ([1, 4], [1, 2, 2], [3, 2], [5])


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def made(layer: Down | Up, clip: Tensor, cut: list[int]) -> Tensor:
    """A clip, (channels, frames, height, width), through a way in pieces. Half of it comes as what is still to add."""
    memory, pieces = CausalMemory(zeros=True), []
    for number, piece in enumerate(torch.split(clip.movedim(0, -1).contiguous(), cut)):
        memory.last = number == len(cut) - 1
        given = layer(Pending(piece / 4, torch.zeros(len(clip)), piece * 0.75), memory, torch.float32)
        pieces.append(given.x if given.shift is None else given.x + given.shift)
        assert given.residual is None
    return torch.cat(pieces).movedim(-1, 0)


def frames_first(x: Tensor) -> Tensor:
    return x.transpose(0, 1)


def settled(layer: Down | Up) -> Down | Up:
    layer.requires_grad_(False)
    layer.compose(torch.float32)
    return layer


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_down_in_space(cut: list[int]) -> None:
    layer, clip = settled(Down(4, timed=False)), normal(4, 5, 6, 8)
    conv = layer.spatial
    wanted = functional.conv2d(functional.pad(frames_first(clip), (0, 1, 0, 1)), conv.weight, conv.bias, stride=2)
    torch.testing.assert_close(made(layer, clip, cut), frames_first(wanted))


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_down_in_time_too(cut: list[int]) -> None:
    layer, clip = settled(Down(4, timed=True)), normal(4, 5, 6, 8)
    conv, time = layer.spatial, layer.time_conv
    assert time is not None
    small = frames_first(
        functional.conv2d(functional.pad(frames_first(clip), (0, 1, 0, 1)), conv.weight, conv.bias, stride=2)
    )
    later = functional.conv3d(small[None], time.weight, time.bias, stride=(2, 1, 1))[0]
    torch.testing.assert_close(made(layer, clip, cut), torch.cat((small[:, :1], later), 1))


def risen(layer: Up, frames: Tensor) -> Tensor:
    """Twice the rows and columns. frames: (channels, frames, height, width)."""
    conv = layer.spatial
    large = functional.interpolate(frames_first(frames), scale_factor=2, mode="nearest-exact")
    return frames_first(functional.conv2d(large, conv.weight, conv.bias, padding=1))


@pytest.mark.parametrize("cut", [*CUTS, [1, 1, 3]], ids=str)
def test_up_in_space(cut: list[int]) -> None:
    layer, clip = Up(4, timed=False), normal(4, 5, 3, 2)
    settled(layer)
    torch.testing.assert_close(made(layer, clip, cut), risen(layer, clip), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cut", [*CUTS, [1, 1, 3]], ids=str)
def test_up_in_time_too(cut: list[int]) -> None:
    layer, clip = Up(4, timed=True), normal(4, 5, 3, 2)
    settled(layer)
    assert layer.time_conv is not None
    # The clip's first frame stays one, and the later ones see zeros in its place.
    seen = torch.cat((torch.zeros_like(clip[:, :2]), clip[:, 1:]), 1)
    both = functional.conv3d(seen[None], layer.time_conv.weight, layer.time_conv.bias)[0]
    later = torch.stack(both.chunk(2), dim=2).flatten(1, 2)
    wanted = risen(layer, torch.cat((clip[:, :1], later), 1))
    torch.testing.assert_close(made(layer, clip, cut), wanted, atol=1e-5, rtol=1e-5)
