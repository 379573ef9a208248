"""A transformer's weights written as published files are, to be read again: in fp8, and in GGUF's Q8_0 and Q4_K.

The weights that are written are random, so the quantisers are plain ones: of Q4_K the scales are those of the least and
the largest number of a sub-block, where ggml's tool searches for better ones.
"""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_file

from greenroom.models.seedvr2.nadit.checkpoint import load_transformer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from greenroom.models.seedvr2.nadit.transformer import NaDiT

_ALIGNED = 32
_VERSION = 3
_HALF_CODE = 1
_MATRIX = 2  # dimensions


def q8_0(values: Tensor) -> Tensor:
    """uint8 (n, 34): of 32 numbers each a scale in half precision, and whole numbers."""
    blocks = values.float().view(-1, 32)
    scale = (blocks.abs().amax(1, keepdim=True) / 127).half()
    whole = (blocks / scale.float()).round().to(torch.int8)
    return torch.cat((scale.view(torch.uint8), whole.view(torch.uint8)), 1)


def q4_k(values: Tensor) -> Tensor:
    """uint8 (n, 144): of 256 numbers each eight sub-blocks, with scales and minima of six bits."""
    blocks = values.float().view(-1, 8, 32)
    least = -blocks.amin(2).clamp(max=0)
    spread = (blocks.amax(2) + least) / 15
    (scales, scale), (minima, minimum) = (_six_bits(part) for part in (spread, least))
    steps = (scales * scale.float()).clamp(min=1e-12)[..., None]
    offset = (minima * minimum.float())[..., None]
    numbers = ((blocks + offset) / steps).round().clamp(0, 15).to(torch.uint8).view(-1, 4, 2, 32)
    packed = (numbers[:, :, 0] | (numbers[:, :, 1] << 4)).flatten(1)
    first = scales[:, :4] | (scales[:, 4:] >> 4 << 6)
    second = minima[:, :4] | (minima[:, 4:] >> 4 << 6)
    halves = (scales[:, 4:] & 15) | ((minima[:, 4:] & 15) << 4)
    return torch.cat((scale.view(torch.uint8), minimum.view(torch.uint8), first, second, halves, packed), 1)


def _six_bits(values: Tensor) -> tuple[Tensor, Tensor]:
    """(n, 8) as whole numbers up to 63, uint8, and what they are multiplied by, float16 (n, 1)."""
    unit = (values.amax(1, keepdim=True) / 63).half()
    return (values / unit.float().clamp(min=1e-12)).round().clamp(0, 63).to(torch.uint8), unit


# ggml's number of each type, and how numbers are put into its blocks.
QUANTISERS: dict[str, tuple[int, Callable[[Tensor], Tensor]]] = {"q8_0": (8, q8_0), "q4_k": (12, q4_k)}


def read_again(network: NaDiT, kind: str, device: torch.device) -> NaDiT:
    """The network with weights as a file of the kind holds them: ``fp8``, or one of ``QUANTISERS``."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"weights.{'safetensors' if kind == 'fp8' else 'gguf'}"
        if kind == "fp8":
            write_fp8(file, network.state_dict())
        else:
            write_gguf(file, network.state_dict(), kind)
        return load_transformer(file, network.architecture, device=device, small=True)


def write_fp8(path: Path, state: Mapping[str, Tensor]) -> None:
    """A plain cast of all weights, without scales."""
    save_file({name: tensor.to(torch.float8_e4m3fn).cpu().contiguous() for name, tensor in state.items()}, path)


def write_gguf(path: Path, state: Mapping[str, Tensor], kind: str) -> None:
    """The blocks' matrices in ``kind``, the rest in half precision."""
    code, quantise = QUANTISERS[kind]
    made = {name: (code, quantise(t)) if _is_matrix(name, t) else (_HALF_CODE, t.half()) for name, t in state.items()}
    head = b"GGUF" + struct.pack("<IQQ", _VERSION, len(made), 0)
    place = 0
    for name, (own, content) in made.items():
        shape = tuple(state[name].shape)[::-1]
        head += struct.pack("<Q", len(name.encode())) + name.encode()
        head += struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, own, place)
        place += -(-content.nbytes // _ALIGNED) * _ALIGNED
    with path.open("wb") as file:
        file.write(head + b"\0" * (-len(head) % _ALIGNED))
        for _, content in made.values():
            content.contiguous().view(torch.uint8).cpu().numpy().tofile(file)
            file.write(b"\0" * (-content.nbytes % _ALIGNED))


def _is_matrix(name: str, tensor: Tensor) -> bool:
    return name.startswith("blocks.") and tensor.ndim == _MATRIX
