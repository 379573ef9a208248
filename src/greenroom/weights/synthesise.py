"""Weights that nobody trained, for tests, rehearsals and benchmarks: right names, shapes and layout, seeded values.

Values are scaled so that what goes through a network stays finite and depends on every one of them: also those that a
published network starts with at zero or one are random.
"""

from __future__ import annotations

import hashlib
import json
from math import prod, sqrt
from typing import TYPE_CHECKING

import numpy as np
import torch

from greenroom.errors import OutputUnwritable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

Shape = tuple[int, ...]
# Vectors of these names scale what they meet, so their values are near one; the other vectors are added to it.
_SCALES = ("weight", "g", "gamma")
_NEAR_ONE, _NEAR_ZERO = 0.1, 0.05

_WORDS = {torch.float32: "F32", torch.int64: "I64", torch.bool: "BOOL"}


def synthesise(shapes: Mapping[str, Shape], seed: int) -> Iterator[tuple[str, Tensor]]:
    """Draw each tensor, float32, in the order of the names: the same for a seed, a name and a shape."""
    for name in shapes:
        yield name, torch.from_numpy(draw(name, shapes[name], seed))


def draw(name: str, shape: Shape, seed: int) -> NDArray[np.float32]:
    """One tensor. A matrix keeps the variance of what goes through it; see above for the rest.

    Uniform values: a normal distribution of the same spread takes four times as long to draw.
    """
    random = np.random.Generator(np.random.SFC64([seed, *name.encode()]))
    values = random.random(shape, dtype=np.float32)
    centre, half_width = _interval(name, shape)
    width = np.float32(half_width)
    values *= 2 * width
    values += np.float32(centre) - width
    return values


def synthesise_on(
    device: torch.device, shapes: Mapping[str, Shape], seed: int, dtype: torch.dtype = torch.float32
) -> Iterator[tuple[str, Tensor]]:
    """Draw each tensor where it is used, in the order of the names: no file, and no copy of it on the host.

    Scaled as ``draw`` does it. The values are another generator's: the same for a seed, a name, a shape and a kind of
    device, and not those of a file.
    """
    for name, shape in shapes.items():
        digest = hashlib.blake2b(f"{seed} {name}".encode(), digest_size=7).digest()
        generator = torch.Generator(device).manual_seed(int.from_bytes(digest))
        centre, half_width = _interval(name, shape)
        values = torch.empty(shape, device=device, dtype=dtype)
        yield name, values.uniform_(centre - half_width, centre + half_width, generator=generator)


def _interval(name: str, shape: Shape) -> tuple[float, float]:
    """Between which values a tensor is drawn: their centre, and how far they lie from it at most."""
    last = name.rpartition(".")[2]
    inputs = prod(shape[1:]) if len(shape) > 1 and shape[0] > 1 else 0
    if inputs:
        centre, spread = 0.0, 1 / sqrt(inputs)
    else:
        centre, spread = (1.0, _NEAR_ONE) if last in _SCALES else (0.0, _NEAR_ZERO)
    # A uniform distribution over [-1, 1] has a spread of 1 / sqrt(3).
    return centre, spread * sqrt(3)


def write_safetensors(path: Path, shapes: Mapping[str, Shape], seed: int, fixed: Mapping[str, Tensor]) -> None:
    """Write a safetensors file, a tensor at a time, laid out as the library does it.

    shapes: of the tensors to draw.  fixed: those that are given.  Raises OutputUnwritable.
    """
    header, order = layout(shapes, fixed)
    try:
        with path.open("wb") as file:
            file.write(header)
            for name in order:
                values = fixed[name].contiguous().numpy() if name in fixed else draw(name, shapes[name], seed)
                values.tofile(file)
    except OSError as error:
        raise _unwritable(path, error) from None


def layout(shapes: Mapping[str, Shape], fixed: Mapping[str, Tensor]) -> tuple[bytes, list[str]]:
    """The header of a file, its length before it, and the order of the tensors: wide types first, then by name."""
    types = dict.fromkeys(shapes, torch.float32) | {name: tensor.dtype for name, tensor in fixed.items()}
    sizes = dict(shapes) | {name: tuple(tensor.shape) for name, tensor in fixed.items()}
    order = sorted(types, key=lambda name: (-types[name].itemsize, name))
    entries: dict[str, object] = {}
    start = 0
    for name in order:
        end = start + prod(sizes[name]) * types[name].itemsize
        entries[name] = {"dtype": _WORDS[types[name]], "shape": list(sizes[name]), "data_offsets": [start, end]}
        start = end
    header = json.dumps(entries, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header, order


def write_torch(path: Path, shapes: Mapping[str, Shape], seed: int, fixed: Mapping[str, Tensor]) -> None:
    """Write a state dict as ``torch.save`` does. Raises OutputUnwritable."""
    try:
        torch.save(dict(synthesise(shapes, seed)) | dict(fixed), path)
    except (OSError, RuntimeError) as error:  # torch's own writer says RuntimeError where a folder is not there
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: Exception) -> OutputUnwritable:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "no such folder, no right or no room"
    return OutputUnwritable(f"{path.name} cannot be written: {reason}", mend="name another place for it")
