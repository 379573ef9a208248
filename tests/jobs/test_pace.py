"""What is left is told from all stages that count the same work, each at its own pace."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.jobs.pace import Pace


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _told(steps: list[tuple[float, str, float, float]]) -> list[float | None]:
    """What is left at each step. steps: seconds that pass before it, stage, done, total."""
    clock = Clock()
    pace = Pace(clock)
    said = []
    for seconds, stage, done, total in steps:
        clock.now += seconds
        said.append(pace.left(stage, done, total))
    return said


def test_a_stage_is_as_fast_as_it_was() -> None:
    said = _told([(5, "sampling", 0, 10), (2, "sampling", 1, 10), (2, "sampling", 2, 10), (2, "sampling", 10, 10)])
    assert said == [None, 18.0, 16.0, None]


def test_what_was_done_before_says_nothing_of_the_pace() -> None:
    assert _told([(0, "restoring", 50, 100), (5, "restoring", 60, 100)]) == [None, 20.0]


def test_stages_that_follow_each_other_are_told_one_by_one() -> None:
    steps: list[tuple[float, str, float, float]] = [
        (0, "fetching", 0, 1), (4, "fetching", 1, 1), (0, "sampling", 0, 8), (1, "sampling", 2, 8),
    ]  # fmt: skip
    assert _told(steps) == [None, None, None, 3.0]


def test_stages_that_alternate_are_counted_together() -> None:
    """Two shots of ten frames: 1 s a frame to encode, 3 s to decode. At the half, the other half is left of both."""
    said = _told([
        (0, "encoding", 0, 20), (5, "encoding", 5, 20), (5, "encoding", 10, 20), (0, "decoding", 0, 20),
        (15, "decoding", 5, 20), (15, "decoding", 10, 20), (0, "encoding", 10, 20), (10, "encoding", 20, 20),
        (0, "decoding", 10, 20), (15, "decoding", 15, 20),
    ])  # fmt: skip
    assert said == [None, 15.0, 10.0, None, 55.0, 40.0, 40.0, 30.0, 30.0, 15.0]


def test_pieces_that_overlap_go_back_a_little() -> None:
    said = _told([(0, "encoding", 0, 20), (10, "encoding", 10, 20), (0, "encoding", 8, 20), (4, "encoding", 12, 20)])
    assert said == [None, 10.0, 15.0, pytest.approx(9.3)]


def test_a_stage_that_begins_anew_is_a_new_one() -> None:
    said = _told([(0, "encoding", 2, 20), (100, "encoding", 10, 20), (0, "encoding", 0, 20), (1, "encoding", 1, 20)])
    assert said == [None, 125.0, None, 19.0]


def test_stages_that_are_expected_count_before_they_are_seen() -> None:
    """A tenth of the time to encode, the rest to decode."""
    clock = Clock()
    pace = Pace(clock)
    pace.expect({"stages": {"encoding": 0.1, "decoding": 0.9}})
    assert pace.left("encoding", 0, 20) is None
    clock.now += 5
    assert pace.left("encoding", 10, 20) == 95.0
    # It is twice as slow as that says.
    assert pace.left("decoding", 0, 20) == 95.0
    clock.now += 90
    assert pace.left("decoding", 10, 20) == 95.0
    # Others are as they were.
    assert pace.left("joining", 0, 4) is None
    clock.now += 1
    assert pace.left("joining", 1, 4) == 3.0


def test_what_an_earlier_run_finished_is_not_expected_again() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.expect({"stages": {"encoding": 0.5, "decoding": 0.5}})
    pace.left("encoding", 10, 20)
    clock.now += 5
    assert pace.left("encoding", 15, 20) == 15.0


@pytest.mark.parametrize("stages", [None, [], "fast", {"encoding": "much"}, {"encoding": -1}, {"encoding": math.inf}])
def test_what_is_no_share_is_not_looked_at(stages: object) -> None:
    pace = Pace(Clock())
    pace.expect({"stages": stages})
    assert pace.left("encoding", 0, 20) is None


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.sampled_from(["a", "b", "c"]), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)),
        max_size=20,
    )
)
def test_whatever_is_reported_what_is_left_is_a_time_or_not_known(
    steps: list[tuple[float, str, float, float]],
) -> None:
    assert all(left is None or (left >= 0 and math.isfinite(left)) for left in _told(steps))
