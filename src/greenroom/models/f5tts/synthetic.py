"""Invented weights of the family: checkpoints in the layout of the published ones, and networks made where they run.

See ``greenroom.weights.synthesise`` for the values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from greenroom.models.f5tts.checkpoint import BY_FORMULA, PREFIX
from greenroom.models.f5tts.flow import Flow
from greenroom.models.f5tts.mel import PUBLISHED, htk_filters
from greenroom.models.f5tts.vocabulary import SPACE
from greenroom.models.f5tts.vocos import Vocos, VocosConfig
from greenroom.nn.rotary import frequencies
from greenroom.weights.fitting import shapes_of
from greenroom.weights.synthesise import synthesise_on, write_safetensors, write_torch

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from greenroom.models.f5tts.architecture import Architecture
    from greenroom.weights.synthesise import Shape

TINY_VOCOS = VocosConfig(dim=16, inner=32, depth=1)

_STEPS_TRAINED = 1_250_000
_TINY_VOCABULARY = 100


def tiny(architecture: Architecture, *, heads: int = 4, dim_head: int = 64) -> Architecture:
    """The same kind of network with the same options, of two layers and a short vocabulary.

    heads, dim_head: so many are the least that the kernels for CUDA take.
    """
    dim = heads * dim_head
    return replace(
        architecture,
        name=f"{architecture.name}-tiny",
        dim=dim,
        depth=2,
        heads=heads,
        dim_head=dim_head,
        # Without blocks of its own, the text is as wide as the mel.
        text_dim=dim // 2 if architecture.conv_layers else architecture.text_dim,
        conv_layers=min(architecture.conv_layers, 1),
        vocabulary=_TINY_VOCABULARY,
    )


def synthetic_flow(architecture: Architecture, device: torch.device, dtype: torch.dtype, *, seed: int = 0) -> Flow:
    """A flow model of random weights, drawn on its device and in its precision: nothing is written or copied."""
    with torch.device("meta"):
        flow = Flow(architecture)
    shapes = {name: shape for name, shape in shapes_of(flow).items() if name != BY_FORMULA}
    tensors = dict(synthesise_on(device, shapes, seed, dtype))
    tensors[BY_FORMULA] = frequencies(architecture.dim_head, device)
    flow.load_state_dict(tensors, assign=True)
    return flow.eval().requires_grad_(False)


def synthetic_vocos(device: torch.device, config: VocosConfig | None = None, *, seed: int = 0) -> Vocos:
    """A vocoder of random weights in float32, drawn on its device; its windows and bands are the real ones."""
    with torch.device("meta"):
        vocos = Vocos(config)
    fixed = _tables(vocos.config)
    shapes = {name: shape for name, shape in shapes_of(vocos).items() if name not in fixed}
    tensors = dict(synthesise_on(device, shapes, seed))
    vocos.load_state_dict(tensors | {name: table.to(device) for name, table in fixed.items()}, assign=True)
    return vocos.eval().requires_grad_(False)


def synthetic_vocabulary(size: int) -> list[str]:
    """So many tokens: the space and the rest of printable ASCII, with which English is written, then invented ones."""
    printable = [chr(code) for code in range(ord(SPACE), ord("~") + 1)]
    return [*printable, *(f"token{number}" for number in range(len(printable), size))][:size]


def synthesise_flow(path: Path, architecture: Architecture, seed: int = 0) -> None:
    """Write a flow model's averaged weights as safetensors, random ones. Raises OutputUnwritable."""
    shapes, fixed = flow_layout(architecture)
    write_safetensors(path, shapes, seed, fixed)


def synthesise_vocos(path: Path, config: VocosConfig | None = None, seed: int = 0) -> None:
    """Write a vocoder's weights as a torch file: random ones, its own windows and bands. Raises OutputUnwritable."""
    config = config or VocosConfig()
    with torch.device("meta"):
        shapes = shapes_of(Vocos(config))
    fixed = _tables(config)
    write_torch(path, {name: shape for name, shape in shapes.items() if name not in fixed}, seed, fixed)


def _tables(config: VocosConfig) -> dict[str, Tensor]:
    """What is not random in a vocoder's file."""
    window = torch.hann_window(config.n_fft)
    return {
        "feature_extractor.mel_spec.spectrogram.window": window,
        "feature_extractor.mel_spec.mel_scale.fb": htk_filters(PUBLISHED.rate, config.n_fft, config.mels),
        "head.istft.window": window.clone(),
    }


def flow_layout(architecture: Architecture) -> tuple[dict[str, Shape], dict[str, Tensor]]:
    """The tensors of a published file by its own names: the shapes of the weights, and what is not random in it."""
    with torch.device("meta"):
        shapes = {PREFIX + name: shape for name, shape in shapes_of(Flow(architecture)).items()}
    fixed = {
        PREFIX + BY_FORMULA: frequencies(architecture.dim_head),
        "initted": torch.tensor(True),
        "step": torch.tensor(_STEPS_TRAINED),
    }
    return {name: shape for name, shape in shapes.items() if name not in fixed}, fixed
