"""One of a published file's two towers into a network of another library: strictly, by the names that the file has.

transformers has the networks of SigLIP 2 and of CLAP, and is asked for nothing but these. Their files hold a second
tower, and what compares the two, which is left out. Weights come by ``greenroom.weights`` like all others: nothing is
fetched, guessed or filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from greenroom.errors import ExtraMissing
from greenroom.models.foley.recognising import recognise
from greenroom.weights.fitting import check_fit, shapes_of
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from torch import Tensor, nn

    from greenroom.weights.fitting import Shape


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


def without_memory(make: Callable[[], nn.Module]) -> nn.Module:
    """A network on the meta device. Raises ExtraMissing where the library that has it is not installed."""
    try:
        with torch.device("meta"):
            return make()
    except ImportError as error:
        raise ExtraMissing("transformers, with the networks that see pictures and read texts,", "models") from error


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


def shapes_in_file(network: nn.Module) -> dict[str, Shape]:
    """Names and shapes of what only a file can tell. A table that there is no formula for here is among them."""
    tables = {name: tuple(table.shape) for name, table in network.named_buffers()}
    return {name: shape for name, shape in (shapes_of(network) | tables).items() if _last(name) not in _TABLES}


def filled(network: nn.Module, tensors: Mapping[str, Tensor]) -> nn.Module:
    """A network that was made without memory, with its weights and tables, for use alone."""
    device = next(iter(tensors.values())).device
    for name, table in [*network.named_buffers()]:
        made = _TABLES[_last(name)](table.shape).to(device)
        setattr(network.get_submodule(name.rpartition(".")[0]), _last(name), made)
    # Some of the tables are part of the state, some are not.
    state = {name: table for name, table in network.state_dict().items() if _last(name) in _TABLES}
    network.load_state_dict({**state, **tensors}, assign=True)
    return network.eval().requires_grad_(False)


def _counted(shape: torch.Size) -> Tensor:
    return torch.arange(shape[-1]).expand(shape)


def _zeros(shape: torch.Size) -> Tensor:
    return torch.zeros(shape, dtype=torch.int64)


# Tables that the library keeps in its networks, by the last part of their names, and the formula of each.
_TABLES: dict[str, Callable[[torch.Size], Tensor]] = {"position_ids": _counted, "token_type_ids": _zeros}


def _last(name: str) -> str:
    return name.rpartition(".")[2]
