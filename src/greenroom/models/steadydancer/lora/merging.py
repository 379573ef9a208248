"""Files of small changes, added to a network's weights while these are loaded.

A change is a product of two small matrices, times alpha / rank (arXiv 2106.09685), or all of what is added; sums are
made in float32 and rounded once, to the type of the weight. A file changes what it names, all of it or nothing: what
the network does not have, or has in another shape, is refused by name before a weight is read.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, TypeGuard

import torch
from safetensors import SafetensorError, safe_open

from greenroom.errors import InputInvalid, quoted
from greenroom.models.steadydancer.lora.spelling import Part, placed, spellings
from greenroom.weights.errors import NotFinite, TensorsDiffer, WeightsUnfit, WrongDtype, WrongShape
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from greenroom.weights.contents import WeightsFile
    from greenroom.weights.fitting import Shape

_READABLE = ("float32", "float16", "bfloat16")
_HIGHEST = 1 << 20  # of alphas and ranks that are noted
_NAMED = 3  # of what is wrong, so many names are listed
_SETTINGS = "lora_adapter_metadata"  # where diffusers says what alpha is


class LoraUnfit(WeightsUnfit):
    """A file of small changes is not for this network, or says them in a way that is not known."""

    code = "lora-unfit"


@dataclass(frozen=True, slots=True, eq=False)
class Lora:
    """A file of small changes. path: where it was opened, for who opens it again.  parts: of each parameter it changes,
    the file's tensors.  scale: of a product that has no alpha."""

    path: Path
    file: WeightsFile
    parts: Mapping[str, Mapping[Part, str]]
    strength: float = 1.0
    scale: float = 1.0

    def added(self, parameter: str, like: Tensor) -> Tensor:
        """What it adds to a parameter: float32, of the shape and on the device of ``like``. Raises NotFinite."""
        parts = self.parts[parameter]

        def read(part: Part) -> Tensor:
            return self.file.read(parts[part]).to(like.device, torch.float32)

        if Part.WHOLE in parts:
            change = read(Part.WHOLE).reshape(like.shape)
        elif Part.BIAS in parts:
            change = read(Part.BIAS).reshape(like.shape) * self.scale
        else:
            up, down = read(Part.UP).flatten(1), read(Part.DOWN).flatten(1)
            scale = float(read(Part.ALPHA)) / len(down) if Part.ALPHA in parts else self.scale
            change = (up @ down).mul_(scale).view(like.shape)
        change = change * self.strength
        if not change.isfinite().all():
            raise NotFinite(f"{self.file.name}: what it adds to {parameter} is not finite", mend="use another file")
        return change


def open_lora(path: Path, network: Mapping[str, Shape], strength: float = 1.0) -> Lora:
    """Open a file and see that all of it fits. network: its parameters' names and shapes.  strength: 1 as it was made.

    Raises InputInvalid, WeightsUnreadable, WeightsUnfit.
    """
    if not math.isfinite(strength):
        raise InputInvalid(f"strength is {strength}", mend="give a number; 1 is as it was made")
    file = open_weights(path)
    parts = _parts(file, network)
    scale = _scale(path, file)
    for parameter, own in parts.items():
        _check(file, parameter, own, network[parameter])
        if Part.ALPHA in own and not float(file.read(own[Part.ALPHA])):
            raise _adds_nothing(file.name, f" of {parameter}")
    return Lora(path, file, parts, strength, scale)


def changed(loras: Iterable[Lora]) -> frozenset[str]:
    """The parameters that some files change."""
    return frozenset(parameter for lora in loras for parameter in lora.parts)


def merged(parameter: str, weight: Tensor, loras: Sequence[Lora]) -> Tensor:
    """A weight with what files add to it, of its own type and on its own device; itself where none does.

    Raises NotFinite.
    """
    changing = [lora for lora in loras if parameter in lora.parts and lora.strength]
    if not changing:
        return weight
    total = weight.to(torch.float32, copy=True)
    for lora in changing:
        total += lora.added(parameter, total)
    return total.to(weight.dtype)


