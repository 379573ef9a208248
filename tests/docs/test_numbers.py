"""Numbers of pages that code computes are those that it computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil

from greenroom.models.foley.model import FoleyLarge, FoleyModel, FoleySmall
from greenroom.models.foley.planning.costs import Networks
from greenroom.models.foley.planning.plan import Plan, plan
from greenroom.models.foley.sounding.outlook import USUAL
from greenroom.runtime.residency import MemoryShort, in_gigabytes
from greenroom.runtime.rooms import Room
from tests.docs.pages import ROOT

ROOM = Room("cuda:0", 80 * 10**9, 64 * 10**9, "NVIDIA H100 80GB HBM3")
STEP = 10**7  # bytes; the page rounds to ten times as many
Found = Callable[[type[FoleyModel]], Plan]


def at_once(served: type[FoleyModel]) -> Plan:
    return plan(served.networks(), USUAL, ROOM)


def parked(networks: Networks) -> Plan:
    """The plan of the largest room in which not all stays on the card."""
    whole = plan(networks, USUAL, ROOM)
    return plan(networks, USUAL, replace(ROOM, free=ROOM.needed(whole.bytes) - STEP))


def least(served: type[FoleyModel]) -> Plan:
    """The plan of the smallest room that has one."""
    found = plan(served.networks(), USUAL, replace(ROOM, free=served.least_memory))
    while True:
        try:
            found = plan(served.networks(), USUAL, replace(ROOM, free=found.free - STEP))
        except MemoryShort:
            return found


ROWS: dict[str, Found] = {
    "all on the card": at_once,
    "encoders and decoder on the host meanwhile": lambda served: parked(served.networks()),
    "the same with `--precision fp8`": lambda served: parked(served.networks("fp8")),
    "with blocks on the host, at the least": least,
}


def test_the_memory_of_sounds_is_that_of_their_plans() -> None:
    page = (ROOT / "docs" / "foley.md").read_text()
    for name, found in ROWS.items():
        cells = []
        for served in (FoleySmall, FoleyLarge):
            planned = found(served)
            free = ceil(ROOM.needed(planned.bytes) / 1e8) * 10**8  # more would do, less would not
            cells.append(f"{in_gigabytes(planned.bytes)} of {in_gigabytes(free)}")
            assert (planned.way.resident is None) == (found is not least)
        assert f"| {' | '.join((name, *cells))} |" in page
