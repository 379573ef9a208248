"""Engines by the name of their device: the one way to an engine of published files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.engine import Engine


@dataclass(frozen=True, slots=True)
class Files:
    """What an engine is loaded from."""

    transformer: Path
    vae: Path
    prompt: Path


def load_engine(architecture: Architecture, files: Files, device: str = "cpu", *, small: bool = False) -> Engine:
    """Load both networks onto a device, ``cpu`` or ``cuda:0``, or onto several that work together, ``cuda:0+cuda:1``.

    small: weights that are stored in eight bits or less stay so. Raises WeightsUnreadable, WeightsUnfit, and for
    several devices GangInvalid, DeviceTwice, DevicesMixed, GangTaken, RankLost, RanksApart.
    """
    from greenroom.runtime.device import members

    if len(members(device)) > 1:
        from greenroom.models.seedvr2.ranks.gang_engine import GangEngine

        return GangEngine.load(architecture, files, device, small=small)
    from greenroom.models.seedvr2.engine import Engine

    return Engine.load(architecture, files, device, small=small)
