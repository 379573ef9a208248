"""The autoencoder: any cut of a clip gives the same, memory does not grow, and frames come before its end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
import torch
from torch import Tensor

from greenroom.models.steadydancer.vae import vae as module
from greenroom.models.steadydancer.vae.synthetic import TINY, synthetic_vae
from greenroom.models.steadydancer.vae.vae import WanVae
from greenroom.nn.causal_memory import CausalMemory
from greenroom.nn.parking import Parking
from greenroom.nn.slices import Slices

CUTS = (Slices(1, 1), Slices(2, 3), Slices(1, 100), Slices(100, 2))
each_cut = pytest.mark.parametrize("cut", CUTS, ids=str)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@cache
def tiny() -> WanVae:
    return synthetic_vae(torch.device("cpu"), torch.float32, TINY)


def a_clip(frames: int) -> Tensor:
    return normal(3, frames, 16, 24).clamp(-1, 1)


def latents(frames: int) -> Tensor:
    return normal(16, frames, 2, 3, seed=1)


@each_cut
def test_a_cut_does_not_change_what_is_encoded(cut: Slices) -> None:
    torch.testing.assert_close(tiny().encode(a_clip(13), cut), tiny().encode(a_clip(13)), atol=2e-5, rtol=1e-5)


@each_cut
def test_a_cut_does_not_change_what_is_decoded(cut: Slices) -> None:
    torch.testing.assert_close(tiny().decode(latents(4), cut), tiny().decode(latents(4)), atol=2e-5, rtol=1e-5)


def test_a_picture_is_the_first_frame_of_any_clip() -> None:
    """No frame sees a later one."""
    torch.testing.assert_close(tiny().encode(a_clip(13)[:, :1]), tiny().encode(a_clip(13))[:, :1], atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(tiny().decode(latents(3)[:, :1]), tiny().decode(latents(3))[:, :1], atol=2e-5, rtol=1e-5)


def test_shapes_and_range() -> None:
    assert tiny().encode(a_clip(9)).shape == (16, 3, 2, 3)
    made = tiny().decode(20 * latents(3))
    assert made.shape == (3, 9, 16, 24)
    assert made.is_contiguous()
    assert float(made.abs().max()) == 1.0


def test_latents_are_normalised() -> None:
    vae, other = tiny(), WanVae.of(tiny().state_dict(), TINY)
    other.config = type(TINY)(TINY.width, TINY.times, TINY.blocks, mean=(0.5,) * 16, spread=(2.0,) * 16)
    raw = vae.encode(a_clip(1)) * torch.tensor(TINY.spread)[:, None, None, None]
    raw += torch.tensor(TINY.mean)[:, None, None, None]
    torch.testing.assert_close(other.encode(a_clip(1)), (raw - 0.5) / 2, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(other.decode((raw - 0.5) / 2), vae.decode(vae.encode(a_clip(1))), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("pieces", [[13], [1] * 13, [4, 6, 3]], ids=str)
def test_frames_come_in_pieces_of_any_length(pieces: list[int]) -> None:
    made = list(tiny().encoded(torch.split(a_clip(13), pieces, dim=1), Slices(1, 4)))
    assert [piece.shape[1] for piece in made] == [2, 1, 1]
    torch.testing.assert_close(torch.cat(made, 1), tiny().encode(a_clip(13)), atol=2e-5, rtol=1e-5)


def test_latents_come_before_the_clip_has_ended() -> None:
    taken = 0

    def source() -> Iterator[Tensor]:
        nonlocal taken
        for frame in torch.split(a_clip(13), 1, dim=1):
            taken += 1
            yield frame

    made = tiny().encoded(source(), Slices(1, 4))
    assert next(made).shape[1] == 2
    assert taken == 6  # one more than a piece: whether it is the last is to be known


def test_frames_come_before_later_ones_are_decoded() -> None:
    pieces = tiny().decoded(latents(4), Slices(1, 2))
    assert [piece.shape[1] for piece in pieces] == [1, 2, 2, 2, 2, 2, 2]


def test_memory_does_not_grow_with_the_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    memories: list[CausalMemory] = []

    class Seen(CausalMemory):
        def __init__(self, *, zeros: bool) -> None:
            super().__init__(zeros=zeros)
            memories.append(self)

    monkeypatch.setattr(module, "CausalMemory", Seen)
    for way in (tiny().decoded(latents(6), Slices(1, 4)), tiny().encoded([a_clip(21)], Slices(1, 4))):
        held = [memories[-1].held for _ in way]
        assert held[0] == held[1] == held[-2] > 0
        assert held[-1] == 0


@pytest.mark.parametrize("frames", [2, 4, 8])
def test_a_clip_of_another_length_is_refused(frames: int) -> None:
    with pytest.raises(ValueError, match="4n \\+ 1"):
        tiny().encode(a_clip(frames))


def test_a_clip_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="24x20 are no multiples of 8"):
        tiny().encode(normal(3, 1, 20, 24))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_near(dtype: torch.dtype) -> None:
    exact = tiny()
    half = WanVae.of(exact.state_dict(), TINY, dtype, torch.float32)
    near = 0.1 if dtype == torch.bfloat16 else 0.02
    for ours, theirs in (
        (half.encode(a_clip(5)), exact.encode(a_clip(5))),
        (half.decode(latents(2)), exact.decode(latents(2))),
    ):
        assert ours.dtype == torch.float32
        assert 0 < float((ours - theirs).abs().mean()) < near * float(theirs.std())


def test_all_that_is_used_can_leave_the_device() -> None:
    """What is made of published weights is among it: a parked network gives back all that it holds."""
    vae = synthetic_vae(torch.device("cpu"), torch.float32, TINY)
    published = sum(tensor.nbytes for tensor in vae.state_dict().values())
    composed = sum(buffer.nbytes for buffer in vae.buffers())
    assert composed > 0
    assert Parking(vae).weights == published + composed


def test_the_published_network() -> None:
    with torch.device("meta"):
        vae = WanVae()
    assert len(vae.state_dict()) == 194
    assert sum(weight.numel() for weight in vae.parameters()) == 126_892_531
