"""Ranges against a plain set of positions."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from greenroom.weights.transfer.ranges import Ranges

PLACES = st.integers(0, 40)
LISTS = st.lists(st.tuples(PLACES, PLACES), max_size=12)


@given(LISTS, PLACES)
def test_ranges_are_the_set_of_their_bytes(added: list[tuple[int, int]], size: int) -> None:
    ranges = Ranges(added)
    held = {place for start, end in added for place in range(start, end)}
    assert {place for start, end in ranges.listed() for place in range(start, end)} == held
    assert ranges.total == len(held)
    assert ranges.prefix == next(place for place in range(42) if place not in held)
    missing = [place for start, end in ranges.missing(size) for place in range(start, end)]
    assert missing == [place for place in range(size) if place not in held]


@given(LISTS)
def test_ranges_are_in_order_and_do_not_touch(added: list[tuple[int, int]]) -> None:
    listed = Ranges(added).listed()
    assert all(start < end for start, end in listed)
    assert all(one[1] < two[0] for one, two in pairwise(listed))
