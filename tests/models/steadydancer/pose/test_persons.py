"""One of several people is chosen, and found again in the frames that follow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.pose.boxes import Boxes, Scores, overlaps
from greenroom.models.steadydancer.pose.errors import PersonNotThere
from greenroom.models.steadydancer.pose.persons import Choice, Follower, chosen, people_of

BOXES = np.asarray([(60, 0, 80, 50), (0, 0, 40, 90), (30, 10, 50, 40)], np.float32)
SCORES = np.asarray([0.9, 0.6, 0.95], np.float32)


def at(*places: tuple[float, float], size: tuple[float, float] = (20, 50)) -> Boxes:
    """Boxes by their upper left corners."""
    return np.asarray([(x, y, x + size[0], y + size[1]) for x, y in places], np.float32).reshape(-1, 4)


def sure(count: int, score: float = 0.9) -> Scores:
    return np.full(count, score, np.float32)


def test_people_are_numbered_from_the_left() -> None:
    people = people_of(BOXES, SCORES)
    assert [person.number for person in people] == [1, 2, 3]
    assert [person.box[0] for person in people] == [0, 30, 60]
    assert str(people[2]) == "3 at 60,0,80,50 (0.90)"


@pytest.mark.parametrize(
    ("choice", "place"),
    [
        (Choice(), 2),
        (Choice("size"), 1),
        (Choice("number", number=1), 1),
        (Choice("number", number=3), 0),
        (Choice("box", box=(58, 5, 70, 60)), 0),
        (Choice("box", box=(31, 12, 52, 44)), 2),
    ],
)
def test_people_are_chosen_in_four_ways(choice: Choice, place: int) -> None:
    assert chosen(BOXES, SCORES, choice, "frame 0") == place


def test_somebody_who_is_not_there_is_an_error_that_lists_who_is() -> None:
    with pytest.raises(PersonNotThere, match="person 4 is chosen, and the picture has 3 people") as caught:
        chosen(BOXES, SCORES, Choice("number", number=4), "the picture")
    assert "1 at 0,0,40,90 (0.60); 2 at 30,10,50,40" in caught.value.mend
    with pytest.raises(PersonNotThere, match="has 1 person"):
        chosen(BOXES[:1], SCORES[:1], Choice("number", number=2), "the picture")
    with pytest.raises(PersonNotThere, match="nobody in the picture is in the box 200, 0, 300, 10"):
        chosen(BOXES, SCORES, Choice("box", box=(200, 0, 300, 10)), "the picture")


@pytest.mark.parametrize(("number", "box"), [(None, None), (0, None), (-1, None)])
def test_a_number_is_1_or_more(number: int | None, box: None) -> None:
    with pytest.raises(InputInvalid, match="the number of the person"):
        Choice("number", number, box)


@pytest.mark.parametrize(
    ("box", "says"),
    [
        (None, "is missing"),
        ((5, 0, 5, 10), "is 5, 0, 5, 10, which has no area"),
        ((0, 9, 5, 3), "is 0, 9, 5, 3, which has no area"),
        ((0, 0, float("nan"), 1), "is 0, 0, nan, 1, which has no area"),
    ],
)
def test_a_box_has_an_area(box: tuple[float, float, float, float] | None, says: str) -> None:
    with pytest.raises(InputInvalid, match=f"the box of the person {says}"):
        Choice("box", box=box)


def test_somebody_is_followed_by_overlap_and_not_by_score() -> None:
    follower = Follower(at((0, 0), (50, 0)), 0)
    for step in range(1, 12):
        boxes = at((50 - 4 * step, 0), (4 * step, 0))  # both walk past each other
        assert follower.find(boxes, np.asarray([0.99, 0.6], np.float32), 0.5) == 1


@pytest.mark.parametrize(("ours", "theirs"), [(2, -2), (1, -3), (3, -1), (0, -2)])
@pytest.mark.parametrize("one_box", [0.7, 0.3])
def test_two_who_are_one_box_for_a_while_are_told_apart_behind_it(ours: int, theirs: int, one_box: float) -> None:
    follower, place, together = Follower(at((0, 0), (60, 0)), 0), None, 0
    for step in range(1, 40):
        both = at((ours * step, 0), (60 + theirs * step, 0))
        seen = both[1:] if overlaps(both[0], both)[1] > one_box else both  # a detector keeps one of two that overlap
        together += len(seen) == 1
        place = follower.find(seen, sure(len(seen)), 0.5)
        assert place is not None
        assert len(seen) == 1 or place == 0, step
    assert together


def test_who_stays_in_one_place_with_somebody_is_not_lost() -> None:
    follower = Follower(at((0, 0), (40, 0)), 0)
    for step in range(1, 80):
        boxes = at((0, 0), (max(40 - 4 * step, 0), 0)) if step < 8 else at((step % 3, 0))
        assert follower.find(boxes, sure(len(boxes)), 0.5) == 0, step


def test_a_second_box_of_the_same_person_is_nobody_else() -> None:
    follower = Follower(at((0, 0)), 0)
    for step in range(1, 30):
        half = np.asarray([(3 * step, 0, 3 * step + 20, 25)], np.float32)
        boxes = np.concatenate([at((3 * step, 0)), half]) if step % 4 < 2 else at((3 * step, 0))
        assert follower.find(boxes, sure(len(boxes)), 0.5) == 0


def test_a_gap_is_bridged() -> None:
    follower = Follower(at((0, 0)), 0)
    assert follower.find(at(), sure(0), 0.5) is None
    assert follower.find(at(), sure(0), 0.5) is None
    assert follower.find(at((24, 0)), sure(1), 0.5) == 0  # so far nobody comes in one frame
    assert Follower(at((0, 0)), 0).find(at((24, 0)), sure(1), 0.5) is None


def test_nobody_else_takes_the_place_of_who_is_gone() -> None:
    follower = Follower(at((0, 0), (24, 0)), 0)
    assert follower.find(at((25, 0)), sure(1), 0.5) is None
    assert follower.find(at((23, 0)), sure(1), 0.5) is None
    assert follower.find(at((24, 0), (1, 0)), sure(2), 0.5) == 1


def test_somebody_far_away_or_of_another_size_is_somebody_else() -> None:
    assert Follower(at((0, 0)), 0).find(at((200, 0)), sure(1), 0.5) is None
    assert Follower(at((0, 0)), 0).find(at((22, 20), size=(5, 9)), sure(1), 0.5) is None
    assert Follower(at((0, 0)), 0).find(at((21, 3)), sure(1), 0.5) == 0  # who jumps, and is alone


def test_a_blurred_person_counts_where_they_were() -> None:
    follower = Follower(at((0, 0)), 0)
    assert follower.find(at((2, 0)), sure(1, 0.2), 0.5) == 0
    assert follower.find(at((14, 0)), sure(1, 0.2), 0.5) is None


@given(st.lists(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=4), max_size=8))
def test_whatever_comes_a_place_is_one_of_the_frames(frames: list[list[tuple[int, int]]]) -> None:
    follower = Follower(at((10, 10), (60, 10)), 0)
    for frame in frames:
        boxes = at(*frame)
        place = follower.find(boxes, sure(len(boxes)), 0.5)
        assert place is None or 0 <= place < len(boxes)
