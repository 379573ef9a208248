"""What is left is told from all stages that count the same work, each at its own pace."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.pace import Pace


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
        pace.step(stage, done, total)
        said.append(pace.left)
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


SHARES = {"encoding": 0.28, "restoring": 0.16, "decoding": 0.56}
SHOTS = ((0, 20), (20, 60), (60, 100))
PACES = {"encoding": 1.0, "restoring": 0.5, "decoding": 2.5}  # seconds a frame


class Work:
    """A work of expected stages, told step by step. shares: what was said of it after each step."""

    def __init__(self, stages: object) -> None:
        self.clock = Clock()
        self.pace = Pace(self.clock)
        self.pace.expect(stages)
        self.shares: list[float] = []

    def step(self, stage: str, done: float, total: float, seconds: float = 0.0) -> None:
        """Take a step, then let time pass."""
        self.pace.step(stage, done, total)
        if self.pace.share is not None:
            self.shares.append(self.pace.share)
        self.clock.now += seconds

    def restore(self, *shots: tuple[int, int]) -> None:
        """Restore shots of a clip of 100 frames."""
        for start, stop in shots:
            for stage, pace in PACES.items():
                for frame in range(start, stop):
                    self.step(stage, frame, 100, pace)
                self.step(stage, stop, 100)


def test_stages_that_are_expected_count_before_they_are_seen() -> None:
    """A tenth of the time to encode, the rest to decode."""
    work = Work({"encoding": 0.1, "decoding": 0.9})
    work.step("encoding", 0, 20, 5)
    lefts = [work.pace.left]
    work.step("encoding", 10, 20)
    lefts.append(work.pace.left)
    assert lefts == [None, 95.0]
    # It is twice as slow as that says.
    work.step("decoding", 0, 20, 90)
    assert work.pace.left == 95.0
    work.step("decoding", 10, 20)
    assert work.pace.left == 95.0
    # Others are as they were.
    work.step("joining", 0, 4, 1)
    lefts = [work.pace.left]
    work.step("joining", 1, 4)
    assert [*lefts, work.pace.left] == [None, 3.0]


def test_frames_that_are_read_ahead_are_no_pace() -> None:
    """They were read in half a second; their stage then takes the rest of its time in silence."""
    work = Work(SHARES)
    work.step("encoding", 0, 24, 0.5)
    work.step("encoding", 23, 24)
    assert work.pace.left is None
    work.clock.now += 13
    work.step("restoring", 0, 24)
    assert work.pace.left == pytest.approx(13.5 / 0.28 * 0.72, rel=0.1)


def test_what_comes_before_the_work_says_nothing_of_it() -> None:
    work = Work(SHARES)
    assert (work.pace.left, work.pace.share) == (None, 0)
    for frame in range(100):
        work.step("finding shots", frame, 100, 1)
    assert (work.pace.left, work.pace.share) == (None, 0)
    work.step("encoding", 0, 100)
    assert (work.pace.left, work.pace.share) == (None, 0)


def test_after_a_shot_the_pace_of_each_stage_is_known() -> None:
    work = Work(SHARES)
    work.restore(SHOTS[0])
    assert work.pace.left == pytest.approx(80 * 4)
    assert work.pace.share == pytest.approx(0.2)
    work.restore(SHOTS[1])
    assert work.pace.left == pytest.approx(40 * 4)
    work.restore(SHOTS[2])
    assert work.pace.left == 0
    assert work.pace.share == pytest.approx(1)
    work.step("joining", 0, 1)
    assert work.pace.share == pytest.approx(1)
    # Not back, however wrong the usual shares were, and on the way most of the time.
    assert work.shares == sorted(work.shares)
    assert len(set(work.shares)) > 150


def test_what_an_earlier_run_finished_is_not_expected_again() -> None:
    work = Work(SHARES)
    work.restore(SHOTS[1])
    assert work.pace.left == pytest.approx(40 * 4)
    assert work.pace.share == pytest.approx(0.5)


def test_what_an_earlier_run_finished_in_between_is_no_pace() -> None:
    work = Work(SHARES)
    work.restore(SHOTS[0])
    work.restore((60, 80))  # and what lies between had been there
    assert work.pace.left == pytest.approx(20 * 4)
    assert work.pace.share == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "stages",
    [None, [], "fast", {"encoding": "much"}, {"encoding": -1}, {"encoding": math.inf}, {"a": 10**400}, {"a": True}],
)
def test_what_is_no_share_is_not_looked_at(stages: object) -> None:
    work = Work(stages)
    work.step("encoding", 0, 20, 5)
    work.step("encoding", 10, 20)
    assert (work.pace.left, work.pace.share) == (5.0, None)


_STEPS = st.lists(
    st.tuples(st.floats(0, 1e6), st.sampled_from(["a", "b", "c"]), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)),
    max_size=20,
)


@given(_STEPS)
def test_a_share_is_one_and_never_falls_whatever_is_reported(steps: list[tuple[float, str, float, float]]) -> None:
    work = Work({"a": 1, "b": 1e-300})
    for seconds, stage, done, total in steps:
        work.step(stage, done, total, seconds)
    assert work.shares == sorted(work.shares)
    assert all(0 <= share <= 1 for share in work.shares)


@given(_STEPS)
def test_whatever_is_reported_what_is_left_is_a_time_or_not_known(
    steps: list[tuple[float, str, float, float]],
) -> None:
    assert all(left is None or (left >= 0 and math.isfinite(left)) for left in _told(steps))
