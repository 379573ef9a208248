"""One person's poses found by the two networks, in a picture or in the frames of a clip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from greenroom.findings import Finding
from greenroom.models.steadydancer.pose.detector import PERSON_SCORE
from greenroom.models.steadydancer.pose.pictures import fitted, fitted_size, for_detection, require_shape
from greenroom.models.steadydancer.pose.poses import Poses, nobody, with_neck
from greenroom.models.steadydancer.pose.watching import FIRST_FRAME, THE_PICTURE, Found, Watch
from greenroom.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from greenroom.models.steadydancer.pose.detector import Detector
    from greenroom.models.steadydancer.pose.keypoints import Estimator
    from greenroom.models.steadydancer.pose.persons import Choice
    from greenroom.models.steadydancer.pose.pictures import Picture
    from greenroom.progress import Step

FINDING = "finding poses"

_AT_ONCE = 4  # frames, where a network takes several
_UNSURE = 0.1  # what someone scores at least who is followed


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """A frame in which a person is looked for. small: as the networks see it.  box: in its pixels."""

    small: Picture
    box: NDArray[np.float32] | None


class PoseFinder:
    """Finds poses with the two networks."""

    def __init__(self, detector: Detector, estimator: Estimator) -> None:
        self.detector, self.estimator = detector, estimator

    @property
    def networks(self) -> dict[str, str]:
        """The sha256 of each network's file, by what it is."""
        return {network.role.name: network.sha256 for network in (self.detector.network, self.estimator.network)}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is to be said of networks that are not the published files."""
        return tuple(
            Finding(
                "pose-network-unknown",
                "note",
                f"{network.name} is not the published {network.role.file}, by its sha256: skeletons may differ",
                f"give {network.role.file} as it is published",
            )
            for network in (self.detector.network, self.estimator.network)
            if not network.published
        )

    @property
    def on_gpu(self) -> bool:
        """Whether one of the networks holds memory of a GPU."""
        return "cuda" in (self.detector.network.provider, self.estimator.network.provider)

    def close(self) -> None:
        """Give back what the networks hold. Nobody is found any more."""
        self.detector.network.close()
        self.estimator.network.close()

    def in_picture(self, picture: Picture, choice: Choice | None = None) -> Found:
        """The person in a reference picture: RGB, uint8, of any size.

        Raises NobodyFound, PersonNotThere, InputInvalid for a strip.

        The poses' size is the picture's ``fitted_size``, in which they are looked for; boxes are in its own pixels.
        """
        height, width = picture.shape[:2]
        require_shape(width, height, THE_PICTURE)
        found = self._found([fitted(picture)], Watch(choice, THE_PICTURE, PERSON_SCORE), (width, height), 1, silent)
        wide, tall = fitted_size(width, height)
        return replace(found, poses=replace(found.poses, width=wide, height=tall))

    def in_clip(
        self,
        frames: Iterable[Picture],
        size: tuple[int, int],
        choice: Choice | None = None,
        *,
        places: Sequence[int] | None = None,
        latest: int = 0,
        count: int = 1,
        step: Step = silent,
    ) -> Found:
        """The person in a clip, whom its first frame with somebody decides on; boxes are in pixels of its frames.

        size: width and height of the frames.  places: where each frame of the clip is among them, if not one by one.
        latest: the frame of the clip until which somebody has to be there.  count: of frames, for ``step``. Raises
        NobodyFound, PersonNotThere, what frames raise and what ``step`` raises.
        """
        return self._found(frames, Watch(choice, FIRST_FRAME, PERSON_SCORE, places, latest), size, count, step)

    def _found(self, frames: Iterable[Picture], watch: Watch, size: tuple[int, int], count: int, step: Step) -> Found:
        made: list[tuple[NDArray[np.float32], NDArray[np.float32]] | None] = []
        for group in _groups(frames, self._at_once):
            step(FINDING, len(made), max(count, len(made) + len(group)))
            seen = self._seen(group, watch, size)
            estimates = iter(self.estimator.estimate([(one.small, one.box) for one in seen if one.box is not None]))
            made += [None if one.box is None else _in_parts(next(estimates), one.small) for one in seen]
        step(FINDING, len(made), len(made))
        points, scores = nobody(len(made))
        for number, estimate in enumerate(made):
            if estimate is not None:
                points[number], scores[number] = with_neck(*estimate)
        return watch.result(Poses(points, scores, *size))

    def _seen(self, group: list[Picture], watch: Watch, size: tuple[int, int]) -> list[_Frame]:
        small = [for_detection(frame) for frame in group]
        seen = []
        for picture, things in zip(small, self.detector.detect(small), strict=True):
            boxes, scores = things.people(_UNSURE)
            # People are told of in pixels of the frame, in which users choose.
            scale = np.tile(np.asarray(size) / picture.shape[1::-1], 2)
            place = watch.see((boxes * scale).astype(np.float32), scores)
            seen.append(_Frame(picture, None if place is None else boxes[place]))
        return seen

    @property
    def _at_once(self) -> int:
        """Frames of a group: several only where a network takes them together."""
        one = self.detector.network.batch == 1 and self.estimator.network.batch in (1, 2)
        return 1 if one else _AT_ONCE


def _in_parts(
    estimate: tuple[NDArray[np.float32], NDArray[np.float32]], picture: Picture
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    points, scores = estimate
    return np.asarray(points / np.asarray(picture.shape[1::-1]), np.float32), scores


def _groups(frames: Iterable[Picture], size: int) -> Iterator[list[Picture]]:
    rest = iter(frames)
    while group := list(islice(rest, size)):
        yield group
