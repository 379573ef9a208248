"""Weights are counted as the networks have them."""

from __future__ import annotations

import math

import pytest
import torch

from greenroom.models.foley.architecture import PUBLISHED, Architecture
from greenroom.models.foley.dac.vae import DacVAE
from greenroom.models.foley.mmdit.synthetic import tiny
from greenroom.models.foley.mmdit.transformer import MMDiT
from greenroom.models.foley.planning.weights import OTHERS, around_blocks, blocks
from greenroom.models.foley.synchformer.encoder import Synchformer
from greenroom.models.foley.towers.clap import PUBLISHED as PUBLISHED_TEXT
from greenroom.models.foley.towers.clap import text_tower
from greenroom.models.foley.towers.siglip2 import PUBLISHED as PUBLISHED_VISION
from greenroom.models.foley.towers.siglip2 import vision_tower
from greenroom.recipes.catalogue import recipe
from greenroom.weights.fitting import shapes_of

ARCHITECTURES = (*PUBLISHED.values(), tiny(PUBLISHED["hunyuanvideo-foley-xl"]))
_MODULATION, _HEARD = ("audio_mod.", "v_cond_mod."), ("text_cross_kv.", "text_cross_k_norm.")


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda own: own.name)
def test_a_denoiser_s_are_those_of_its_parts(architecture: Architecture) -> None:
    with torch.device("meta"):
        network = MMDiT(architecture)
    counted = blocks(architecture)
    there = (*network.triples, *network.singles)
    assert [own.numbers for own in counted] == [sum(p.numel() for p in block.parameters()) for block in there]
    assert sum(own.numbers for own in counted) + around_blocks(architecture) == _all(network)
    for own, block in zip(counted, there, strict=True):
        shapes = {name: shape for name, shape in shapes_of(block).items() if not name.startswith(_MODULATION)}
        travel = {name: shape for name, shape in shapes.items() if not name.startswith(_HEARD)}
        small = [math.prod(shape) for name, shape in travel.items() if len(shape) > 1 and "modulation" not in name]
        assert sorted(own.matrices) == sorted(small)
        assert own.travels(1, 1) == sum(map(math.prod, travel.values()))
        assert own.stays(1, 1) == sum(map(math.prod, shapes.values()))


def test_published_ones_are_as_large_as_their_recipes_say() -> None:
    for name, architecture in PUBLISHED.items():
        counted = sum(own.numbers for own in blocks(architecture)) + around_blocks(architecture)
        assert counted == recipe(name).parameters


def test_the_other_networks_are_as_large_as_they_are() -> None:
    with torch.device("meta"):
        networks = {
            "siglip2": vision_tower(PUBLISHED_VISION),
            "synchformer": Synchformer(),
            "clap": text_tower(PUBLISHED_TEXT),
            "vae": DacVAE(),
        }
    assert {name: _all(network) for name, network in networks.items()} == OTHERS


def _all(network: torch.nn.Module) -> int:
    return sum(own.numel() for own in network.parameters())
