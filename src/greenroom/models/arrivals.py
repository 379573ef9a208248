"""Parts of a family as they are loaded, of which a device never has to hold all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.nn.parking import Parking

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


class Arrivals:
    """Parts as they come: where a way parks, each leaves for the host before the next one is there.

    parked: whether it does.  stays: called with each that stays.  parkings: of those that left, by their names.
    """

    def __init__(self, *, parked: bool, stays: Callable[[nn.Module], None] = lambda _: None) -> None:
        self._parked, self._stays = parked, stays
        self.parkings: dict[str, Parking] = {}

    def take(self, name: str, network: nn.Module) -> None:
        """One has come. name: that plans have for it."""
        if not self._parked:
            self._stays(network)
            return
        self.parkings[name] = Parking(network)
        self.parkings[name].leave()
