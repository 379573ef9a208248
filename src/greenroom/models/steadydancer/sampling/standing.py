"""Where a request stands between two steps, in a file that outlives the process: another one goes on there.

The file is whole or absent, and says what it belongs to. A file of another request is refused; one that cannot be read
is as if there were none, since all that it would have saved is time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from greenroom.errors import InputInvalid, quoted
from greenroom.files import Publication

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

_LAYOUT = "1"


class StandingDiffers(InputInvalid):
    """What an earlier run left belongs to another request."""

    code = "standing-differs"


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Behind a step. at: how many steps are done.  tensors: of the solver and of what is cached, by names."""

    at: int
    tensors: Mapping[str, Tensor]

    def of(self, part: str) -> dict[str, Tensor]:
        """The tensors of one part, without its name in front of theirs."""
        start = f"{part}."
        return {name.removeprefix(start): tensor for name, tensor in self.tensors.items() if name.startswith(start)}


def keep(path: Path, standing: Standing, identity: Mapping[str, Any]) -> None:
    """Write a standing beside its place, and then put it there.

    identity: what the steps so far depend on, of values that JSON has: the request, its inputs, its weights. Raises
    OutputUnwritable.
    """
    told = {"layout": _LAYOUT, "at": str(standing.at), "identity": json.dumps(dict(identity), sort_keys=True)}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in standing.tensors.items()}
    with Publication(path.parent) as out:
        out.write(path.name, save(_apart(tensors), told))


def kept(path: Path, identity: Mapping[str, Any]) -> Standing | None:
    """The standing of a file, on the host; None where there is none that can be read. Raises StandingDiffers."""
    try:
        with safe_open(path, "pt") as file:
            told = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
        found, at = json.loads(told["identity"]), int(told["at"])
    except (OSError, SafetensorError, KeyError, ValueError):
        return None
    if told.get("layout") != _LAYOUT or not isinstance(found, dict):
        return None
    wanted = json.loads(json.dumps(dict(identity)))
    differ = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    if differ:
        raise StandingDiffers(
            f"{quoted(path)} is of another request: {', '.join(differ)} differ",
            mend="ask for the same again, or remove the file to begin anew",
        )
    return Standing(at, tensors)


def _apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Each in memory of its own, as the format wants it: the latents of a step are also where the next one begins."""
    seen: set[int] = set()
    out: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        place = tensor.data_ptr()
        out[name] = tensor.clone() if place in seen else tensor
        seen.add(place)
    return out
