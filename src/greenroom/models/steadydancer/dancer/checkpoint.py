"""Published dancers into networks: strictly, whatever the file is in.

One rule of names: some makers put ``model.diffusion_model.`` in front. Nothing is passed over, and nothing is missing:
a base model without its 42 further tensors would dance to no poses.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from greenroom.errors import InputInvalid, UnknownName
from greenroom.models.steadydancer.dancer.precision import PRECISIONS, PRODUCTS, USUAL
from greenroom.models.steadydancer.dancer.quantised import matrices, with_small_layers
from greenroom.models.steadydancer.dancer.recognising import recognise
from greenroom.models.steadydancer.dancer.transformer import Dancer
from greenroom.models.steadydancer.lora.loading import changing
from greenroom.models.steadydancer.lora.merging import changed
from greenroom.nn.fp8_linear import can_multiply
from greenroom.weights.blocks import BLOCK_TYPES
from greenroom.weights.errors import NotACheckpoint
from greenroom.weights.fitting import check_fit, shapes_of, sources_of
from greenroom.weights.fp8 import FP8
from greenroom.weights.loading import read_quantised
from greenroom.weights.quantised import block_bytes, block_elements
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from greenroom.models.steadydancer.architecture import Architecture
    from greenroom.models.steadydancer.dancer.block import Block
    from greenroom.models.steadydancer.lora.loading import Kept, Read
    from greenroom.models.steadydancer.lora.merging import Lora
    from greenroom.weights.fitting import Shape

PREFIX = "model.diffusion_model."
_BLOCKS = "blocks."
_INDEX = "*.safetensors.index.json"
_EXACT = "condition_embedding_"  # what the names begin with of what computes in float32


def load_dancer(
    path: Path | Sequence[Path],
    architecture: Architecture,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    precision: str = USUAL,
    resident: int | None = None,
    apart: bool = False,
    loras: Sequence[Lora] = (),
) -> Dancer:
    """Load a dancer, strictly, onto a device, which holds what stays there and a block more at most.

    path: a file, an index of shards, the folder of one, or the shards.  dtype: of the stream; where it is None,
    bfloat16 on a GPU and float32 elsewhere. On the CPU in float32, weights that are stored so stay mapped from the
    file, which must not be written to.  precision: of blocks, see ``PRECISIONS``.  resident: how many blocks stay on
    the device, see ``Streaming.keep``; None for all. Blocks that go take along what a job calls once.  apart: so do the
    others: none of ``Dancer.hearing`` stays.  loras: files of small changes, which are added to weights as they are
    read.
    Raises InputInvalid, UnknownName, WeightsUnreadable, WeightsUnfit.
    """
    device = torch.device(device)
    _check_precision(precision, device)
    network = without_weights(architecture)
    wanted = shapes_of(network)

    weights = open_weights(_files(path))
    sources = sources_of(weights.tensors, PREFIX)
    stored = {name: weights.tensors[source] for name, source in sources.items()}
    recognised = _other({name: tensor.shape for name, tensor in stored.items()}, wanted)
    check_fit(weights.name, architecture.name, wanted, stored, recognised=recognised, quantised=True)
    dtype = dtype or (torch.bfloat16 if device.type == "cuda" else torch.float32)

    def read(names: Iterable[str], kind: torch.dtype, small: Set[str]) -> Mapping[str, Kept]:
        return read_quantised(weights, {name: sources[name] for name in names}, device, kind, small)

    reads = changing(read, loras) if loras else read
    return filled(network, reads, dtype, precision=precision, resident=resident, apart=apart)


def stored_in(path: Path | Sequence[Path], loras: Sequence[Lora] = ()) -> dict[str, int]:
    """Bytes of the weights that a file has in eight bits or in blocks of its own, by the network's names: as large they
    stay where they are kept small. path, loras: see ``load_dancer``; what these change is not among them, since it is
    rounded anew.  Raises WeightsUnreadable.
    """
    weights, touched = open_weights(_files(path)), changed(loras)
    found: dict[str, int] = {}
    for name, source in sources_of(weights.tensors, PREFIX).items():
        stored = weights.tensors[source]
        if stored.dtype in (*FP8, *BLOCK_TYPES) and name.startswith(_BLOCKS) and name not in touched:
            found[name] = prod(stored.shape) // block_elements(stored.dtype) * block_bytes(stored.dtype)
    return found


def without_weights(architecture: Architecture) -> Dancer:
    """A network for ``filled``."""
    with torch.device("meta"):
        return Dancer(architecture)


def filled(
    network: Dancer,
    read: Read,
    dtype: torch.dtype,
    *,
    precision: str = USUAL,
    resident: int | None = None,
    apart: bool = False,
) -> Dancer:
    """The network with its weights, laid out for where they are, for use alone.

    read: gives weights by their names, where the network is to be, in a type; those of its last names as small as they
    are stored, if it likes. Asked for what stands outside of blocks, then for one block after another, each of which
    has left when it is to.  dtype, precision, resident, apart: see ``load_dancer``. Raises InputInvalid.
    """
    names, away = list(network.state_dict()), network.streaming.streamed(resident)
    outside = [name for name in names if not name.startswith(_BLOCKS)]
    for kind, exact in ((torch.float32, True), (dtype, False)):
        own = [name for name in outside if name.startswith(_EXACT) is exact]
        network.load_state_dict(_dense(read(own, kind, set())), strict=False, assign=True)
    for place, block in enumerate(network.layers):
        prefix = f"{_BLOCKS}{place}."
        _fill(block, prefix, [name for name in names if name.startswith(prefix)], read, dtype, precision)
        if network.device.type == "cuda":
            block.self_attn.fuse()
        if place in away:
            network.streaming.put_away(place)
        hearing = block.cross_attn.hearing
        for number, layer in enumerate(hearing, place * len(hearing)):
            network.hearing.exchange(number, layer)  # quantised ones are made anew
            if apart or place in away:
                network.hearing.put_away(number)
    torch.cuda.empty_cache()
    return network.eval().requires_grad_(requires_grad=False)


def _fill(block: Block, prefix: str, names: Iterable[str], read: Read, dtype: torch.dtype, precision: str) -> None:
    """Give a block its weights. When this returns, nothing else holds them."""
    small = set() if precision == USUAL else {f"{prefix}{name}.weight" for name in matrices(block)}
    state = {name.removeprefix(prefix): value for name, value in read(names, dtype, small).items()}
    own = _dense(state) if precision == USUAL else with_small_layers(block, state, precision)
    block.load_state_dict(own, assign=True)


def _dense(state: Mapping[str, Kept]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if isinstance(value, Tensor)}


def _check_precision(precision: str, device: torch.device) -> None:
    if precision not in PRECISIONS:
        raise UnknownName("precision", precision, PRECISIONS)
    if precision == PRODUCTS and not can_multiply(device):
        raise InputInvalid(
            f"{torch.cuda.get_device_name(device)} has no products in eight bits",
            mend="take the precision fp8, or bf16",
        )


def _files(path: Path | Sequence[Path]) -> Path | Sequence[Path]:
    """A folder's index in its place. Raises NotACheckpoint."""
    if not isinstance(path, Path) or not path.is_dir():
        return path
    found = sorted(path.glob(_INDEX)) or sorted(path.glob("*.safetensors"))
    if len(found) != 1:
        raise NotACheckpoint(
            f"{path.name} is a folder with {len(found)} checkpoints", mend="name a file, or the index of its shards"
        )
    return found[0]


def _other(found: Mapping[str, Shape], wanted: Mapping[str, Shape]) -> str:
    """What a file is recognised as, if that is not what is wanted."""
    recognised = recognise(found, wanted)
    return "" if recognised == recognise(wanted, wanted) else recognised
