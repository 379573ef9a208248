"""Weights are counted as the networks have them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from greenroom.models.borrowed import without_memory
from greenroom.models.steadydancer.architecture import PUBLISHED, Architecture
from greenroom.models.steadydancer.dancer.precision import PRECISIONS, PRODUCTS, SMALL, USUAL
from greenroom.models.steadydancer.dancer.synthetic import synthetic_dancer, tiny
from greenroom.models.steadydancer.dancer.transformer import Dancer
from greenroom.models.steadydancer.planning.weights import (
    FLOAT,
    HALF,
    ON_CPU,
    ON_GPU,
    READING,
    SEEING,
    UMT5,
    around_blocks,
    blocks,
    matrices,
    umt5,
)
from greenroom.models.steadydancer.towers import clip, footprint
from greenroom.models.steadydancer.towers import umt5 as texts
from greenroom.models.steadydancer.towers.prompts import LONGEST
from greenroom.models.steadydancer.vae.vae import WanVae
from greenroom.nn.streaming import Streaming
from greenroom.recipes.catalogue import recipe
from greenroom.weights.fitting import shapes_of

ARCHITECTURE = PUBLISHED["steadydancer-14b"]
TINY = tiny(ARCHITECTURE)


def taken(network: nn.Module) -> int:
    return sum(own.nbytes for own in (*network.parameters(), *network.buffers()))


@pytest.mark.parametrize("architecture", [ARCHITECTURE, TINY], ids=lambda own: own.name)
def test_a_denoiser_s_are_those_of_its_parts(architecture: Architecture) -> None:
    with torch.device("meta"):
        network = Dancer(architecture)
    counted = blocks(architecture, USUAL, FLOAT)
    assert [own.whole for own in counted] == [taken(block) for block in network.layers]
    assert around_blocks(architecture, FLOAT) == taken(network) - taken(network.blocks)
    for own, block in zip(counted, network.layers, strict=True):
        assert own.hears == tuple(map(taken, block.cross_attn.hearing))
        layers = {name: layer for name, layer in block.named_modules() if isinstance(layer, nn.Linear)}
        told = {own.name: (own.outputs, own.inputs) for own in matrices(architecture)}
        assert told == {name: (layer.out_features, layer.in_features) for name, layer in layers.items()}


def test_published_ones_are_as_large_as_their_recipe_says() -> None:
    numbers = sum(own.whole for own in blocks(ARCHITECTURE, USUAL, FLOAT)) + around_blocks(ARCHITECTURE, FLOAT)
    assert numbers == FLOAT * (recipe("steadydancer-14b").parameters or 0)
    small = sum(own.whole for own in blocks(ARCHITECTURE, SMALL, HALF))
    assert 16.1e9 < small < 16.2e9
    [said] = (memory.bytes for memory in recipe("steadydancer-14b").memory if memory.precision == "fp8")
    assert said == small + around_blocks(ARCHITECTURE, HALF)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_they_are_as_large_as_they_are_loaded(precision: str) -> None:
    network = synthetic_dancer(TINY, torch.device("cpu"), torch.bfloat16, precision=precision)
    counted = blocks(TINY, precision, HALF)
    assert [own.whole for own in counted] == [taken(block) for block in network.layers]
    assert around_blocks(TINY, HALF) == taken(network) - taken(network.blocks)
    network.hearing.keep(0)
    network.streaming.keep(0)
    assert [own.stays for own in counted] == [taken(block) for block in network.layers]


def test_what_a_file_keeps_is_as_large_as_in_it() -> None:
    stored = {"blocks.1.ffn.0.weight": 7, "blocks.0.cross_attn.k_img.weight": 11}
    usual, kept = blocks(TINY, SMALL, HALF), blocks(TINY, SMALL, HALF, stored)
    assert usual[1].travels - kept[1].travels == TINY.hidden * TINY.width - 7
    assert usual[0].hears[2] - kept[0].hears[2] == TINY.width**2 - 11
    assert (usual[0].travels, usual[1].hears) == (kept[0].travels, kept[1].hears)


def of_halves(network: nn.Module, itemsize: int) -> tuple[int, int]:
    """Bytes of its weights, and of what torch pins for them."""
    every = (*network.parameters(), *network.buffers())
    sizes = [own.numel() * (itemsize if own.is_floating_point() else own.element_size()) for own in every]
    return sum(sizes), sum(1 << (size - 1).bit_length() for size in sizes)


def test_the_other_networks_are_as_large_as_they_are() -> None:
    tower = without_memory(lambda: clip.vision_tower(clip.PUBLISHED))
    assert of_halves(tower, HALF) == ON_GPU["clip"][:2]
    assert of_halves(tower, FLOAT)[0] == ON_CPU["clip"].weights
    with torch.device("meta"):
        shapes = shapes_of(WanVae())
    empty = {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    half, whole = (WanVae.of(empty, None, dtype) for dtype in (torch.float16, torch.float32))
    pinned = sum(1 << (own.nbytes - 1).bit_length() for own in (*half.parameters(), *half.buffers()))
    assert (taken(half), pinned) == ON_GPU["vae"][:2]
    assert taken(whole) == ON_CPU["vae"].weights


def test_the_text_encoder_is_as_large_as_it_is() -> None:
    assert {name: texts.PUBLISHED[name] for name in UMT5} == UMT5
    network = without_memory(lambda: texts.text_encoder(texts.PUBLISHED))
    network.set_input_embeddings(network.get_submodule("shared"))  # type: ignore[operator]  # transformers' own
    told = ON_GPU["umt5"]
    assert told == ON_CPU["umt5"] == umt5(texts.PUBLISHED, HALF)
    assert told.weights == of_halves(network, HALF)[0]
    block = taken(texts.blocks_of(network)[0]) // 2
    table = network.get_submodule("shared").get_parameter("weight").numel() * HALF
    assert told.working == table + 2 * block + 2 * 4096
    assert told.weights < told.pinned < 1.02 * told.weights


def test_the_text_encoder_s_blocks_go_as_they_are_counted() -> None:
    options: dict[str, Any] = {**texts.PUBLISHED, **UMT5, "num_layers": 2, "vocab_size": 64}
    options |= {"d_model": 64, "d_ff": 160, "num_heads": 4, "d_kv": 16}
    network = without_memory(lambda: texts.text_encoder(options)).to_empty(device="cpu").bfloat16()
    streaming = Streaming(texts.blocks_of(network))
    streaming.keep(0)
    told = umt5(options, HALF)
    assert told.weights - HALF * 64 * 65 == pytest.approx(streaming.held, abs=2 * 12 * 256)  # each begins at a place


def test_towers_at_work_are_told_by_themselves() -> None:
    assert footprint.reading(texts.PUBLISHED, LONGEST) == READING
    assert footprint.seeing(clip.PUBLISHED) == SEEING


def test_products_have_a_scale_for_each_output() -> None:
    small, products = (blocks(TINY, precision, HALF)[0] for precision in (SMALL, PRODUCTS))
    outputs = sum(own.outputs for own in matrices(TINY) if not own.heard)
    assert products.travels - small.travels == FLOAT * outputs
    assert products.hears == small.hears
