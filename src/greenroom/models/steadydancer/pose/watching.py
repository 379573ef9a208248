"""One person of several, chosen in the first frame and watched to the last; and what is to be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from greenroom.findings import Finding
from greenroom.models.steadydancer.conditions.lengths import RATE
from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.errors import NobodyFound
from greenroom.models.steadydancer.pose.persons import Choice, Follower, Person, chosen, crowd, listed, people_of
from greenroom.models.steadydancer.pose.poses import Poses, nobody
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from greenroom.models.steadydancer.pose.boxes import Boxes, Scores
    from greenroom.models.steadydancer.pose.keypoint_files import Crowd, Keypoints

THE_PICTURE, FIRST_FRAME = "the picture", "frame 0 of the driver"


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One person's poses. people: all whom one was chosen from, from the left.  findings: what is to be said.

    frame: in which they were, the first with somebody.
    """

    poses: Poses
    people: tuple[Person, ...] = ()
    findings: tuple[Finding, ...] = ()
    frame: int = 0


class Watch:
    """Picks one person in frame after frame.

    choice: None takes the surest, and says so where there are several.  where: the first frame is, in words.
    sure: the score of people that count without doubt.  places: where each frame of the clip is among those that are
    seen, if not one by one.  latest: the frame of the clip until which somebody has to be there.  people: those of the
    first frame with somebody, and frame: which of the clip that is.
    """

    def __init__(
        self,
        choice: Choice | None,
        where: str,
        sure: float,
        places: Sequence[int] | None = None,
        latest: int = 0,
    ) -> None:
        self._choice, self._where, self._sure, self._places, self._latest = choice, where, sure, places, latest
        self._follower: Follower | None = None
        self._frames = 0
        self.people: tuple[Person, ...] = ()
        self.frame = 0
        self._taken: Person | None = None

    def see(self, boxes: Boxes, scores: Scores) -> int | None:
        """The person's place among a frame's people, or None. boxes: in pixels of the frames.

        Raises PersonNotThere, and NobodyFound at the first frame with people, where that is behind the latest.
        """
        number, self._frames = self._frames, self._frames + 1
        if self._follower is not None:
            return self._follower.find(boxes, scores, self._sure)
        certain = np.flatnonzero(scores > self._sure)
        if not len(certain):
            return None
        frame = number if self._places is None else self._places.index(number)
        if frame > self._latest:
            raise self._nobody(frame)  # too late for the frame that decides
        if frame:
            self.frame, self._where = frame, f"frame {frame} of the driver"
        place = chosen(boxes[certain], scores[certain], self._choice or Choice(), self._where)
        self.people = people_of(boxes[certain], scores[certain])
        box = tuple(float(edge) for edge in boxes[certain[place]])
        self._taken = next(person for person in self.people if person.box == box)
        self._follower = Follower(boxes[certain], place)
        return int(certain[place])

    def result(self, poses: Poses) -> Found:
        """What came of it. poses: of the frames that were seen. Raises NobodyFound where the first had nobody."""
        if self._taken is None:
            raise self._nobody()
        poses = poses if self._places is None else poses.at(self._places)
        findings = list(_absences(poses))
        if len(self.people) > 1 and self._choice is None:
            meant = "picture_person" if self._where == THE_PICTURE else "person"
            findings.insert(0, _several(self.people, self._taken, self._where, meant))
        return Found(poses, self.people, tuple(findings), self.frame)

    def _nobody(self, seen_from: int | None = None) -> NobodyFound:
        if self._frames == 1:
            message = f"there is no person in {self._where}"
            return NobodyFound(message, mend="give one that shows somebody, whole if possible")
        if seen_from is None:
            message = f"there is no person in any of the driver's {self._frames} frames"
            return NobodyFound(message, mend="give another driver")
        before = f"frames 0 to {self._latest} of the driver" if self._latest else self._where
        later = f"{ceil(100 * seen_from / RATE) / 100:.2f} s later"  # no earlier than they are seen
        return NobodyFound(
            f"there is no person in {before}; the first is seen in frame {seen_from}, {later}",
            mend=f"start the driver {later}, or have that frame decide: align_frame {seen_from}",
        )


def found_in(keypoints: Keypoints, choice: Choice | None = None, *, latest: int = 0) -> Found:
    """One person of a file of keypoints. latest: see ``Watch``. Raises NobodyFound, PersonNotThere."""
    points, scores = nobody(len(keypoints.frames))
    watch = Watch(choice, FIRST_FRAME, 0, latest=latest)
    size = np.asarray([keypoints.width, keypoints.height])
    for number, frame in enumerate(keypoints.frames):
        there, boxes, sure = _boxes(frame, size)
        place = watch.see(boxes, sure)
        if place is not None:
            points[number], scores[number] = frame.points[there[place]], frame.scores[there[place]]
    return watch.result(Poses(points, scores, keypoints.width, keypoints.height))


def spans(numbers: Sequence[int]) -> str:
    """Numbers in order as people say them: ``3 to 5, 9``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in runs)


def _boxes(frame: Crowd, size: NDArray[np.int64]) -> tuple[list[int], Boxes, Scores]:
    """Who of a frame is there at all, their boxes in pixels, and the mean scores of their joints."""
    there = [person for person, scores in enumerate(frame.scores) if (scores > 0).any()]
    boxes = np.empty((len(there), 4), np.float32)
    for row, person in enumerate(there):
        known = frame.points[person][frame.scores[person] > 0] * size
        boxes[row] = (*known.min(0), *known.max(0))
    return there, boxes, frame.scores[there][:, at.BODY].mean(1, dtype=np.float32)


def _several(people: Sequence[Person], taken: Person, where: str, meant: str) -> Finding:
    """meant: the input by which one is chosen."""
    return Finding(
        "several-people",
        "warning",
        f"{where} has {crowd(len(people))}: {listed(people)}; {taken.number} is taken",
        f"choose one by its number, or by a box: {meant}",
    )


def _absences(poses: Poses) -> tuple[Finding, ...]:
    missing = poses.missing
    if not missing:
        return ()
    said = f"of {counted(len(poses), 'frame')} {len(missing)} do not show the person, and stay black: {spans(missing)}"
    return (Finding("person-lost", "warning", said, "cut the driver, or give one in which the person is always seen"),)
