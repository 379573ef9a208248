"""134 points of one person over the frames of a clip, and what of them is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Points: TypeAlias = NDArray[np.float32]

POINTS = 134
MISSING = -1.0
"""Both coordinates of a point that nothing is known of."""

NOSE, NECK = 0, 1
RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST = 2, 3, 4
LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST = 5, 6, 7
RIGHT_HIP, RIGHT_KNEE, RIGHT_ANKLE = 8, 9, 10
LEFT_HIP, LEFT_KNEE, LEFT_ANKLE = 11, 12, 13
RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR = 14, 15, 16, 17

BODY, FEET, FACE = slice(0, 18), slice(18, 24), slice(24, 92)
LEFT_HAND, RIGHT_HAND = slice(92, 113), slice(113, 134)

JOINTS = (
    "nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist",
    "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle", "right eye", "left eye",
    "right ear", "left ear",
)  # fmt: skip

# Where the 17 joints of COCO go; the neck is made.
_OF_COCO = (0, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
_SHOULDERS = (5, 6)
_NECK_SCORE, _SHOWN = 0.3, 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Skeletons:
    """What is drawn: one person over frames, in parts of the picture's width and height, negative where not shown.

    body: float32 (frames, 18, 2); also joints that are not shown have places.  shown: bool (frames, 18).
    hands: (frames, 2, 21, 2), the left one first.  faces: (frames, 68, 2), never drawn.
    """

    body: Points
    shown: NDArray[np.bool_]
    hands: Points
    faces: Points

    def __len__(self) -> int:
        return len(self.body)


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """One person over frames. points: float32 (frames, 134, 2), in parts of the picture's width and height.

    scores: float32 (frames, 134).  width and height: of the picture, in pixels, whose shape the alignment needs.
    A frame without the person has ``MISSING`` in all of its points.
    """

    points: Points
    scores: NDArray[np.float32]
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.points)

    @property
    def missing(self) -> tuple[int, ...]:
        """Frames without the person."""
        return tuple(int(frame) for frame in np.flatnonzero((self.points == MISSING).all((1, 2))))

    @property
    def skeletons(self) -> Skeletons:
        """What of it is shown: joints that score more than 0.35, and points of hands and face that score as much."""
        points = self.points.astype(np.float32, copy=True)
        seldom = self.scores < np.float32(_SHOWN)
        for part in (FACE, LEFT_HAND, RIGHT_HAND):
            points[:, part][seldom[:, part]] = MISSING
        hands = np.stack([points[:, LEFT_HAND], points[:, RIGHT_HAND]], 1)
        shown = self.scores[:, BODY] > np.float32(_SHOWN)
        return Skeletons(points[:, BODY], shown, hands, points[:, FACE])

    def at(self, frames: Sequence[int]) -> Poses:
        """Only these frames, in this order; one may come several times."""
        places = list(frames)
        return Poses(self.points[places], self.scores[places], self.width, self.height)


def nobody(frames: int) -> tuple[Points, NDArray[np.float32]]:
    """Points and scores of frames without a person."""
    return np.full((frames, POINTS, 2), MISSING, np.float32), np.zeros((frames, POINTS), np.float32)


def with_neck(points: Points, scores: NDArray[np.float32]) -> tuple[Points, NDArray[np.float32]]:
    """133 points in COCO's order as 134 in ours, and their scores: (..., 133, 2) and (..., 133).

    The neck is the middle of the shoulders, and certain where both are seen.
    """
    shoulders = list(_SHOULDERS)
    neck = points[..., shoulders, :].mean(-2, keepdims=True)
    sure = (scores[..., shoulders] > _NECK_SCORE).all(-1, keepdims=True)
    body, rest = list(_OF_COCO[1:]), slice(len(_OF_COCO), None)
    parts = (points[..., :1, :], neck, points[..., body, :], points[..., rest, :])
    ordered_scores = (scores[..., :1], sure, scores[..., body], scores[..., rest])
    return np.concatenate(parts, -2).astype(np.float32), np.concatenate(ordered_scores, -1).astype(np.float32)
