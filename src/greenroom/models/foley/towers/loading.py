"""One of a published file's two towers into a network of another library: strictly, by the names that the file has.

transformers has the networks of SigLIP 2 and of CLAP, and is asked for nothing but these. Their files hold a second
tower, and what compares the two, which is left out. Weights come by ``greenroom.weights`` like all others: nothing is
fetched, guessed or filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from greenroom.models.borrowed import filled, shapes_in_file, without_memory
from greenroom.models.foley.recognising import recognise
from greenroom.weights.fitting import check_fit
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Tower:
    """What of a file is taken.

    network: its name, for messages.  prefix: what its tensors' names begin with there, which is taken off.  others: how
    names begin that are left out; no other name is.  mark: how names begin that no other file of the family has.
    """

    network: str
    prefix: str
    others: tuple[str, ...]
    mark: str


def load_tower(
    path: Path,
    tower: Tower,
    make: Callable[[], nn.Module],
    device: torch.device | str,
    dtype: torch.dtype = torch.float32,
) -> nn.Module:
    """Load a tower, strictly, onto a device; without a dtype in float32, as the original runs it.

    make: the network, without memory. Raises WeightsUnreadable, WeightsUnfit, and what ``make`` raises.
    """
    network = without_memory(make)
    wanted = shapes_in_file(network)
    weights = open_weights(path)
    sources = sources_of(weights.tensors, tower)
    stored = {name: weights.tensors[source] for name, source in sources.items()}
    recognised = recognise(weights.tensors, wanted=tower.mark)
    check_fit(weights.name, tower.network, wanted, stored, recognised=recognised)
    return filled(network, read_weights(weights, {name: sources[name] for name in wanted}, device, dtype))


def tower_of(tensors: Mapping[str, Tensor], tower: Tower, make: Callable[[], nn.Module]) -> nn.Module:
    """The same of tensors as a file has them. Raises ExtraMissing."""
    sources = sources_of(tensors, tower)
    return filled(without_memory(make), {name: tensors[source] for name, source in sources.items()})


def sources_of(names: Iterable[str], tower: Tower) -> dict[str, str]:
    """The rule applied: the network's name of each tensor that is taken from a file, and the file's own.

    A name without the prefix keeps it missing, so that it is refused as unknown.
    """
    sources: dict[str, str] = {}
    for source in names:
        if source.startswith(tower.others):
            continue
        known = source.startswith(tower.prefix)
        name = source.removeprefix(tower.prefix) if known else f"{source} (without {tower.prefix[:-1]})"
        sources[name] = source
    return sources
