"""How a platform may start an image: each a case that has gone wrong for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenroom.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable

Expects = Literal["serves", "serves or refuses", "refuses where a GPU is needed"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way of being started.

    full: whether the volume holds what an earlier start left on it.  again: whether the data folder does, too.
    data_kb: KB of its data folder, None for plenty.  driver: the version that a stand-in for NVIDIA's driver tells.
    ours: whether it takes image.json to know what is looked for, so that it says nothing of other images.
    """

    name: str
    summary: str
    expects: Expects = "serves"
    full: bool = True
    again: bool = False
    network: bool = False
    read_only: bool = False
    data_kb: int | None = None
    driver: str | None = None
    ours: bool = False


FIRST = Scenario("empty-volume", "the volume is empty, as on the first start", full=False, network=True)
SCENARIOS = (
    FIRST,
    Scenario("full-volume", "volume and data are as the first start left them", again=True, network=True),
    Scenario("read-only", "the root file system is read-only", read_only=True, network=True),
    Scenario("no-network", "nothing outside can be reached"),
    Scenario("low-disk", "the disk for data has next to no room", "serves or refuses", data_kb=96, ours=True),
    Scenario(
        "old-driver",
        "the NVIDIA driver is one of 2018",
        "refuses where a GPU is needed",
        driver="410.48",
        ours=True,
    ),
)


def chosen(names: Iterable[str]) -> tuple[Scenario, ...]:
    """Scenarios by name, in the order in which they are run; all for none. Raises UnknownName."""
    names = tuple(names)
    known = {scenario.name: scenario for scenario in SCENARIOS}
    for name in names:
        if name not in known:
            raise UnknownName("scenario", name, known)
    return tuple(scenario for scenario in SCENARIOS if not names or scenario.name in names)
