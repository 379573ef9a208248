"""Models fit by plan, and the least recently used goes first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.runtime.residency import MemoryShort, Residency, in_gigabytes

PLANS = {"a": 40, "b": 30, "c": 30, "free": 0, "huge": 101}


def residency(*used: str, budget: int | None = 100) -> Residency:
    made = Residency("cuda:0", budget, PLANS)
    for place, name in enumerate(used):
        made.used(name, place)
    return made


def test_what_fits_stays() -> None:
    assert residency("a", "b").leaving("c") == ()
    assert residency("a", "b", "c").awake == ("a", "b", "c")


def test_the_least_recently_used_goes_and_no_more_than_needed() -> None:
    assert Residency("cpu", 70, PLANS).leaving("a") == ()
    made = residency("a", "b", budget=70)
    assert made.leaving("c") == ("a",)
    made.used("a", 9)
    assert made.leaving("c") == ("b",)
    made.left("b")
    assert made.leaving("c") == ()


def test_one_that_is_awake_moves_nobody() -> None:
    assert residency("a", "b", budget=1).leaving("a") == ()


def test_one_that_takes_nothing_neither_goes_nor_makes_others_go() -> None:
    made = residency("free", "a", "b", budget=70)
    assert made.leaving("c") == ("a",)
    assert residency("a", "b", budget=70).leaving("free") == ()


def test_one_that_cannot_fit_alone_is_refused_with_the_numbers() -> None:
    plans = {"big": 18_900_000_000}
    with pytest.raises(MemoryShort) as caught:
        Residency("cuda:0", 16_000_000_000, plans).leaving("big")
    assert caught.value.message == "big needs 18.9 GB of memory; cuda:0 has 16.0 GB for models"
    assert in_gigabytes(460_000_000) == "0.46 GB"


def test_one_that_can_do_with_less_takes_all_of_a_smaller_device() -> None:
    made = residency("b", budget=60)
    made.plan("streaming", 80, least=50)
    assert made.leaving("streaming") == ("b",)
    wide = residency("b", budget=120)
    wide.plan("streaming", 80, least=50)
    assert wide.leaving("streaming") == ()
    narrow = residency(budget=40)
    narrow.plan("streaming", 80, least=50)
    with pytest.raises(MemoryShort):
        narrow.leaving("streaming")
    free = residency("huge", budget=None)
    free.plan("streaming", 80, least=50)
    assert free.leaving("streaming") == ()


def test_without_a_budget_everybody_stays() -> None:
    assert residency("a", "b", "c", "huge", budget=None).leaving("free") == ()


@given(st.lists(st.sampled_from(["a", "b", "c", "free"]), max_size=30), st.integers(40, 120))
def test_plans_never_exceed_the_budget(asked: list[str], budget: int) -> None:
    made = Residency("cuda:0", budget, PLANS)
    for now, name in enumerate(asked):
        for gone in made.leaving(name):
            made.left(gone)
        made.used(name, now)
        assert sum(PLANS[awake] for awake in made.awake) <= budget
        assert name in made.awake
