"""Slices that hand on what they remember make what one memory makes, and leave nothing between them."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from greenroom.models.seedvr2.ranks.handed_memory import HandedMemory
from greenroom.models.seedvr2.vae.streaming import decode, encode, encode_slice, fine
from greenroom.nn.pieces import computing
from greenroom.nn.slices import CUTS, Slices
from tests.models.seedvr2.autoencoders import a_clip, a_latent, tiny_vae


class Handing:
    """The way from one slice to the next, both of this process."""

    def __init__(self) -> None:
        self.under_way: deque[Tensor] = deque()

    def give(self, tensor: Tensor) -> None:
        self.under_way.append(tensor.clone())

    def take(self, out: Tensor) -> None:
        taken = self.under_way.popleft()
        assert taken.shape == out.shape
        out.copy_(taken)


def memory_of(way: Handing, places: list[int], number: int) -> HandedMemory:
    ranks = cast("Any", way)
    return HandedMemory(ranks, begins=number == 0, ends=number == len(places) - 2)


@pytest.mark.parametrize("at_once", [1, 2, 4, 32])
@pytest.mark.parametrize("places", [[0, 2, 3, 6], [0, 5, 6], [0, 6], [0, 1]], ids=str)
def test_latents_are_decoded_as_by_one_memory(places: list[int], at_once: int) -> None:
    vae, way, latents = tiny_vae(), Handing(), a_latent(places[-1])
    made: list[Tensor] = []
    for number, (first, stop) in enumerate(pairwise(places)):
        memory = memory_of(way, places, number)
        with computing():
            memory.last = True
            coarse = vae.decoder.coarse(latents[first:stop], memory)
        made.extend(fine(vae.decoder, coarse, at_once, memory, last=True))
        assert [left.shape for left in memory.given] == [left.shape for left in way.under_way]
        assert memory.held == 0
    assert torch.equal(torch.cat(made), decode(vae, latents, Slices(1, at_once)))
    assert not way.under_way


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_frames_are_encoded_as_by_one_memory(cut: Slices) -> None:
    vae, way, pixels = tiny_vae(), Handing(), a_clip(21)
    places, made = [0, 9, 13, 21], []
    for number, (first, stop) in enumerate(pairwise(places)):
        memory = memory_of(way, places, number)
        with computing():
            made.append(encode_slice(vae, pixels[first:stop], cut.frames, memory, last=True))
    assert torch.equal(torch.cat(made), encode(vae, pixels, cut))
    assert not way.under_way
