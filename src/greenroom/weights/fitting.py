"""Weights load exactly or not at all: names, shapes and types are compared before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.weights.blocks import BLOCK_TYPES
from greenroom.weights.errors import OtherNetwork, TensorRenamed, TensorsDiffer, WrongDtype, WrongShape
from greenroom.weights.fp8 import FP8

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torch import nn

    from greenroom.weights.contents import Stored

Shape = tuple[int, ...]
_READABLE = ("float32", "float16", "bfloat16")
_QUANTISED = (*FP8, *BLOCK_TYPES)
_NAMED = 3  # of a difference, so many names are listed
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Difference:
    """How a checkpoint differs from a network. misshaped: name, the network's shape, the file's."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshaped: tuple[tuple[str, Shape, Shape], ...]

    def __len__(self) -> int:
        return len(self.missing) + len(self.unexpected) + len(self.misshaped)

    def __str__(self) -> str:
        shapes = [
            f"{_shown(name)} is {list(found)} instead of {list(wanted)}"
            for name, wanted, found in self.misshaped[:_NAMED]
        ]
        parts = (
            _listed("missing", [_shown(name) for name in self.missing[:_NAMED]], len(self.missing)),
            _listed("unknown", [_shown(name) for name in self.unexpected[:_NAMED]], len(self.unexpected)),
            _listed("of another shape", shapes, len(self.misshaped)),
        )
        return "; ".join(part for part in parts if part)


def shapes_of(module: nn.Module) -> dict[str, Shape]:
    """Names and shapes of a module's state dict."""
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


def sources_of(names: Iterable[str], prefix: str) -> dict[str, str]:
    """The network's name of each tensor in a file, where some makers put a prefix in front, and the file's own.

    A second tensor that would get the same name gets none of the network's, so that it is refused as unknown.
    """
    sources: dict[str, str] = {}
    for source in names:
        name = source.removeprefix(prefix)
        sources[f"{name} a second time" if name in sources else name] = source
    return sources


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
    quantised: bool = False,
) -> None:
    """Refuse a checkpoint that does not fit.

    file, network: their names, for messages.  wanted: the network's names and shapes.  stored: the file's tensors, by
    the network's names.  recognised: what other network they are of, in words; empty where that is not known.
    mends: what to do about another shape of a tensor, where more than usual is known about it.  quantised: take weights
    in fp8 and in GGUF blocks too, which lie further from the published ones; otherwise nobody gets them unasked.
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
                f"{file} has no tensor {missing}, and one of its shape, {_shown(unexpected)}, that {network} has not:"
                " it looks renamed",
                mend=f"use the file as it was published, or name the tensor {missing} again",
            )
    if differs.missing or differs.unexpected:
        raise TensorsDiffer(f"{file} does not fit {network}: {differs}", mend=f"use the published file of {network}")
    if differs:
        mend = (mends or {}).get(differs.misshaped[0][0], f"use the published file of {network}")
        raise WrongShape(f"{file} does not fit {network}: {differs}", mend=mend)
    _check_types(file, network, {name: stored[name].dtype for name in wanted}, quantised=quantised)


def _check_types(file: str, network: str, types: Mapping[str, str], *, quantised: bool) -> None:
    taken = (*_READABLE, *_QUANTISED) if quantised else _READABLE
    wrong = {name: dtype for name, dtype in types.items() if dtype not in taken}
    if not wrong:
        return
    name, dtype = next(iter(wrong.items()))
    others = len(wrong) - 1
    more = "" if not others else f", and {others} more {'is of such a type' if others == 1 else 'are of such types'}"
    if dtype in _QUANTISED:
        mend = f"quantised weights are another result, and were not asked for; use the published file of {network}"
    else:
        mend = "use a file of one of these types"
    raise WrongDtype(f"{file}: {name} is {dtype}, not {', '.join(taken[:-1])} or {taken[-1]}{more}", mend=mend)


def _listed(what: str, first: Sequence[str], count: int) -> str:
    if not count:
        return ""
    more = f" and {count - len(first)} more" if count > len(first) else ""
    return f"{count} {what} ({', '.join(first)}{more})"


def _shown(name: str) -> str:
    """A name, which may be a file's, on one line and not too long."""
    text = repr(name)[1:-1]
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…"
