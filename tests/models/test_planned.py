"""What plans count alike: whether a way fits, who has too little where none does, and what torch pins."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from greenroom.models.planned import fits, pinned_alone, pinned_row, shortage
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import HostMemoryShort, Room, host_needed

_MIB, _GB = 1 << 20, 10**9


@pytest.mark.parametrize(
    ("length", "alone", "row"),
    [
        (0, 0, 0),
        (1, 1, 1),
        (5 * _MIB, 8 * _MIB, 8 * _MIB),
        (8 * _MIB, 8 * _MIB, 8 * _MIB),
        (17 * _MIB, 32 * _MIB, 17 * _MIB),
        (100 * _MIB + 3, 128 * _MIB, 96 * _MIB + 8 * _MIB),
    ],
)
def test_torch_pins_powers_of_two(length: int, alone: int, row: int) -> None:
    assert (pinned_alone(length), pinned_row(length)) == (alone, row)


@dataclass(frozen=True)
class Taken:
    """Ways are bytes of the device; of the host they take what these lack of 10 GB."""

    on_host: bool = False

    def device(self, way: int) -> int:
        return way

    def host(self, way: int) -> int:
        return 10 * _GB - way


@pytest.mark.parametrize(
    ("on_host", "budget", "host", "holds"),
    [(False, 7, 3, True), (False, 7, None, True), (False, 6, 3, False), (False, 7, 2, False), (True, 10, None, True),
     (True, 9, None, False)],
)  # fmt: skip
def test_a_way_fits_the_device_and_the_host_or_both_at_once(
    on_host: bool, budget: int, host: int | None, holds: bool
) -> None:
    room = None if host is None else host * _GB
    assert fits(Taken(on_host), 7 * _GB, budget * _GB, room) is holds


def test_who_has_too_little_is_told() -> None:
    room, ways = Room("cuda:0", 8, 1), (9 * _GB, 7 * _GB, 6 * _GB)

    def said(costs: Taken, room: Room, budget: int, least: tuple[int, ...]) -> str:
        return str(shortage("m", costs, room, budget, tried=ways, least=least))

    # Of the host for those that fit the device: at least 3, of which a share may be taken.
    assert said(Taken(), room, 7 * _GB, (5,)) == str(HostMemoryShort("m", host_needed(3 * _GB), "cuda:0", 1))
    needs = room.needed(5 * _GB)
    assert said(Taken(), room, 4 * _GB, (6 * _GB, 5 * _GB)) == str(MemoryShort("m", needs, "cuda:0", 8))
    room = Room("cpu", 8)
    needs = room.needed(10 * _GB)
    assert said(Taken(on_host=True), room, 4 * _GB, (6 * _GB, 5 * _GB)) == str(MemoryShort("m", needs, "cpu", 8))
