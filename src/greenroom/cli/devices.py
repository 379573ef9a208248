"""On which device a verb works that takes one at a time, or several that work together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from greenroom.runtime.device import CPU

if TYPE_CHECKING:
    from greenroom.settings import Settings

ON_CPU = "there is no GPU here, and a CPU does the same very slowly"
"""To be said of a device that is ``unasked``."""


class Chosen(NamedTuple):
    """device: ``cuda:0``, or ``cuda:0+cuda:1``.  unasked: the CPU, since nobody chose and there is nothing else."""

    device: str
    unasked: bool


def chosen_device(said: str | None, settings: Settings) -> Chosen:
    """The one that is said, else the first of the setting. Raises UnknownName, GangInvalid."""
    from greenroom.serve.devices import devices

    wanted = said or settings.devices
    device = devices(wanted)[0]
    return Chosen(device, unasked=device == CPU and wanted == "auto")
