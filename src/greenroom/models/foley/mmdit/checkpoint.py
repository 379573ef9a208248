"""Published denoisers into networks: strictly, whatever the file is in, by their own names.

No published file is known to hold anything else, and the length of one says so: nothing is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.mmdit.sequence_conv import lay_channels_innermost
from greenroom.models.foley.mmdit.transformer import MMDiT
from greenroom.weights.fitting import check_fit, shapes_of
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from greenroom.models.foley.architecture import Architecture
    from greenroom.weights.fitting import Shape

REORDERED = "linear_qkv."
"""In the names of what a network holds in another order than published: see ``arranged``."""

_PARTS = 3  # query, key, value
_KNOWN = {(1408, 12, 24): "HunyuanVideo-Foley XL", (1536, 18, 36): "HunyuanVideo-Foley XXL"}


def load_denoiser(
    path: Path,
    architecture: Architecture,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    quantised: bool = False,
) -> MMDiT:
    """Load a denoiser, strictly, onto a device.

    dtype: of the weights; where it is None, bfloat16 on a GPU and float32 elsewhere. On the CPU in float32, weights
    that are stored so and not reordered stay mapped from the file, which must not be written to.  quantised: files in
    eight bits, whose sound is another, are taken too, and dequantised. Raises WeightsUnreadable, WeightsUnfit.
    """
    with torch.device("meta"):
        network = MMDiT(architecture)
    wanted = shapes_of(network)

    weights = open_weights(path)
    found = {name: tensor.shape for name, tensor in weights.tensors.items()}
    check_fit(
        weights.name,
        architecture.name,
        wanted,
        weights.tensors,
        recognised=_other(found, wanted),
        quantised=quantised,
    )
    dtype = dtype or (torch.bfloat16 if torch.device(device).type == "cuda" else torch.float32)
    tensors = read_weights(weights, {name: name for name in wanted}, device, dtype)
    return filled(network, arranged(tensors, architecture))


def arranged(tensors: Mapping[str, Tensor], architecture: Architecture) -> dict[str, Tensor]:
    """A published state in the order that networks have.

    The outputs of single blocks' ``linear_qkv`` are published with query, key and value of a channel side by side.
    Here all queries come first, then all keys, then all values, as in triple blocks, so that each lies in one piece.
    """
    apart = architecture.heads, architecture.head_dim, _PARTS
    return {
        name: tensor.view(*apart, *tensor.shape[1:]).movedim(2, 0).flatten(0, 2) if REORDERED in name else tensor
        for name, tensor in tensors.items()
    }


def filled(network: MMDiT, tensors: Mapping[str, Tensor]) -> MMDiT:
    """The network with its weights, laid out for where they are, for use alone."""
    network.load_state_dict(tensors, assign=True)
    network = network.eval().requires_grad_(False)
    if network.device.type == "cuda":
        lay_channels_innermost(network)
    return network


def recognise(shapes: Mapping[str, Shape]) -> str:
    """What denoiser of the family tensors of such names and shapes are of, in words; empty where nothing tells."""
    if "audio_embedder.proj.weight" not in shapes or "sync_pos_emb" not in shapes:
        return ""
    width = shapes["audio_embedder.proj.weight"][0]
    triple, single = (
        len({name.split(".")[1] for name in shapes if name.startswith(prefix)})
        for prefix in ("triple_blocks.", "single_blocks.")
    )
    made = f"a denoiser of width {width} with {triple} triple and {single} single blocks"
    known = _KNOWN.get((width, triple, single))
    return f"{known} ({made})" if known else made


def _other(found: Mapping[str, Shape], wanted: Mapping[str, Shape]) -> str:
    """What a file is recognised as, if that is not what is wanted."""
    recognised = recognise(found)
    return "" if recognised == recognise(wanted) else recognised
