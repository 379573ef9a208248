"""A driver takes on the proportions and the place of the person in the picture; equality with the original: goldens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.aligning import Aligned, aligned
from greenroom.models.steadydancer.pose.errors import NobodyFound
from greenroom.models.steadydancer.pose.poses import MISSING, Poses, nobody
from tests.models.steadydancer.pose.bodies import standing, walking


def changed(poses: Poses, **joints: tuple[float, float]) -> Poses:
    """Poses with joints of every frame elsewhere."""
    points = poses.points.copy()
    for name, place in joints.items():
        points[:, getattr(at, name)] = place
    return Poses(points, poses.scores, poses.width, poses.height)


def without(poses: Poses, *frames: int) -> Poses:
    points, scores = poses.points.copy(), poses.scores.copy()
    points[list(frames)], scores[list(frames)] = nobody(len(frames))
    return Poses(points, scores, poses.width, poses.height)


def test_the_same_body_stays_as_it_is() -> None:
    made = aligned(standing(), standing(3))
    assert made.skeletons.body == pytest.approx(standing(3).skeletons.body, abs=1e-6)
    assert made.skeletons.hands == pytest.approx(standing(3).skeletons.hands, abs=1e-6)
    assert all(ratio == pytest.approx(1) for _, ratio in made.ratios.items())
    assert made.endless == ()


def test_the_deciding_frame_takes_the_pictures_body() -> None:
    made = aligned(standing(), standing(2, width=360, height=640, box=(0.3, 0.3, 0.75, 0.85)))
    theirs = standing().skeletons
    assert made.skeletons.body[0] == pytest.approx(theirs.body[0], abs=0.02)
    assert made.skeletons.body[0, at.NECK] == pytest.approx(theirs.body[0, at.NECK], abs=1e-6)
    assert (made.width, made.height) == (656, 896)


def test_another_frame_may_decide() -> None:
    made = aligned(standing(), walking(5), frame=3)
    assert made.frame == 3
    assert made.skeletons.body[3, at.NECK] == pytest.approx(standing().skeletons.body[0, at.NECK], abs=1e-6)
    with pytest.raises(InputInvalid, match="frame 5 is to decide, and there are 5"):
        aligned(standing(), walking(5), frame=5)


def test_a_ratio_is_of_lengths_in_parts_of_the_height() -> None:
    square = standing(width=640, height=640)
    assert dict(aligned(standing(width=1280, height=640), square).ratios.items())["shoulder"] == pytest.approx(2)


def test_a_side_of_the_face_is_the_same_as_the_originals() -> None:
    """Left is the half of the joints 14 and 16, which is the person's right."""
    wide = changed(standing(), RIGHT_EAR=(0.0, 0.16))
    ratios = dict(aligned(wide, standing()).ratios.items())
    assert ratios["face left"] > 1.5
    assert ratios["face right"] == pytest.approx(1)


def test_a_limb_without_length_gets_the_others_mean() -> None:
    flat = standing(2)
    neck = flat.points[0, at.NECK]
    flat = changed(flat, NOSE=(float(neck[0]), float(neck[1])))
    made = aligned(standing(), flat)
    ratios = dict(made.ratios.items())
    assert made.endless == ("neck",)
    others = [ratio for name, ratio in ratios.items() if name != "neck"]
    assert ratios["neck"] == pytest.approx(np.mean(others))
    assert np.isfinite(made.skeletons.body).all()


def test_a_limb_of_next_to_no_length_is_one_without() -> None:
    flat = changed(standing(), NOSE=(0.5, 0.0), NECK=(0.5, 1e-45), RIGHT_EYE=(0.5, 0.0), RIGHT_EAR=(0.5, 0.0))
    made = aligned(standing(), flat)
    assert "neck" in made.endless
    assert np.isfinite(made.skeletons.body).all()


def test_endless_ratios_do_not_move_any_other() -> None:
    flat = standing()
    neck = flat.points[0, at.NECK]
    made = aligned(standing(), changed(flat, NOSE=(float(neck[0]), float(neck[1]))))
    whole = aligned(standing(), flat)
    for name, ratio in whole.ratios.items():
        if not name.startswith(("face", "neck")):
            assert dict(made.ratios.items())[name] == ratio


def test_both_without_length_is_one() -> None:
    middle = dict.fromkeys(("NOSE", "NECK"), (0.5, 0.26))
    assert dict(aligned(changed(standing(), **middle), changed(standing(), **middle)).ratios.items())["neck"] == 1


