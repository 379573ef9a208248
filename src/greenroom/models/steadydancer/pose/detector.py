"""People in a picture: YOLOX-L around its network, as the original prepares its input and reads its answer.

The community's yolox_l.onnx is another training run of the same network than the original's checkpoint: boxes differ
slightly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np

from greenroom.models.steadydancer.pose.boxes import suppressed, suppressed_by_class
from greenroom.models.steadydancer.pose.networks import DETECTOR, STRIDES, Network

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from greenroom.models.steadydancer.pose.boxes import Boxes, Scores
    from greenroom.models.steadydancer.pose.networks import Device
    from greenroom.models.steadydancer.pose.pictures import Picture

_GREY = 114
_LEAST, _MOST_OVERLAP = 0.01, 0.65
_PERSON = 0  # of the classes of COCO
PERSON_SCORE = 0.5
"""What a person scores at least, in the original."""

_PERSON_OVERLAP, _PIXEL = 0.7, 1


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Things found in a picture, best first. boxes: float32 (n, 4), in its pixels.  scores and classes: (n,)."""

    boxes: Boxes
    scores: Scores
    classes: NDArray[np.int64]

    def people(self, least: float = PERSON_SCORE) -> tuple[Boxes, Scores]:
        """Boxes and scores of people that score more than ``least``, best first."""
        chosen = (self.classes == _PERSON) & (self.scores > least)
        boxes, scores = self.boxes[chosen], self.scores[chosen]
        kept = suppressed(boxes, scores, _PERSON_OVERLAP, wider=_PIXEL)
        return boxes[kept], scores[kept]


class Detector:
    """The network that finds people. network: its session, and what its file is."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.side = network.size[0]

    @classmethod
    def load(cls, path: Path, *, device: Device = "auto", gpu: int = 0, threads: int | None = None) -> Self:
        """Open yolox_l.onnx. Raises FileUnreadable, PoseNetworkWrong, ExtraMissing, InputInvalid."""
        return cls(Network.open(path, DETECTOR, device=device, gpu=gpu, threads=threads))

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        """What is in each picture. Raises PoseNetworkWrong where the network answers in another shape."""
        boxed = [letterboxed(picture, self.side) for picture in pictures]
        given = [np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32) for picture, _ in boxed]
        (answers,) = self.network.run(given)
        return [decoded(answer, self.side, scale) for answer, (_, scale) in zip(answers, boxed, strict=True)]


def letterboxed(picture: Picture, side: int) -> tuple[Picture, tuple[float, float]]:
    """A picture in the upper left of a grey square of ``side`` pixels, and its scales in width and height."""
    height, width = picture.shape[:2]
    scale = side / max(width, height)
    wide, tall = (max(int(length * scale + 0.5), 1) for length in (width, height))
    square = np.full((side, side, 3), _GREY, np.uint8)
    square[:tall, :wide] = cv2.resize(picture, (wide, tall), interpolation=cv2.INTER_LINEAR)
    return square, (wide / width, tall / height)


def decoded(answer: NDArray[np.float32], side: int, scale: tuple[float, float]) -> Detections:
    """What one answer of the network means in the picture's own pixels.

    answer: (places, 85): centre and size as offsets, that something is there, and 80 classes, both 0 to 1.
    scale: as of ``letterboxed``.
    """
    cells, strides = _grid(side)
    centres = (answer[:, :2] + cells) * strides
    halves = np.exp(answer[:, 2:4]) * strides / 2
    classes = answer[:, 5:].argmax(1)
    scores = answer[:, 4] * answer[:, 5:].max(1)
    chosen = scores >= _LEAST
    boxes = np.concatenate([centres - halves, centres + halves], 1)[chosen]
    boxes = (boxes / np.asarray([*scale, *scale], np.float32)).astype(np.float32)
    scores, classes = scores[chosen].astype(np.float32), classes[chosen].astype(np.int64)
    kept = suppressed_by_class(boxes, scores, classes, _MOST_OVERLAP)
    return Detections(boxes[kept], scores[kept], classes[kept])


def _grid(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of each place of the answer its cell (x, y), and how many pixels a cell is wide."""
    cells: list[NDArray[Any]] = []
    strides: list[NDArray[Any]] = []
    for stride in STRIDES:
        count = side // stride
        rows, columns = np.mgrid[:count, :count]
        cells.append(np.stack([columns.ravel(), rows.ravel()], 1))
        strides.append(np.full((count * count, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)
