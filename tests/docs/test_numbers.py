"""Numbers of pages that code computes are those that it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil

from greenroom.models.foley.model import FoleyLarge, FoleyModel, FoleySmall
from greenroom.models.foley.planning.costs import Networks
from greenroom.models.foley.planning.plan import Plan, plan
from greenroom.models.foley.sounding.outlook import USUAL
from greenroom.models.steadydancer.animating.outlook import USUAL as USUAL_CLIP
from greenroom.models.steadydancer.model import SteadyDancer14B
from greenroom.models.steadydancer.planning.costs import Networks as ClipNetworks
from greenroom.models.steadydancer.planning.plan import Plan as ClipPlan
from greenroom.models.steadydancer.planning.plan import plan as plan_clip
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


CLIP_ROOM = Room("cuda:0", 140 * 10**9, 128 * 10**9, "NVIDIA H200")
CLIP_ROWS: dict[str, Callable[[ClipPlan], bool]] = {
    "all on the card": lambda found: not found.way.parked and not found.way.apart,
    "encoders and autoencoder on the host meanwhile": lambda found: found.way.parked and not found.way.apart,
    "what makes keys and values of texts there, too": lambda found: found.way.parked and found.way.apart,
    "with blocks on the host, at the least": lambda found: found.way.resident == 0,
}


def clip_plans(networks: ClipNetworks) -> Iterator[ClipPlan]:
    """Plans for ever smaller rooms."""
    found = plan_clip(networks, USUAL_CLIP, CLIP_ROOM)
    while True:
        yield found
        try:
            found = plan_clip(networks, USUAL_CLIP, replace(CLIP_ROOM, free=CLIP_ROOM.needed(found.bytes) - STEP))
        except MemoryShort:
            return


def test_the_memory_of_clips_is_that_of_their_plans() -> None:
    page = (ROOT / "docs" / "animate.md").read_text()
    found = [[*clip_plans(SteadyDancer14B.networks(precision))] for precision in ("bf16", "fp8")]
    for name, fits in CLIP_ROWS.items():
        cells = []
        for plans in found:
            planned = [one for one in plans if fits(one)][-1 if "least" in name else 0]
            free = ceil(CLIP_ROOM.needed(planned.bytes) / 1e8) * 10**8  # more would do, less would not
            cells.append(f"{in_gigabytes(planned.bytes)} of {in_gigabytes(free)}")
        assert f"| {' | '.join((name, *cells))} |" in page
