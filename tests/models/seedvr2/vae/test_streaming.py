"""Clips in slices: the same result, memory that does not grow, and frames before the clip has ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from greenroom.models.seedvr2.vae import streaming
from greenroom.models.seedvr2.vae.streaming import decode, decoding, encode, encoding
from greenroom.nn.causal_memory import CausalMemory
from greenroom.nn.slices import Slices
from tests.models.seedvr2.autoencoders import a_clip, a_latent, tiny_vae

CUTS = (Slices(1, 4), Slices(1, 1), Slices(2, 3), Slices(1, 100), Slices(100, 2))
each_cut = pytest.mark.parametrize("cut", CUTS, ids=str)


@each_cut
def test_a_cut_does_not_change_what_is_encoded(cut: Slices) -> None:
    vae, clip = tiny_vae(), a_clip(13)
    torch.testing.assert_close(encode(vae, clip, cut), encode(vae, clip), atol=2e-5, rtol=1e-5)


@each_cut
def test_a_cut_does_not_change_what_is_decoded(cut: Slices) -> None:
    vae, latent = tiny_vae(), a_latent(4)
    torch.testing.assert_close(decode(vae, latent, cut), decode(vae, latent), atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("pieces", [[13], [1] * 13, [4, 6, 3]], ids=str)
def test_frames_come_in_pieces_of_any_length(pieces: list[int]) -> None:
    vae, clip = tiny_vae(), a_clip(13)
    made = list(encoding(vae, torch.split(clip, pieces), Slices(1, 4)))
    assert [len(moments) for moments in made] == [2, 1, 1]
    torch.testing.assert_close(torch.cat(made), encode(vae, clip), atol=2e-5, rtol=1e-5)


def test_moments_come_before_the_clip_has_ended() -> None:
    taken = 0

    def source() -> Iterator[Tensor]:
        nonlocal taken
        for frame in torch.split(a_clip(13), 1):
            taken += 1
            yield frame

    moments = encoding(tiny_vae(), source(), Slices(1, 4))
    assert len(next(moments)) == 2
    assert taken == 6  # one more than a slice: whether it is the last is to be known
    assert len(next(moments)) == 1
    assert taken == 10


def test_frames_come_before_later_ones_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    vae = tiny_vae()
    begun = []
    coarse = vae.decoder.coarse

    def counted(latents: Tensor, memory: CausalMemory) -> Tensor:
        begun.append(len(latents))
        return coarse(latents, memory)

    monkeypatch.setattr(vae.decoder, "coarse", counted)
    pieces = decoding(vae, a_latent(4), Slices(1, 2))
    assert [len(next(pieces)) for _ in range(3)] == [1, 2, 2]
    assert begun == [2]
    assert [len(piece) for piece in pieces] == [2, 2, 2, 2]
    assert begun == [2, 1, 1]


def test_memory_does_not_grow_with_the_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    memories: list[CausalMemory] = []

    class Seen(CausalMemory):
        def __init__(self) -> None:
            super().__init__()
            memories.append(self)

    monkeypatch.setattr(streaming, "CausalMemory", Seen)
    for way in (decoding(tiny_vae(), a_latent(6), Slices(1, 4)), encoding(tiny_vae(), [a_clip(21)], Slices(1, 4))):
        held = [memories[-1].held for _ in way]
        assert held[0] == held[1] == held[-2] > 0
        assert held[-1] == 0


@pytest.mark.parametrize("frames", [0, 2, 4, 6, 8])
def test_a_clip_of_another_length_is_refused(frames: int) -> None:
    with pytest.raises(ValueError, match="4n \\+ 1"):
        list(encoding(tiny_vae(), [a_clip(frames)] if frames else [], Slices(1, 4)))


def test_the_choice_of_convolutions_is_left_as_it_was() -> None:
    before = torch.backends.cudnn.benchmark
    pieces = decoding(tiny_vae(), a_latent(2), Slices(1, 1))
    next(pieces)
    assert torch.backends.cudnn.benchmark == before
    assert not torch.is_inference_mode_enabled()
