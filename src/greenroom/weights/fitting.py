"""Weights load exactly or not at all: compare names, shapes and types first, then read, cast and look for NaN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from greenroom.errors import quoted
from greenroom.weights.errors import NotFinite, OtherNetwork, TensorRenamed, TensorsDiffer, WrongDtype, WrongShape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from greenroom.weights.reading import Stored, WeightsFile

Shape = tuple[int, ...]
_READABLE = ("float32", "float16", "bfloat16")
_NAMED = 3  # of a difference, so many names are listed
_AGAIN = "download it again; its publisher's SHA-256 tells whether it arrived whole"


@dataclass(frozen=True, slots=True)
class Difference:
    """How a checkpoint differs from a network. misshaped: name, the network's shape, the file's."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshaped: tuple[tuple[str, Shape, Shape], ...]

    def __len__(self) -> int:
        return len(self.missing) + len(self.unexpected) + len(self.misshaped)

    def __str__(self) -> str:
        shapes = [f"{name} is {list(found)} instead of {list(wanted)}" for name, wanted, found in self.misshaped]
        parts = (
            _listed(len(self.missing), "missing", self.missing),
            _listed(len(self.unexpected), "unknown", self.unexpected),
            _listed(len(shapes), "of another shape", shapes),
        )
        return "; ".join(part for part in parts if part)


def difference(wanted: Mapping[str, Shape], found: Mapping[str, Shape]) -> Difference:
    """Compare a network's names and shapes with a checkpoint's, in the network's order."""
    return Difference(
        missing=tuple(name for name in wanted if name not in found),
        unexpected=tuple(name for name in found if name not in wanted),
        misshaped=tuple(
            (name, shape, found[name]) for name, shape in wanted.items() if name in found and found[name] != shape
        ),
    )


def check_fit(
    file: str,
    network: str,
    wanted: Mapping[str, Shape],
    stored: Mapping[str, Stored],
    *,
    recognised: str = "",
    mends: Mapping[str, str] | None = None,
) -> None:
    """Refuse a checkpoint that does not fit.

    file, network: their names, for messages.  wanted: the network's names and shapes.  stored: the file's tensors, by
    the network's names.  recognised: what other network they are of, in words; empty where that is not known.
    mends: what to do about another shape of a tensor, where more than usual is known about it.
    Raises OtherNetwork, TensorRenamed, TensorsDiffer, WrongShape, WrongDtype.
    """
    found = {name: tensor.shape for name, tensor in stored.items()}
    differs = difference(wanted, found)
    if recognised and len(differs) > _NAMED:  # a few stray tensors do not make another network
        raise OtherNetwork(
            f"{file} does not fit {network}; it looks like {recognised}: {differs}",
            mend=f"name the model that the file belongs to, or the file of {network}",
        )
    if len(differs.missing) == 1 == len(differs.unexpected) and not differs.misshaped:
        missing, unexpected = differs.missing[0], differs.unexpected[0]
        if found[unexpected] == wanted[missing]:
            raise TensorRenamed(
                f"{file} has no tensor {missing}, and one of its shape, {unexpected}, that {network} has not:"
                " it looks renamed",
                mend=f"use the file as it was published, or name the tensor {missing} again",
            )
    if differs.missing or differs.unexpected:
        raise TensorsDiffer(f"{file} does not fit {network}: {differs}", mend=f"use the published file of {network}")
    if differs:
        mend = (mends or {}).get(differs.misshaped[0][0], f"use the published file of {network}")
        raise WrongShape(f"{file} does not fit {network}: {differs}", mend=mend)
    for name in wanted:
        if stored[name].dtype not in _READABLE:
            raise WrongDtype(
                f"{file}: {name} is {stored[name].dtype}, not {', '.join(_READABLE[:-1])} or {_READABLE[-1]}",
                mend="use the published file; quantised ones are not read",
            )


def read_weights(
    weights: WeightsFile, sources: Mapping[str, str], device: torch.device | str, dtype: torch.dtype
) -> dict[str, Tensor]:
    """Read tensors one by one to a device and a type. sources: the network's name of each, and the file's.

    On the CPU, a tensor that needs no cast stays mapped from the file. Raises NotFinite.
    """
    tensors: dict[str, Tensor] = {}
    sums: list[Tensor] = []
    for name, source in sources.items():
        # First to the device, then the cast: a GPU casts faster than the host and the host keeps no second copy.
        tensors[name] = weights.read(source).to(device).to(dtype)
        sums.append(tensors[name].sum(dtype=torch.float32))  # NaN and infinity survive a sum
    suspects = torch.stack(sums).isfinite().logical_not().nonzero().flatten().tolist() if sums else []
    names = list(sources)
    for place in suspects:
        _refuse_not_finite(weights, names[place], sources[names[place]], dtype)
    return tensors


def _refuse_not_finite(weights: WeightsFile, name: str, source: str, dtype: torch.dtype) -> None:
    """Look closely at a tensor whose sum is not finite, which large weights alone could bring about too."""
    values = weights.read(source)
    wrong = int((~values.isfinite()).sum())
    if wrong:
        kind = "NaN" if bool(values.isnan().any()) else "infinity"
        raise NotFinite(f"{weights.name}: {name} holds {kind} in {wrong:,} of {values.numel():,} places", mend=_AGAIN)
    if not bool(values.to(dtype).isfinite().all()):
        largest = float(values.abs().max())
        shown = str(dtype).removeprefix("torch.")
        raise NotFinite(f"{weights.name}: {name} holds {largest:g}, more than {shown} can", mend="load it in float32")


def _listed(count: int, what: str, names: Sequence[str]) -> str:
    if not count:
        return ""
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    shown = ", ".join(quoted(name, 120)[1:-1] for name in names[:_NAMED])
    return f"{count} {what} ({shown}{more})"
