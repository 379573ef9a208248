"""133 points of a person: DWPose-l around its network, as the original prepares its input and reads its answer.

Each crop is looked at twice, the second time mirrored, and the two answers are averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np

from greenroom.models.steadydancer.pose.networks import KEYPOINTS, SPLIT, Network

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from greenroom.models.steadydancer.pose.networks import Device
    from greenroom.models.steadydancer.pose.pictures import Picture

POINTS = 133
_ROOM = 1.25  # of a box, so that hands stay in the crop
_MEAN = np.asarray([123.675, 116.28, 103.53], np.float32)
_DEVIATION = np.asarray([58.395, 57.12, 57.375], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A person as the network sees it. pixels: uint8, RGB.  centre and size: of the part of the picture, (x, y)."""

    pixels: Picture
    centre: NDArray[np.float32]
    size: NDArray[np.float32]

    def prepared(self) -> NDArray[np.float32]:
        """The network's input, (3, height, width)."""
        # Blue comes first, and red's mean and deviation with it: the original's order, see ``pictures``.
        values = (self.pixels[..., ::-1].astype(np.float32) - _MEAN) / _DEVIATION
        return np.ascontiguousarray(values.transpose(2, 0, 1))

    def in_picture(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points of the crop, (n, 2), in the picture's pixels."""
        height, width = self.pixels.shape[:2]
        parts = points / np.asarray([width, height], np.float32)
        return np.asarray(parts * self.size + self.centre - self.size / 2, np.float32)


class Estimator:
    """The network that finds the points of a person. network: its session, and what its file is."""

    def __init__(self, network: Network) -> None:
        self.network = network
        height, width = network.size
        self.width, self.height = width, height

    @classmethod
    def load(cls, path: Path, *, device: Device = "auto", gpu: int = 0, threads: int | None = None) -> Self:
        """Open dw-ll_ucoco_384.onnx. Raises FileUnreadable, PoseNetworkWrong, ExtraMissing, InputInvalid."""
        return cls(Network.open(path, KEYPOINTS, device=device, gpu=gpu, threads=threads))

    def estimate(
        self, people: Sequence[tuple[Picture, NDArray[np.float32]]]
    ) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Of each picture and box the points in the picture's pixels, (133, 2), and their scores, (133,).

        Raises PoseNetworkWrong where the network answers in another shape.
        """
        crops = [cropped(picture, box, self.width, self.height) for picture, box in people]
        prepared = [crop.prepared() for crop in crops]
        along, down = self.network.run([*prepared, *(np.ascontiguousarray(one[..., ::-1]) for one in prepared)])
        found = []
        for number, crop in enumerate(crops):
            mirror = number + len(crops)
            x, y = unmirrored((along[number], down[number]), (along[mirror], down[mirror]))
            points, scores = decoded(x, y)
            found.append((crop.in_picture(points), scores))
        return found


def cropped(picture: Picture, box: NDArray[np.float32], width: int, height: int) -> Crop:
    """The part of a picture around a box, in the shape of the network's input; black outside the picture."""
    left, top, right, bottom = (float(edge) for edge in box)
    wide, tall = (right - left) * _ROOM, (bottom - top) * _ROOM
    wide, tall = max(wide, tall * width / height), max(tall, wide * height / width)
    x, y = (left + right) / 2, (top + bottom) / 2
    scale = width / wide if wide > 0 else 1.0
    onto = np.asarray([[scale, 0, width / 2 - x * scale], [0, scale, height / 2 - y * scale]])
    pixels: Any = cv2.warpAffine(picture, onto, (width, height), flags=cv2.INTER_LINEAR)
    return Crop(pixels, np.asarray([x, y], np.float32), np.asarray([wide, tall], np.float32))


def unmirrored(
    straight: tuple[NDArray[np.float32], NDArray[np.float32]],
    mirrored: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean of the answers to a crop and to its mirror image: along x, (133, places), and down y."""
    along = mirrored[0][MIRROR, ::-1]
    return (straight[0] + along) * np.float32(0.5), (straight[1] + mirrored[1][MIRROR]) * np.float32(0.5)


def decoded(along: NDArray[np.float32], down: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Points in the crop's pixels, (133, 2), and scores, (133,): the smaller of the two highest values.

    Where that is not positive, the point is at -0.5 in both.
    """
    scores = np.minimum(along.max(1), down.max(1))
    places = np.stack([along.argmax(1), down.argmax(1)], 1).astype(np.float32)
    places[scores <= 0] = -1
    return places / np.float32(SPLIT), scores


def _mirror() -> NDArray[np.intp]:
    """Which point takes each one's place in a mirror: body and feet, face, hands."""
    table = np.arange(POINTS)

    def swap(left: Sequence[int], right: Sequence[int]) -> None:
        table[list(left)], table[list(right)] = list(right), list(left)

    swap(range(1, 17, 2), range(2, 17, 2))
    swap(range(17, 20), range(20, 23))
    # The 68 points of the face go around its parts; each run mirrors into itself or into its partner, backwards.
    face = 23
    for first, last in ((0, 16), (17, 26), (31, 35), (48, 54), (55, 59), (60, 64), (65, 67)):
        table[face + first : face + last + 1] = np.arange(face + last, face + first - 1, -1)
    for left, right in ((range(36, 40), range(45, 41, -1)), (range(40, 42), range(47, 45, -1))):
        swap([face + place for place in left], [face + place for place in right])
    swap(range(91, 112), range(112, 133))
    return table


MIRROR = _mirror()
