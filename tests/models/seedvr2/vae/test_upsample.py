"""One convolution for the two that are published, at every border in space and time."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from greenroom.models.seedvr2.vae.blocks import bias_of
from greenroom.models.seedvr2.vae.upsample import Upsample
from greenroom.nn.causal_memory import CausalMemory
from tests.models.seedvr2.networks import normal

CHANNELS = 4


def upsample(timed: bool) -> Upsample:
    made = Upsample(CHANNELS, timed=timed).requires_grad_(False)
    for seed, weight in enumerate(made.parameters()):
        weight.copy_(normal(*weight.shape, seed=seed))
    made.compose(torch.float32)
    return made


def published(of: Upsample, clip: Tensor) -> Tensor:
    """The two convolutions and the move between them, of a whole clip, as the specification tells them."""
    frames, height, width, channels = clip.shape
    cells = functional.linear(clip, of.upscale_conv.weight.flatten(1), bias_of(of.upscale_conv))
    cells = cells.view(frames, height, width, 2, 2, of.times, channels)
    moved = cells.permute(0, 5, 1, 3, 2, 4, 6).reshape(frames * of.times, 2 * height, 2 * width, channels)
    if of.times == 2:
        moved = torch.cat((moved[:1], moved[2:]))
    whole = torch.cat((moved[:1], moved[:1], moved)).permute(3, 0, 1, 2)[None]
    return functional.conv3d(whole, of.conv.weight, of.conv.bias, padding=(0, 1, 1))[0].permute(1, 2, 3, 0)


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("cut", [[5], [1, 4], [1, 1, 3], [2, 1, 2]], ids=str)
def test_it_is_what_the_two_are(timed: bool, cut: list[int]) -> None:
    of, clip, memory = upsample(timed), normal(5, 3, 2, CHANNELS, seed=7), CausalMemory()
    pieces = []
    for piece in torch.split(clip, cut):
        window = of.open(memory, piece)
        window.frames[:] = piece
        pieces.append(of(window, memory))
    torch.testing.assert_close(torch.cat(pieces), published(of, clip), atol=3e-5, rtol=1e-5)


@pytest.mark.parametrize("timed", [True, False])
def test_a_pixel_alone(timed: bool) -> None:
    of, clip, memory = upsample(timed), normal(1, 1, 1, CHANNELS), CausalMemory()
    window = of.open(memory, clip)
    window.frames[:] = clip
    torch.testing.assert_close(of(window, memory), published(of, clip), atol=3e-5, rtol=1e-5)
