"""Published transformers into networks: strictly, whatever the file is in, by one rule for names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.seedvr2.nadit.rotary import frequencies
from greenroom.models.seedvr2.nadit.transformer import NaDiT
from greenroom.nn.quantised import QuantisedLinear
from greenroom.weights.errors import WeightsUnfit
from greenroom.weights.fitting import check_fit, shapes_of, sources_of
from greenroom.weights.loading import read_quantised, read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from torch import Tensor

    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.weights.contents import WeightsFile
    from greenroom.weights.fitting import Shape
    from greenroom.weights.fp8 import Fp8
    from greenroom.weights.quantised import Quantised

PREFIX = "model.diffusion_model."
"""The rule. What the names of some GGUF files begin with; the rest of each is the makers' own."""

BY_FORMULA = ".attn.rope.rope.freqs"
"""How the names end of what must be in the file and is not taken from it."""

# How far a file's frequencies may lie from the formula's: as far as a cast to eight bits takes them.
_RELATIVE, _ABSOLUTE = 1 / 8, 2.0**-9
_MATRIX = 2  # dimensions
_KNOWN = {(2560, 32): "SeedVR2 3B", (3072, 36): "SeedVR2 7B"}


def load_transformer(
    path: Path,
    architecture: Architecture,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    small: bool = False,
) -> NaDiT:
    """Load a transformer, strictly, onto a device.

    dtype: of the weights; where it is None, bfloat16 on a GPU and float32 elsewhere. On the CPU in float32, weights
    that are stored so stay mapped from the file, which must not be written to.  small: the blocks' matrices that are
    stored in eight bits or in GGUF blocks stay as small, and are dequantised at each use; else it is done here.
    Raises WeightsUnreadable, WeightsUnfit.
    """
    with torch.device("meta"):
        network = NaDiT(architecture)
    wanted = shapes_of(network)

    weights = open_weights(path)
    sources = sources_of(weights.tensors, PREFIX)
    stored = {name: weights.tensors[source] for name, source in sources.items()}
    found = {name: tensor.shape for name, tensor in stored.items()}
    check_fit(weights.name, architecture.name, wanted, stored, recognised=_other(found, wanted), quantised=True)
    _check_frequencies(weights, sources, architecture)

    dtype = dtype or (torch.bfloat16 if torch.device(device).type == "cuda" else torch.float32)
    read = {name: sources[name] for name in wanted if not name.endswith(BY_FORMULA)}
    kept = {name for name in read if small and name.startswith("blocks.") and len(wanted[name]) == _MATRIX}
    state = _with_small_layers(network, read_quantised(weights, read, device, dtype, kept))
    network.load_state_dict(state | computed(wanted, architecture, device), assign=True)
    return network.eval().requires_grad_(False)


def computed(names: Iterable[str], architecture: Architecture, device: torch.device | str) -> dict[str, Tensor]:
    """What is in a network's state and not taken from a file: float32, by name."""
    values = frequencies(architecture).to(device)
    return {name: values for name in names if name.endswith(BY_FORMULA)}


def recognise(shapes: Mapping[str, Shape]) -> str:
    """What network of the family tensors of such names and shapes are of, in words; empty where nothing tells.

    The first SeedVR and the sharp 7B do not differ from SeedVR2 in names or shapes.
    """
    if "decoder.conv_in.weight" in shapes:
        return "the VAE of SeedVR2"
    depth = len({name.split(".")[1] for name in shapes if name.startswith("blocks.")})
    if not depth or "vid_in.proj.weight" not in shapes:
        return ""
    width = shapes["vid_in.proj.weight"][0]
    made = f"a transformer of width {width} and depth {depth}"
    known = _KNOWN.get((width, depth))
    return f"{known} ({made})" if known else made


def _other(found: Mapping[str, Shape], wanted: Mapping[str, Shape]) -> str:
    """What a file is recognised as, if that is not what is wanted."""
    recognised = recognise(found)
    return "" if recognised == recognise(wanted) else recognised


def _with_small_layers(network: NaDiT, tensors: Mapping[str, Tensor | Fp8 | Quantised]) -> dict[str, Tensor]:
    """Put a layer for each weight that stays quantised into the network, and give its state then."""
    state = {name: value for name, value in tensors.items() if isinstance(value, torch.Tensor)}
    for name, value in tensors.items():
        if isinstance(value, torch.Tensor):
            continue
        layer = name.removesuffix(".weight")
        small = QuantisedLinear(value, state.get(f"{layer}.bias"))
        network.set_submodule(layer, small)
        state |= {f"{layer}.{own}": tensor for own, tensor in small.state_dict().items()}
    return state


def _check_frequencies(weights: WeightsFile, sources: Mapping[str, str], architecture: Architecture) -> None:
    """Refuse a file that was made for other rotary positions. Raises WeightsUnfit, NotFinite."""
    held = {name: source for name, source in sources.items() if name.endswith(BY_FORMULA)}
    ours = frequencies(architecture)
    for name, theirs in read_weights(weights, held, "cpu", torch.float32).items():
        if bool(((theirs - ours).abs() > _ABSOLUTE + _RELATIVE * ours).any()):
            raise WeightsUnfit(
                f"{weights.name}: {name} holds other frequencies than {architecture.name} turns its heads by",
                mend=f"use the published file of {architecture.name}",
            )
