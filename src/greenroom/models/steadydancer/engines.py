"""Engines by the name of their device: the one way to an engine of published files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.models.steadydancer.dancer.precision import USUAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.steadydancer.engine import Engine
    from greenroom.models.steadydancer.lora.merging import Lora
    from greenroom.models.steadydancer.parts import Files, Sizes
    from greenroom.models.steadydancer.planning.way import Way


def load_engine(
    sizes: Sizes,
    files: Files,
    device: str = "cpu",
    *,
    way: Way | None = None,
    precision: str = USUAL,
    loras: Sequence[Lora] = (),
) -> Engine:
    """Load all parts onto a device, ``cpu`` or ``cuda:0``, or the denoiser onto several, ``cuda:0+cuda:1``.

    See ``Engine.load``, also for what it raises; for several devices GangInvalid, DeviceTwice, DevicesMixed, GangTaken,
    RankLost, RanksApart, too.
    """
    from greenroom.runtime.device import members

    if len(members(device)) > 1:
        from greenroom.models.steadydancer.ranks.gang_engine import GangEngine

        return GangEngine.load(sizes, files, device, way=way, precision=precision, loras=loras)
    from greenroom.models.steadydancer.engine import Engine

    return Engine.load(sizes, files, device, way=way, precision=precision, loras=loras)
