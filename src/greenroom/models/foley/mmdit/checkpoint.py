"""Published denoisers into networks: strictly, whatever the file is in, by their own names.

No published file is known to hold anything else, and the length of one says so: nothing is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from greenroom.models.foley import recognising
from greenroom.models.foley.mmdit.mlp import fuse_gates
from greenroom.models.foley.mmdit.quantised import small_weights, with_small_layers
from greenroom.models.foley.mmdit.sequence_conv import lay_channels_innermost
from greenroom.models.foley.mmdit.transformer import MMDiT
from greenroom.models.foley.precision import SMALL, USUAL
from greenroom.weights.fitting import check_fit, shapes_of
from greenroom.weights.fp8 import FP8, Fp8
from greenroom.weights.loading import read_quantised
from greenroom.weights.quantised import Quantised
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Set
    from pathlib import Path

    from greenroom.models.foley.architecture import Architecture
    from greenroom.weights.fitting import Shape

    Read = Callable[[Iterable[str], Set[str]], Mapping[str, Tensor | Fp8]]

REORDERED = "linear_qkv."
"""In the names of what a network holds in another order than published: see ``arranged``."""

_BLOCKS = "triple_blocks."  # what names of a denoiser begin with
_PARTS = 3  # query, key, value
_KNOWN = {(1408, 12, 24): "HunyuanVideo-Foley XL", (1536, 18, 36): "HunyuanVideo-Foley XXL"}


def load_denoiser(
    path: Path,
    architecture: Architecture,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    precision: str = USUAL,
    resident: int | None = None,
) -> MMDiT:
    """Load a denoiser, strictly, onto a device, which holds what stays there and a block more at most.

    dtype: of the weights; where it is None, bfloat16 on a GPU and float32 elsewhere. On the CPU in float32, weights
    that are stored so and not reordered stay mapped from the file, which must not be written to.  precision: "fp8" for
    blocks in eight bits: as they are stored, if they are stored so, and else rounded; otherwise files in eight bits are
    dequantised.  resident: how many blocks stay on the device, see ``Streaming.keep``; None for all.
    Raises InputInvalid, WeightsUnreadable, WeightsUnfit.
    """
    network = without_weights(architecture)
    wanted = shapes_of(network)

    weights = open_weights(path)
    found = {name: tensor.shape for name, tensor in weights.tensors.items()}
    recognised = _other(found, wanted)
    check_fit(weights.name, architecture.name, wanted, weights.tensors, recognised=recognised, quantised=True)
    dtype = dtype or (torch.bfloat16 if torch.device(device).type == "cuda" else torch.float32)
    in_fp8 = {name for name, stored in weights.tensors.items() if stored.dtype in FP8}

    def read(names: Iterable[str], small: Set[str]) -> dict[str, Tensor | Fp8]:
        tensors = read_quantised(weights, {name: name for name in names}, device, dtype, small & in_fp8)
        # GGUF blocks are none of those that may stay as small.
        return arranged({name: t for name, t in tensors.items() if not isinstance(t, Quantised)}, architecture)

    return filled(network, read, precision=precision, resident=resident)


def without_weights(architecture: Architecture) -> MMDiT:
    """A network for ``filled``."""
    with torch.device("meta"):
        return MMDiT(architecture)


def arranged(tensors: Mapping[str, Tensor | Fp8], architecture: Architecture) -> dict[str, Tensor | Fp8]:
    """A published state in the order that networks have.

    The outputs of single blocks' ``linear_qkv`` are published with query, key and value of a channel side by side.
    Here all queries come first, then all keys, then all values, as in triple blocks, so that each lies in one piece.
    """
    return {name: _apart(tensor, architecture) if REORDERED in name else tensor for name, tensor in tensors.items()}


def filled(network: MMDiT, read: Read, *, precision: str = USUAL, resident: int | None = None) -> MMDiT:
    """The network with its weights, laid out for where they are, for use alone.

    read: gives weights by their names, where the network is to be; those of its second names in eight bits if it likes.
    Asked for what stands outside of blocks, then for one block after another, each of which has left when it is to.
    precision, resident: see ``load_denoiser``. On a GPU the modulation of triple blocks is on the host from the
    beginning, since a schedule asks for it once. Raises InputInvalid.
    """
    names, away = list(network.state_dict()), network.streaming.streamed(resident)
    outside = [name for name in names if not name.startswith((*network.blocks,))]
    network.load_state_dict(read(outside, set()), strict=False, assign=True)
    on_gpu = network.device.type == "cuda"
    for module in network.children():
        if on_gpu and not isinstance(module, nn.ModuleList):
            _lay_out(module)
    for place, (prefix, block) in enumerate(network.blocks.items()):
        small = {f"{prefix}{name}" for name in small_weights(block)} if precision == SMALL else set()
        _fill(block, prefix, dict(read([name for name in names if name.startswith(prefix)], small)), small)
        if on_gpu:
            _lay_out(block)
            for modulation in network.modulations_of(place):
                network.modulations.put_away(modulation)
        if place in away:
            network.streaming.put_away(place)
    torch.cuda.empty_cache()
    return network.eval().requires_grad_(requires_grad=False)


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
    if not recognised:
        return recognising.recognise(found, wanted=_BLOCKS)
    return "" if recognised == recognise(wanted) else recognised


def _apart(tensor: Tensor | Fp8, architecture: Architecture) -> Tensor | Fp8:
    """Queries, keys and values of ``REORDERED``."""
    if isinstance(tensor, Tensor):
        return _in_parts(tensor, architecture)
    # As bytes, which torch can move everywhere.
    values = _in_parts(tensor.values.view(torch.uint8), architecture)
    return Fp8(values.view(tensor.values.dtype), tensor.scale)


def _in_parts(tensor: Tensor, architecture: Architecture) -> Tensor:
    apart = architecture.heads, architecture.head_dim, _PARTS
    return tensor.view(*apart, *tensor.shape[1:]).movedim(2, 0).flatten(0, 2)


def _fill(block: nn.Module, prefix: str, state: dict[str, Tensor | Fp8], small: Set[str]) -> None:
    """Give a block its weights. When this returns, nothing else holds them."""
    own = {name.removeprefix(prefix): state.pop(name) for name in list(state)}
    block.load_state_dict(with_small_layers(block, own, {name.removeprefix(prefix) for name in small}), assign=True)


def _lay_out(module: nn.Module) -> None:
    """As kernels of a GPU like it. What is laid out anew lies twice in memory for a moment, a weight at a time."""
    fuse_gates(module)
    lay_channels_innermost(module)
