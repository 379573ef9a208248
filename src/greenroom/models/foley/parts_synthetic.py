"""Invented parts of the family, all of them, made where they run: for rehearsals and benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.borrowed import filled, shapes_in_file, without_memory
from greenroom.models.foley.dac.synthetic import TINY as TINY_DAC
from greenroom.models.foley.dac.synthetic import synthetic_dac_vae
from greenroom.models.foley.mmdit.synthetic import synthetic_denoiser, tiny
from greenroom.models.foley.parts import Parts, Sizes, arrivals_of
from greenroom.models.foley.planning.way import Way
from greenroom.models.foley.precision import USUAL
from greenroom.models.foley.synchformer.encoder import SynchformerConfig
from greenroom.models.foley.synchformer.synthetic import synthetic_synchformer
from greenroom.models.foley.towers.clap import BEGIN, END, PADDING, ClapTexts, text_tower
from greenroom.models.foley.towers.encoders import Tokens
from greenroom.models.foley.towers.siglip2 import SiglipPictures, usual_dtype, vision_tower
from greenroom.weights.synthesise import synthesise_on

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn

    from greenroom.models.foley.architecture import Architecture

_LETTERS = 256


def tiny_sizes(architecture: Architecture) -> Sizes:
    """The same kind of networks, done in seconds anywhere; frames are as large as published."""
    small = tiny(architecture)
    tower = {"hidden_size": small.visual_in, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    return Sizes(
        small,
        vae=TINY_DAC,
        synchformer=SynchformerConfig(width=small.sync_in, depth=1, heads=2),
        siglip2=tower | {"patch_size": 64},
        clap=tower | {"vocab_size": END + 1 + _LETTERS},
    )


def synthetic_parts(sizes: Sizes, device: torch.device, way: Way | None = None, precision: str = USUAL) -> Parts:
    """Networks of random weights as ``load_parts`` has them. Raises ExtraMissing."""
    way, on_gpu = way or Way(), device.type == "cuda"
    arrivals = arrivals_of(way)
    texts = ClapTexts(_tower(lambda: text_tower(sizes.clap), device, torch.float32))
    arrivals.take("clap", texts.network)
    pictures = SiglipPictures(_tower(lambda: vision_tower(sizes.siglip2), device, usual_dtype(device)))
    arrivals.take("siglip2", pictures.network)
    synchformer = synthetic_synchformer(device, torch.float16 if on_gpu else torch.float32, sizes.synchformer)
    arrivals.take("synchformer", synchformer)
    vae = synthetic_dac_vae(device, sizes.vae)
    arrivals.take("vae", vae)
    dtype = torch.bfloat16 if on_gpu else torch.float32
    denoiser = synthetic_denoiser(sizes.denoiser, device, dtype, precision=precision, resident=way.resident)
    return Parts(denoiser, vae, synchformer, pictures, texts, spelled, arrivals.parkings)


def spelled(texts: Sequence[str]) -> Tokens:
    """A tokenizer that needs no file: a token each byte, with the marks of the published one."""
    rows = [[BEGIN, *(END + 1 + letter for letter in text.encode()), END] for text in texts]
    longest = max(map(len, rows), default=0)
    ids = torch.tensor([[*row, *[PADDING] * (longest - len(row))] for row in rows])
    return Tokens(ids, torch.arange(longest) < torch.tensor([[len(row)] for row in rows]))


def _tower(make: Callable[[], nn.Module], device: torch.device, dtype: torch.dtype) -> nn.Module:
    network = without_memory(make)
    return filled(network, dict(synthesise_on(device, shapes_in_file(network), 0, dtype)))
