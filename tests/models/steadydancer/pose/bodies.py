"""An invented person, and files of the two networks that find them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from greenroom.models.steadydancer.pose.detector import Detector
from greenroom.models.steadydancer.pose.finding import PoseFinder
from greenroom.models.steadydancer.pose.keypoints import MIRROR, Estimator
from greenroom.models.steadydancer.pose.pictures import Picture
from greenroom.models.steadydancer.pose.poses import Poses, with_neck
from tests.models.steadydancer.pose.onnx_bytes import detector, keypoints

# COCO's 17 joints of someone who stands, in parts of their box; the left side is on the right.
_STANDING = [
    (0.5, 0.08), (0.55, 0.06), (0.45, 0.06), (0.6, 0.08), (0.4, 0.08), (0.7, 0.2), (0.3, 0.2), (0.8, 0.36), (0.2, 0.36),
    (0.85, 0.5), (0.15, 0.5), (0.62, 0.52), (0.38, 0.52), (0.64, 0.74), (0.36, 0.74), (0.65, 0.95), (0.35, 0.95),
]  # fmt: skip
CROP = (36, 48)  # width and height of the tiny keypoint network's input


def standing133() -> NDArray[np.float32]:
    """133 points of someone who stands, (133, 2), in parts of their box; symmetric."""
    points = np.full((133, 2), 0.5)
    points[:17] = _STANDING
    points[17:20], points[20:23] = (0.68, 0.97), (0.32, 0.97)
    around = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points[23:91] = np.stack([0.5 + 0.04 * np.cos(around), 0.08 + 0.04 * np.sin(around)], 1)
    for first, wrist, side in ((91, 9, 1), (112, 10, -1)):
        for finger in range(5):
            for joint in range(4):
                turned = side * (0.015 * (finger - 2)), 0.02 + 0.012 * joint
                points[first + 1 + 4 * finger + joint] = np.asarray(_STANDING[wrist]) + turned
        points[first] = _STANDING[wrist]
    mirrored = points[MIRROR] * (-1, 1) + (1, 0)
    return ((points + mirrored) / 2).astype(np.float32)


def standing(
    frames: int = 1,
    *,
    width: int = 656,
    height: int = 896,
    box: tuple[float, float, float, float] = (0.2, 0.1, 0.8, 0.9),
    move: tuple[float, float] = (0, 0),
) -> Poses:
    """Someone who stands in a box, in parts of the picture, and moves by so much a frame."""
    left, top, right, bottom = box
    points = standing133() * (right - left, bottom - top) + (left, top)
    clip = np.stack([points + np.asarray(move) * number for number in range(frames)]).astype(np.float32)
    made, scores = with_neck(clip, np.full((frames, 133), 0.9, np.float32))
    return Poses(made, scores, width, height)


def walking(frames: int = 9, *, width: int = 360, height: int = 640) -> Poses:
    """Someone who swings arms and legs, seen from further away."""
    poses = standing(frames, width=width, height=height, box=(0.3, 0.3, 0.75, 0.85), move=(0.01, 0))
    points = poses.points.copy()
    for number in range(frames):
        swing = np.sin(number / 2) * 0.05
        for joint, share in ((3, 0.5), (4, 1), (9, -0.5), (10, -1)):
            points[number, joint, 1] -= swing * share
        points[number, 113:134, 1] -= swing
    return Poses(points, poses.scores, width, height)


def simcc() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The answer of a network that sees ``standing133`` in every crop."""
    width, height = CROP
    along, down = np.full((133, 2 * width), 0.01, np.float32), np.full((133, 2 * height), 0.01, np.float32)
    # The last place mirrors into the first, so that a crop is a place narrower than it is.
    places = np.rint(standing133() * (2 * width - 1, 2 * height - 1)).astype(int)
    mirrored = 2 * width - 1 - places[MIRROR, 0]
    along[np.arange(133), places[:, 0]] = 0.9
    along[np.arange(133), mirrored] = 0.9
    down[np.arange(133), places[:, 1]] = 0.9
    return along, down


def write_networks(folder: Path, *, batch: int | str = "batch") -> tuple[Path, Path]:
    """Files of tiny networks with the published signatures but for their sizes. batch: of both."""
    found, points = folder / "yolox_l.onnx", folder / "dw-ll_ucoco_384.onnx"
    found.write_bytes(detector(batch=batch))
    points.write_bytes(keypoints(*simcc(), batch=batch))
    return found, points


def finder(folder: Path, *, batch: int | str = "batch") -> PoseFinder:
    """What finds poses with the tiny networks: people are red."""
    found, points = write_networks(folder, batch=batch)
    return PoseFinder(Detector.load(found, device="cpu", threads=1), Estimator.load(points, device="cpu", threads=1))


def scene(*people: tuple[int, int], width: int = 128, height: int = 128, cell: int = 64) -> Picture:
    """A grey picture with a red square for each person, by the cell's column and row."""
    picture = np.full((height, width, 3), 90, np.uint8)
    for column, row in people:
        picture[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = (250, 0, 0)
    return picture
