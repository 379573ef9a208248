"""How a model stands on a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Standing = Literal["loading", "warming", "ready", "asleep", "unloaded", "failed"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
# A request may begin: what is asleep wakes for it, what is unloaded loads again.
ABLE: frozenset[Standing] = frozenset({"ready", "asleep", "unloaded"})


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model on one device. reason: why it is not ready, in words, or empty."""

    name: str
    state: Standing
    device: str
    reason: str = ""
