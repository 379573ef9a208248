"""Blocks are decoded as ggml's own package decodes them, to the bit."""

from __future__ import annotations

import gguf
import numpy as np
import pytest
import torch
from gguf.quants import dequantize
from numpy.typing import NDArray

from greenroom.weights.blocks import BLOCK_TYPES

TYPES = list(BLOCK_TYPES)


def blocks(name: str, count: int = 300) -> NDArray[np.uint8]:
    """Any bytes are a block: scales of NaN and infinity among them."""
    return np.random.default_rng(3).integers(0, 256, (count, BLOCK_TYPES[name].size), dtype=np.uint8)


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_what_ggml_says(name: str) -> None:
    kind = gguf.GGMLQuantizationType(BLOCK_TYPES[name].code)
    assert kind.name.lower() == name
    assert gguf.GGML_QUANT_SIZES[kind] == (BLOCK_TYPES[name].elements, BLOCK_TYPES[name].size)


@pytest.mark.parametrize("name", TYPES)
def test_numbers_are_those_of_ggml_to_the_bit(name: str) -> None:
    raw = blocks(name)
    with np.errstate(all="ignore"):
        wanted = dequantize(raw, gguf.GGMLQuantizationType(BLOCK_TYPES[name].code))
    found = BLOCK_TYPES[name].decode(torch.from_numpy(raw)).numpy()
    assert found.dtype == np.float32
    assert found.shape == wanted.shape
    real = ~np.isnan(wanted)
    assert np.array_equal(np.isnan(found), ~real)
    assert np.array_equal(found.view(np.uint32)[real], wanted.view(np.uint32)[real])


@pytest.mark.parametrize("name", TYPES)
def test_blocks_that_are_not_finite_are_found_by_their_scales(name: str) -> None:
    block = BLOCK_TYPES[name]
    sound = torch.from_numpy(blocks(name, 4))
    for place in block.scales:
        sound[:, place : place + 2] = torch.tensor([0.5]).half().view(torch.uint8)
    assert block.is_finite(sound)
    assert block.decode(sound).isfinite().all()
    for place in block.scales:
        for value in (float("nan"), float("inf")):
            spoilt = sound.clone()
            spoilt[2, place : place + 2] = torch.tensor([value]).half().view(torch.uint8)
            assert not block.is_finite(spoilt)
