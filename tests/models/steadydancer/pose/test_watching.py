"""What is said of people: several, none, and lost on the way."""

from __future__ import annotations

import numpy as np
import pytest

from greenroom.models.steadydancer.pose.errors import NobodyFound, PersonNotThere
from greenroom.models.steadydancer.pose.keypoint_files import Crowd, Keypoints
from greenroom.models.steadydancer.pose.persons import Choice
from greenroom.models.steadydancer.pose.poses import POINTS
from greenroom.models.steadydancer.pose.watching import found_in, spans
from tests.models.steadydancer.pose.bodies import standing

LEFT, RIGHT = (0.05, 0.1, 0.3, 0.9), (0.6, 0.1, 0.9, 0.95)


def crowd(*boxes: tuple[float, float, float, float]) -> Crowd:
    """People who stand in boxes, in parts of the picture."""
    if not boxes:
        return Crowd(np.empty((0, POINTS, 2), np.float32), np.empty((0, POINTS), np.float32))
    poses = [standing(box=box) for box in boxes]
    return Crowd(np.concatenate([one.points for one in poses]), np.concatenate([one.scores for one in poses]))


def keypoints(*frames: Crowd) -> Keypoints:
    return Keypoints(frames, 640, 480)


def test_several_people_without_a_choice_are_told_of_with_their_boxes() -> None:
    found = found_in(keypoints(crowd(RIGHT, LEFT)))
    [finding] = found.findings
    assert (finding.code, finding.severity) == ("several-people", "warning")
    assert finding.message.startswith("frame 0 of the driver has 2 people: 1 at ")
    assert finding.message.endswith("is taken")
    assert finding.mend.endswith(": person")
    assert [round(person.box[0]) for person in found.people] == [51, 407]


def test_a_choice_is_silent_and_is_followed() -> None:
    found = found_in(keypoints(crowd(RIGHT, LEFT), crowd(LEFT, RIGHT), crowd(RIGHT)), Choice("number", number=2))
    assert found.findings == ()
    assert (found.poses.points == standing(box=RIGHT).points[0]).all()


def test_frames_without_the_person_are_told_of() -> None:
    found = found_in(keypoints(crowd(LEFT), crowd(), crowd(), crowd(LEFT), crowd(RIGHT)))
    assert found.poses.missing == (1, 2, 4)
    [finding] = found.findings
    assert finding.code == "person-lost"
    assert "of 5 frames 3 do not show the person, and stay black: 1 to 2, 4" in finding.message


def test_nobody_in_the_first_frame_is_an_error_that_says_when_somebody_comes() -> None:
    with pytest.raises(NobodyFound, match=r"the first is seen in frame 2, 0.13 s later") as caught:
        found_in(keypoints(crowd(), crowd(), crowd(LEFT)))
    assert caught.value.mend == "start the driver 0.13 s later, or have that frame decide: align_frame 2"
    with pytest.raises(NobodyFound, match="in any of the driver's 2 frames"):
        found_in(keypoints(crowd(), crowd()))
    with pytest.raises(NobodyFound, match="there is no person in frame 0 of the driver"):
        found_in(keypoints(crowd()))


def test_somebody_may_come_in_until_the_frame_that_decides() -> None:
    late = keypoints(crowd(), crowd(), crowd(RIGHT, LEFT), crowd(LEFT, RIGHT))
    found = found_in(late, latest=2)
    assert (found.poses.missing, found.frame, len(found.people)) == ((0, 1), 2, 2)
    assert found.findings[0].message.startswith("frame 2 of the driver has 2 people")
    assert "stay black: 0 to 1" in found.findings[1].message
    assert found_in(late, Choice("number", number=2), latest=3).frame == 2
    with pytest.raises(PersonNotThere, match="frame 2 of the driver has 2 people"):
        found_in(late, Choice("number", number=3), latest=3)
    with pytest.raises(NobodyFound, match="no person in frames 0 to 1 of the driver; the first is seen in frame 2"):
        found_in(late, latest=1)


def test_people_without_any_point_are_nobody() -> None:
    ghost = crowd(LEFT)
    ghost.scores[...] = 0
    with pytest.raises(NobodyFound):
        found_in(keypoints(ghost))


def test_numbers_are_said_in_runs() -> None:
    assert spans([3, 4, 5, 9, 11, 12]) == "3 to 5, 9, 11 to 12"
    assert spans([]) == ""
