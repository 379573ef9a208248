"""The order of red and blue is told from pictures, also behind a lossy codec."""

from __future__ import annotations

import cv2
import numpy as np

from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.aligning import aligned
from greenroom.models.steadydancer.pose.colours import Order, is_skeleton, order_of
from greenroom.models.steadydancer.pose.drawing import drawn, pictures
from greenroom.models.steadydancer.pose.negative import negative
from greenroom.models.steadydancer.pose.pictures import Picture
from greenroom.models.steadydancer.pose.poses import Poses
from tests.models.steadydancer.pose.bodies import standing, walking

CLIP = tuple(pictures(aligned(standing(width=320, height=448), walking(3))))


def swapped(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[..., ::-1])


def lossy(picture: Picture, quality: int = 60) -> Picture:
    _, data = cv2.imencode(".jpg", swapped(picture), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return swapped(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8))


def test_ours_and_the_usual_order() -> None:
    assert order_of(CLIP) == "ours"
    assert order_of([swapped(picture) for picture in CLIP]) == "reversed"


def test_behind_a_lossy_codec() -> None:
    assert order_of([lossy(picture) for picture in CLIP]) == "ours"
    assert order_of([lossy(swapped(picture)) for picture in CLIP]) == "reversed"


def without(*joints: int) -> tuple[Order, Order]:
    """The order that is seen of someone without these joints, as we draw and as others do."""
    body = standing(width=160, height=224)
    scores = body.scores.copy()
    scores[:, list(joints)] = 0
    picture = drawn(Poses(body.points, scores, 160, 224).skeletons, 0, 640, 896)
    return order_of([picture]), order_of([swapped(picture)])


def test_with_half_a_body() -> None:
    legs = (at.LEFT_KNEE, at.RIGHT_KNEE, at.LEFT_ANKLE, at.RIGHT_ANKLE)
    assert without(*legs) == ("ours", "reversed")
    assert without(at.LEFT_ANKLE) == ("ours", "reversed")
    # Nothing is guessed where the limbs are hidden that tell.
    assert without(at.LEFT_SHOULDER) == ("unknown", "unknown")
    assert without(at.NECK) == without(at.NOSE) == without(at.RIGHT_SHOULDER) == ("unknown", "unknown")


def test_negative_skeletons_tell_as_well() -> None:
    skeletons = negative(standing(4, width=320, height=448).skeletons, 3)
    clip = [drawn(skeletons, frame, 640, 896) for frame in range(4)]
    assert order_of(clip) == "ours"
    assert order_of([swapped(picture) for picture in clip]) == "reversed"


def test_pictures_that_tell_nothing() -> None:
    assert order_of([np.zeros((64, 64, 3), np.uint8)]) == "unknown"
    assert order_of([]) == "unknown"
    assert order_of([CLIP[0], swapped(CLIP[1])]) == "unknown"


def test_what_is_mostly_black_may_be_a_skeleton() -> None:
    assert is_skeleton(CLIP[0])
    assert not is_skeleton(np.full((32, 32, 3), 90, np.uint8))
