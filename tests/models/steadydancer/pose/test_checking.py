"""Warnings before anybody waits for a clip."""

from __future__ import annotations

import numpy as np

from greenroom.findings import Finding
from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.aligning import aligned
from greenroom.models.steadydancer.pose.checking import findings_of
from greenroom.models.steadydancer.pose.poses import Poses
from tests.models.steadydancer.pose.bodies import standing, walking


def unseen(poses: Poses, *joints: int) -> Poses:
    scores = poses.scores.copy()
    scores[:, list(joints)] = 0.1
    return Poses(poses.points, scores, poses.width, poses.height)


def found(reference: Poses, driver: Poses) -> tuple[Finding, ...]:
    return findings_of(reference, driver, aligned(reference, driver))


def test_two_whole_bodies_are_fine() -> None:
    assert found(standing(), standing(3)) == ()
    assert found(standing(), walking(3)) == ()


def test_hips_that_are_not_seen() -> None:
    [picture] = found(unseen(standing(), at.LEFT_HIP), standing(3))
    assert (picture.code, picture.severity) == ("hips-missing", "warning")
    assert picture.message == "left hip is not seen in the picture: the length of the body is a guess"
    [frame] = found(standing(), unseen(standing(3), at.LEFT_HIP, at.RIGHT_HIP))
    assert frame.message.startswith("right hip and left hip are not seen in frame 0 of the driver")


def test_half_a_body() -> None:
    legs = (at.RIGHT_KNEE, at.RIGHT_ANKLE, at.LEFT_KNEE, at.LEFT_ANKLE)
    [still] = found(standing(), unseen(standing(3), *legs))
    assert still.code == "half-body"
    assert still.message == "the picture shows legs and frame 0 of the driver does not: they stand still"
    [below] = found(unseen(standing(), *legs), standing(3))
    assert below.message.startswith("frame 0 of the driver shows legs and the picture does not")
    assert found(unseen(standing(), *legs), unseen(standing(3), *legs)) == ()


def test_ratios_out_of_their_range_say_by_how_much() -> None:
    small = standing(3)
    points = small.points.copy()
    points[:, at.RIGHT_SHOULDER, 0], points[:, at.LEFT_SHOULDER, 0] = 0.46, 0.54
    narrow = Poses(points, small.scores, small.width, small.height)
    messages = {finding.message for finding in found(standing(), narrow) if finding.code == "limb-ratio"}
    assert "shoulder of the picture is 3.00 times that of frame 0 of the driver; usual is 0.5 to 2" in messages
    [unsure] = [
        finding for finding in found(standing(), unseen(narrow, at.LEFT_SHOULDER)) if "shoulder of" in finding.message
    ]
    assert unsure.message.endswith("; not all of it is seen in frame 0 of the driver")
    assert any("shoulder of the picture is 0.33" in finding.message for finding in found(narrow.at([0]), standing(3)))


def test_a_limb_without_length() -> None:
    points = standing(2).points.copy()
    points[:, at.NOSE] = points[:, at.NECK]
    flat = Poses(points, standing(2).scores, 656, 896)
    codes = {finding.code: finding.message for finding in found(standing(), flat)}
    assert codes["limb-without-length"].startswith("neck has no length in frame 0 of the driver; it gets the mean")
    assert np.isfinite(aligned(standing(), flat).ratios.neck)
