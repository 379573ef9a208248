"""Published checkpoints into networks: one rule for names, no exceptions to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.f5tts.flow import Flow
from greenroom.models.f5tts.vocos import Vocos, VocosConfig
from greenroom.nn.rotary import frequencies
from greenroom.weights.fitting import check_fit, shapes_of
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from greenroom.models.f5tts.architecture import Architecture
    from greenroom.weights.contents import Stored
    from greenroom.weights.fitting import Shape

# The rule. Where the weights stand in a torch file: the averaged ones, else those of training.
SECTIONS = ("ema_model_state_dict", "model_state_dict")
# What every name of averaged weights begins with.
PREFIX = "ema_model."
# What a file may hold besides: the average's counters, and buffers of the mel that early files carried along.
DROPPED = frozenset({"initted", "step", "mel_spec.mel_stft.mel_scale.fb", "mel_spec.mel_stft.spectrogram.window"})
# What must be in the file and is not taken from it: the formula gives it in float32, whatever the file was cast to.
BY_FORMULA = "transformer.rotary_embed.inv_freq"

_TABLE = "transformer.text_embed.text_embed.weight"
_MENDS = {_TABLE: "give the vocabulary file that came with these weights: it has a line less than the table has rows"}
_KNOWN = {
    ("DiT", 1024, 22): "F5-TTS Base",
    ("DiT", 768, 18): "F5-TTS Small",
    ("UNetT", 1024, 24): "E2-TTS Base",
    ("UNetT", 768, 20): "E2-TTS Small",
}


def load_flow(
    path: Path, architecture: Architecture, *, device: torch.device | str = "cpu", dtype: torch.dtype | None = None
) -> Flow:
    """Load a flow model, strictly, onto a device.

    dtype: of the weights; where it is None, float16 on a GPU and float32 elsewhere. On the CPU in float32, the weights
    stay mapped from the file, which must not be written to. Raises WeightsUnreadable, WeightsUnfit.
    """
    with torch.device("meta"):
        flow = Flow(architecture)
    wanted = shapes_of(flow)

    weights = open_weights(path, SECTIONS)
    sources = sources_of(weights.tensors)
    stored = {name: weights.tensors[source] for name, source in sources.items()}
    check_fit(weights.name, architecture.name, wanted, stored, recognised=_other(stored, wanted), mends=_MENDS)

    dtype = dtype or (torch.float16 if torch.device(device).type == "cuda" else torch.float32)
    tensors = read_weights(weights, {name: sources[name] for name in wanted}, device, dtype)
    tensors[BY_FORMULA] = frequencies(architecture.dim_head, device)
    flow.load_state_dict(tensors, assign=True)
    return flow.eval().requires_grad_(False)


def load_vocos(path: Path, config: VocosConfig | None = None, *, device: torch.device | str = "cpu") -> Vocos:
    """Load the vocoder, strictly and in float32, onto a device. Raises WeightsUnreadable, WeightsUnfit."""
    with torch.device("meta"):
        vocos = Vocos(config)
    wanted = shapes_of(vocos)

    weights = open_weights(path)
    check_fit(weights.name, "vocos", wanted, weights.tensors, recognised=_other(weights.tensors, wanted))

    vocos.load_state_dict(read_weights(weights, {name: name for name in wanted}, device, torch.float32), assign=True)
    return vocos.eval().requires_grad_(False)


def sources_of(names: Iterable[str]) -> dict[str, str]:
    """The rule applied: the network's name of each tensor in a file, and the file's own.

    A second tensor that would get the same name gets none of the network's, so that it is refused as unknown.
    """
    sources: dict[str, str] = {}
    for source in names:
        name = source.removeprefix(PREFIX)
        if name not in DROPPED:
            sources[f"{name} a second time" if name in sources else name] = source
    return sources


def recognise(shapes: Mapping[str, Shape]) -> str:
    """What network tensors of such names and shapes are of, in words; empty where nothing tells.

    v1 and the first F5-TTS Base are the same to it: their weights do not differ in names or shapes.
    """
    if "backbone.embed.weight" in shapes:
        return f"Vocos, a vocoder of {_depth(shapes, 'backbone.convnext.')} blocks"
    layers = {"DiT": "transformer.transformer_blocks.", "UNetT": "transformer.layers."}
    width = shapes.get("transformer.time_embed.time_mlp.0.weight", (0,))[0]
    for backbone, prefix in layers.items():
        if depth := _depth(shapes, prefix):
            made = f"a {backbone} of width {width} and depth {depth}"
            known = _KNOWN.get((backbone, width, depth))
            return f"{known} ({made})" if known else made
    return ""


def _other(stored: Mapping[str, Stored], wanted: Mapping[str, Shape]) -> str:
    """What a file is recognised as, if that is not what is wanted."""
    recognised = recognise({name.removeprefix(PREFIX): tensor.shape for name, tensor in stored.items()})
    return "" if recognised == recognise(wanted) else recognised


def _depth(shapes: Iterable[str], prefix: str) -> int:
    return len({name.removeprefix(prefix).partition(".")[0] for name in shapes if name.startswith(prefix)})
