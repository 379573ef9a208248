"""Networks of another library: made without memory, then filled with weights that come by our own way.

transformers has the networks of several encoders, and is asked for nothing but these: nothing is fetched, guessed or
filled in by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.errors import ExtraMissing
from greenroom.weights.fitting import shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor, nn

    from greenroom.weights.fitting import Shape


def without_memory(make: Callable[[], nn.Module]) -> nn.Module:
    """A network on the meta device. Raises ExtraMissing where the library that has it is not installed."""
    try:
        with torch.device("meta"):
            return make()
    except ImportError as error:
        raise ExtraMissing("transformers, with the networks that see pictures and read texts,", "models") from error


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
