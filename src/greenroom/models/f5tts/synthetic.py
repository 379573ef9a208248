"""Invented checkpoints of the family, in the layout of the published ones: see ``greenroom.weights.synthesise``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.f5tts.checkpoint import BY_FORMULA, PREFIX, shapes_of
from greenroom.models.f5tts.flow import Flow
from greenroom.models.f5tts.mel import PUBLISHED, htk_filters
from greenroom.models.f5tts.vocos import Vocos, VocosConfig
from greenroom.nn.rotary import frequencies
from greenroom.weights.synthesise import write_safetensors, write_torch

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from greenroom.models.f5tts.architecture import Architecture
    from greenroom.weights.synthesise import Shape

_STEPS_TRAINED = 1_250_000


def synthesise_flow(path: Path, architecture: Architecture, seed: int = 0) -> None:
    """Write a flow model's averaged weights as safetensors, random ones. Raises OutputUnwritable."""
    shapes, fixed = flow_layout(architecture)
    write_safetensors(path, shapes, seed, fixed)


def synthesise_vocos(path: Path, config: VocosConfig | None = None, seed: int = 0) -> None:
    """Write a vocoder's weights as a torch file: random ones, its own windows and bands. Raises OutputUnwritable."""
    config = config or VocosConfig()
    with torch.device("meta"):
        shapes = shapes_of(Vocos(config))
    window = torch.hann_window(config.n_fft)
    fixed = {
        "feature_extractor.mel_spec.spectrogram.window": window,
        "feature_extractor.mel_spec.mel_scale.fb": htk_filters(PUBLISHED.rate, config.n_fft, config.mels),
        "head.istft.window": window.clone(),
    }
    write_torch(path, {name: shape for name, shape in shapes.items() if name not in fixed}, seed, fixed)


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
