"""What is said of memory is what is held, counted tensor by tensor."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from greenroom.models.steadydancer.vae import resampling
from greenroom.models.steadydancer.vae.config import WanVaeConfig
from greenroom.models.steadydancer.vae.footprint import WanVaeFootprint
from greenroom.models.steadydancer.vae.synthetic import synthetic_vae
from greenroom.models.steadydancer.vae.vae import WanVae
from greenroom.nn import causal_conv, channel_norm, pixels
from greenroom.nn.causal_conv import Triple
from greenroom.nn.channel_norm import Pending
from greenroom.nn.slices import CUTS, Slices
from tests.models.counting import CountingCalls

CONFIG = WanVaeConfig(width=24)
HEIGHT, WIDTH = 96, 160
# Of the type that convolutions take, and of that between residual blocks.
TYPES = [(torch.float32, torch.float32), (torch.bfloat16, torch.float32), (torch.bfloat16, torch.bfloat16)]


@pytest.fixture(params=TYPES, ids=str)
def vae(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> WanVae:
    """What happens has the sizes that it has on a GPU, whose kernels take no room beside; nothing is computed."""

    def convolve(frames: Tensor, weight: Tensor, stride: Triple, zeros: int) -> Tensor:
        sizes = zip(frames.shape[:3], (0, 2 * zeros, 2 * zeros), weight.shape[2:], stride, strict=True)
        shape = ((size + padding - kernel) // step + 1 for size, padding, kernel, step in sizes)
        return frames.new_empty(*shape, weight.shape[0])

    def lengths_to_pixels(given: Pending, gain: Tensor, weight: Tensor, bias: Tensor, pending: Tensor) -> Tensor:
        said = given.x.new_empty(81, *given.x.shape[1:3], dtype=torch.float32)
        return said.new_empty(*given.x.shape[:3], len(weight))

    monkeypatch.setattr(causal_conv, "_convolve", convolve)
    monkeypatch.setattr(channel_norm, "normed", lambda x, gain, silu: x)
    monkeypatch.setattr(channel_norm, "_sum", lambda given: given.x)
    monkeypatch.setattr(resampling, "interleave", lambda *args: None)
    monkeypatch.setattr(pixels, "lengths_to_pixels", lengths_to_pixels)
    dtype, sums = request.param
    return synthetic_vae(torch.device("cpu"), dtype, CONFIG, sums=sums)


def held(work: Iterator[Tensor]) -> int:
    with CountingCalls() as counted:
        for made in work:
            del made
    most: int = counted.peak
    return most


def both(vae: WanVae, frames: int, cut: Slices) -> tuple[tuple[WanVaeFootprint, Iterator[Tensor]], ...]:
    """What is said of each network, and its work on a clip."""
    sums = vae.encoder.sums.itemsize // vae.dtype.itemsize
    video = torch.zeros(3, frames, HEIGHT, WIDTH)
    latents = torch.zeros(CONFIG.latent, CONFIG.latent_frames(frames), HEIGHT // 8, WIDTH // 8)
    return (
        (WanVaeFootprint.encoder(CONFIG, sums), vae.encoded([video], cut)),
        (WanVaeFootprint.decoder(CONFIG, sums), vae.decoded(latents, cut)),
    )


@pytest.mark.parametrize("cut", [Slices(1, 4), Slices(2, 3), Slices(1, 1)], ids=str)
def test_what_is_said_is_held(vae: WanVae, cut: Slices) -> None:
    frames = CONFIG.frames(3 * cut.latents + 1)  # three slices: then all is remembered that will be
    for footprint, work in both(vae, frames, cut):
        found, said = held(work), footprint.bytes(HEIGHT, WIDTH, cut, vae.dtype.itemsize)
        assert found <= said <= (1.15 if vae.dtype.itemsize == 2 else 1.2) * found
        assert footprint.bytes(HEIGHT, WIDTH, cut, vae.dtype.itemsize, frames=frames) == said


@pytest.mark.parametrize("cut", [Slices(8, 32), Slices(2, 2)], ids=str)
@pytest.mark.parametrize("frames", [1, 5])
def test_a_clip_that_ends_in_its_first_slice_remembers_less(vae: WanVae, cut: Slices, frames: int) -> None:
    for footprint, work in both(vae, frames, cut):
        found, said = held(work), footprint.bytes(HEIGHT, WIDTH, cut, vae.dtype.itemsize, frames=frames)
        assert found <= said <= (1.1 if vae.dtype.itemsize == 2 else 1.75) * found  # what is said lies in float32
        assert said <= footprint.bytes(HEIGHT, WIDTH, cut, vae.dtype.itemsize)


@pytest.mark.parametrize("size", [(480, 832), (720, 1280), (96, 64)], ids=str)
def test_leaner_cuts_take_less(size: tuple[int, int]) -> None:
    for footprint in (WanVaeFootprint.encoder(WanVaeConfig()), WanVaeFootprint.decoder(WanVaeConfig())):
        sizes = [footprint.bytes(*size, cut) for cut in CUTS]
        assert all(after <= before for before, after in pairwise(sizes))
        leanest = footprint.fitting(*size, sizes[-1])
        assert leanest is not None
        assert footprint.bytes(*size, leanest) == sizes[-1]
        assert footprint.fitting(*size, sizes[-1] - 1) is None


def test_a_tensor_stays_small_enough_to_be_indexed() -> None:
    decoder = WanVaeFootprint.decoder(WanVaeConfig())
    assert decoder.fitting(480, 832, 10**12) == Slices(8, 32)
    assert decoder.fitting(720, 1280, 10**12) == Slices(4, 16)