def _parts(file: WeightsFile, network: Mapping[str, Shape]) -> dict[str, dict[Part, str]]:
    """The file's tensors by the parameters they belong to. Raises LoraUnfit, TensorsDiffer, WrongDtype."""
    modules = spellings(network)
    parts: dict[str, dict[Part, str]] = {}
    unknown: list[str] = []
    for key, stored in file.tensors.items():
        found = placed(key, modules, network)
        if found is None:
            unknown.append(key)
            continue
        own = parts.setdefault(found.parameter, {})
        if found.part in own:
            raise LoraUnfit(
                f"{file.name} says twice what {found.parameter} becomes: {_shown(own[found.part])}, {_shown(key)}",
                mend="use the file as it was published",
            )
        if stored.dtype not in _READABLE and found.part is not Part.ALPHA:
            raise WrongDtype(
                f"{file.name}: {_shown(key)} is {stored.dtype}, not {' or '.join(_READABLE)}", mend="use another file"
            )
        own[found.part] = key
    if unknown or not parts:
        raise LoraUnfit(
            f"{file.name} is no LoRA of this network: {_listed(unknown) or 'it is empty'}",
            mend="use one made for Wan2.1 I2V 14B, whose names are the model's own, diffusers' or kohya's",
        )
    return parts


def _check(file: WeightsFile, parameter: str, parts: Mapping[Part, str], shape: Shape) -> None:
    """Refuse what cannot be added to a parameter. Raises TensorsDiffer, WrongShape."""
    shapes = {part: file.tensors[key].shape for part, key in parts.items()}
    pair = {Part.DOWN, Part.UP}
    if set(shapes) not in (pair, pair | {Part.ALPHA}, {Part.WHOLE}, {Part.BIAS}):
        found = " and ".join(sorted(part.value for part in shapes))
        raise TensorsDiffer(
            f"{file.name} has {found} of {parameter}, which make no change", mend="use the file as it was published"
        )
    if pair <= set(shapes):
        down, up, alpha = shapes[Part.DOWN], shapes[Part.UP], shapes.get(Part.ALPHA, ())
        rank = down[:1]
        ranked = prod(rank) > 0 and len(rank) == 1
        fits = ranked and _trimmed(up) == (*shape[:1], *rank) and down[1:] == shape[1:] and prod(alpha) == 1
    else:
        [whole] = shapes.values()
        fits = _bare(whole) == _bare(shape)
    if not fits:
        told = " and ".join(f"{part.value} {list(own)}" for part, own in shapes.items())
        raise WrongShape(
            f"{file.name} does not fit {parameter}, {list(shape)}: {told}",
            mend="use one made for Wan2.1 I2V 14B; those for text to video, and for other sizes, have other shapes",
        )


def _trimmed(shape: Shape) -> Shape:
    """Of a second matrix, without the ones that it has behind where the first is a convolution."""
    return shape[:2] if all(side == 1 for side in shape[2:]) else shape


def _bare(shape: Shape) -> Shape:
    """Without ones in front, which some files leave out."""
    first = next((place for place, side in enumerate(shape) if side != 1), len(shape))
    return shape[first:]


def _scale(path: Path, file: WeightsFile) -> float:
    """What a product without alpha counts: 1, or what diffusers noted beside the tensors. Raises LoraUnfit."""
    try:
        with safe_open(path, "pt") as opened:
            told = json.loads((opened.metadata() or {}).get(_SETTINGS, "{}"))
    except (SafetensorError, ValueError, RecursionError):
        return 1.0  # a file of torch's, or a note in other words
    settings = {str(key).rpartition(".")[2]: value for key, value in told.items()} if isinstance(told, dict) else {}
    for odd in ("alpha_pattern", "rank_pattern", "use_rslora", "use_dora"):
        if settings.get(odd):
            raise LoraUnfit(f"{file.name} was made with {odd}, which is not known here", mend="use another file")
    alpha, rank = settings.get("lora_alpha"), settings.get("r")
    if alpha is None or rank is None:
        return 1.0
    if not (_is_scale(alpha) and isinstance(rank, int) and 0 < rank <= _HIGHEST):
        raise LoraUnfit(f"{file.name} has an alpha of {quoted(alpha)} at rank {quoted(rank)}", mend="use another file")
    if not alpha:
        raise _adds_nothing(file.name, "")
    return alpha / rank


def _adds_nothing(name: str, what: str) -> LoraUnfit:
    return LoraUnfit(f"{name} has an alpha{what} of 0, and so adds nothing", mend="use another file, or leave it out")


def _is_scale(alpha: object) -> TypeGuard[int | float]:
    return isinstance(alpha, int | float) and abs(alpha) <= _HIGHEST  # JSON has numbers that no float holds


def _listed(keys: Sequence[str]) -> str:
    if not keys:
        return ""
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return f"nothing is called {', '.join(_shown(key) for key in keys[:_NAMED])}{more}"


def _shown(key: str) -> str:
    return quoted(key, 120)
