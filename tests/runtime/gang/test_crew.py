"""What a model keeps in other ranks is there until the model goes, and again where a rank was lost."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from functools import partial

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.runtime.gang.crew import Crew
from greenroom.runtime.gang.gang import Gang, RankLost, gang_on
from greenroom.runtime.gang.ranks import Ranks
from greenroom.runtime.rooms import Room
from tests.runtime.gang.gangs import add, call_lanes, counter, everything

SIZE = 4
DEVICE = "+".join(["cpu"] * SIZE)


@pytest.fixture(scope="module")
def gang() -> Iterator[Gang]:
    """One for all tests: starting imports torch in each rank."""
    gang = gang_on(("cpu",) * SIZE)
    gang.use("always")
    yield gang
    gang.end()


def added(crew: Crew, more: float) -> list[float]:
    """What the others' counters come to."""
    ranks = crew.ready()
    out = torch.empty(SIZE - 1, 1)
    with crew.together(add, more):
        for rank in range(1, SIZE):
            ranks.collect(out[rank - 1], rank).wait()
    return out[:, 0].tolist()


def crew_of(start: float) -> Crew:
    crew, own = Crew.begun(DEVICE, "counter", partial(counter, start), lambda device: f"on {device}")
    assert own == "on cpu"
    return crew


def test_each_crew_has_its_own(gang: Gang) -> None:
    first, second = crew_of(10), crew_of(20)
    assert first.gang is second.gang is gang
    assert added(first, 1) == [12, 13, 14]
    assert added(second, 0) == [21, 22, 23]
    assert added(first, 1) == [13, 14, 15]


def test_it_is_made_anew_where_a_rank_was_lost(gang: Gang) -> None:
    crew = crew_of(10)
    assert added(crew, 1) == [12, 13, 14]
    os.kill(gang.pids[1], signal.SIGKILL)
    with pytest.raises(RankLost, match="rank 2 on cpu"):
        for _ in range(1000):
            added(crew, 0)
    assert added(crew, 0) == [11, 12, 13]


def test_it_goes_with_the_crew(gang: Gang) -> None:
    before = set(gang._users)
    crew = crew_of(1)
    assert gang._users > before
    del crew
    gc.collect()
    assert gang._users == before


def test_where_rank_0_fails_to_make_its_own_nothing_is_kept(gang: Gang) -> None:
    before = set(gang._users)

    def fails(device: str) -> None:
        raise InputInvalid("no such file")

    with pytest.raises(InputInvalid, match="no such file"):
        Crew.begun(DEVICE, "counter", partial(counter, 1), fails)
    assert gang._users == before


def test_room_is_that_of_the_device_with_the_least(gang: Gang) -> None:
    assert crew_of(10).least(Room("cuda:0", 95, 1000, "a GPU")) == Room(DEVICE, 87, 1000 + 3 * 7, "a GPU")


def test_room_of_a_rank_that_is_lost_is_not_taken_for_none(gang: Gang, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that waits for it goes on without what it was to send, and nothing fails."""

    class Silent:
        def wait(self) -> None:
            assert gang._watch is not None
            gang._watch.settled(10)

    crew = crew_of(10)
    crew.ready()
    monkeypatch.setattr(Ranks, "collect", lambda *_: Silent())
    os.kill(gang.pids[0], signal.SIGKILL)
    with pytest.raises(RankLost, match="rank 1 on cpu"):
        crew.least(Room("cuda:0", 95, 1000, "a GPU"))


def test_lanes_are_made_for_who_asks_for_them(gang: Gang) -> None:
    """Ranks that have none start anew, once; what others keep in them is made anew, too."""
    first = crew_of(10)
    assert added(first, 1) == [12, 13, 14]
    assert not gang.ready().has_lanes
    with pytest.raises(ValueError, match="4 ranks were not asked for 2 lanes"):
        gang.ready().lane(2)
    generation = gang.generation
    kept = [Crew.begun(DEVICE, "in lanes", partial(counter, 20), str, lanes=True)[0] for _ in range(2)]
    ranks = gang.ready()
    assert gang.generation == generation + 1
    assert ranks.has_lanes
    assert [added(crew, 0) for crew in (*kept, first)] == [[21, 22, 23], [21, 22, 23], [11, 12, 13]]
    out = torch.empty(SIZE - 1, 5, dtype=torch.int64)
    with gang.together(call_lanes):
        found = everything(ranks)
        for rank in range(1, SIZE):
            ranks.collect(out[rank - 1], rank).wait()
    assert (found["lanes"][2], found["in lanes"][2]) == ((0, 0, 2), [0, 1])
    assert out.tolist() == [[0, 1, 2, 0, 1], [1, 0, 2, 2, 3], [1, 1, 2, 2, 3]]