def test_an_unknown_joint_changes_no_ratio_and_stays_unknown() -> None:
    legless = changed(standing(3), RIGHT_ANKLE=(MISSING, MISSING), LEFT_ANKLE=(MISSING, MISSING))
    made = aligned(standing(), legless)
    assert dict(made.ratios.items())["leg lower"] == 1
    assert (made.skeletons.body[:, [at.RIGHT_ANKLE, at.LEFT_ANKLE]] < 0).all()
    assert made.skeletons.body[0, at.LEFT_KNEE] == pytest.approx(standing().skeletons.body[0, at.LEFT_KNEE], abs=1e-6)


def test_what_hangs_on_an_unknown_joint_is_not_shown() -> None:
    made = aligned(standing(), changed(standing(2), RIGHT_ELBOW=(MISSING, MISSING)))
    assert not made.skeletons.shown[:, [at.RIGHT_ELBOW, at.RIGHT_WRIST]].any()
    assert made.skeletons.shown[:, [at.RIGHT_SHOULDER, at.LEFT_ELBOW, at.LEFT_WRIST]].all()
    assert (made.skeletons.hands[:, 1] < 0).all()


def test_a_joint_outside_of_the_picture_is_not_unknown() -> None:
    out = changed(standing(), RIGHT_WRIST=(-0.1, 0.4))
    made = aligned(out, out)
    assert made.skeletons.body[0, at.RIGHT_WRIST] == pytest.approx([-0.1, 0.4], abs=1e-6)


def test_frames_without_the_person_stay_empty() -> None:
    made = aligned(standing(), without(walking(5), 2, 3))
    for frame in (2, 3):
        assert not made.skeletons.shown[frame].any()
        assert (made.skeletons.hands[frame] < 0).all()
    assert made.skeletons.shown[4].all()


def test_somebody_with_a_neck_has_to_be_there() -> None:
    with pytest.raises(NobodyFound, match="no person in frame 0 of the driver"):
        aligned(standing(), without(walking(3), 0))
    with pytest.raises(NobodyFound, match="no person in frame 2 of the driver") as caught:
        aligned(standing(), without(walking(3), 2), frame=2)
    assert caught.value.mend == "start the driver where they are seen, or have another frame decide: align_frame"
    with pytest.raises(NobodyFound, match="no person in the picture") as caught:
        aligned(without(standing(), 0), walking(3))
    assert caught.value.mend == "give another picture"
    with pytest.raises(NobodyFound, match="neither neck nor both shoulders are seen in the picture"):
        aligned(changed(standing(), NECK=(MISSING, MISSING)), walking(3))


def test_hands_move_with_their_wrists_and_grow_with_the_arms() -> None:
    made = aligned(standing(), walking(5))
    for hand, wrist in ((0, at.LEFT_WRIST), (1, at.RIGHT_WRIST)):
        # The first point of each hand is the wrist's own place in these bodies.
        assert made.skeletons.hands[:, hand, 0] == pytest.approx(made.skeletons.body[:, wrist], abs=1e-5)
    ratio = dict(made.ratios.items())["hand"]
    before, after = walking(5).skeletons.hands[:, 0], made.skeletons.hands[:, 0]
    assert np.ptp(after[..., 1], axis=1) == pytest.approx(ratio * np.ptp(before[..., 1], axis=1), rel=1e-4)


_PLACE = st.tuples(st.floats(-0.5, 1.5, width=32), st.floats(-0.5, 1.5, width=32))


@settings(max_examples=30)
@given(st.lists(_PLACE, min_size=18, max_size=18), st.lists(_PLACE, min_size=18, max_size=18))
def test_whatever_bodies_there_are_the_result_is_finite_and_its_neck_in_place(
    one: list[tuple[float, float]], other: list[tuple[float, float]]
) -> None:
    def poses(body: list[tuple[float, float]]) -> Poses:
        base = standing()
        points = base.points.copy()
        points[0, :18] = body
        return Poses(points, base.scores, base.width, base.height)

    made: Aligned = aligned(poses(one), poses(other))
    assert np.isfinite(made.skeletons.body).all()
    assert np.isfinite(made.skeletons.hands).all()
    assert made.skeletons.body[0, at.NECK] == pytest.approx(np.asarray(one[at.NECK]), abs=1e-4)
