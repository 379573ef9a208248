"""Who fetches makes sure, now and then, that the store is still theirs."""

from __future__ import annotations

import pytest

from greenroom.leases import LeaseLost
from greenroom.weights.pulling.fetching import checking_too


def test_a_lost_store_ends_the_work_at_its_next_step() -> None:
    told: list[int] = []
    held = True

    def check() -> None:
        if not held:
            raise LeaseLost("taken over")

    step = checking_too(told.append, check, every=0)
    step(1)
    held = False
    with pytest.raises(LeaseLost):
        step(2)
    assert told == [1]


def test_between_looks_the_store_is_left_alone() -> None:
    told: list[int] = []
    looks: list[None] = []
    step = checking_too(told.append, lambda: looks.append(None), every=60)
    for done in range(100):
        step(done)
    assert (len(told), looks) == (100, [])
