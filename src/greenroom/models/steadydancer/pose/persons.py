"""Which of several people, and the same one in the frames that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.pose.boxes import overlaps
from greenroom.models.steadydancer.pose.errors import PersonNotThere

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from greenroom.models.steadydancer.pose.boxes import Boxes, Scores

    Box: TypeAlias = tuple[float, float, float, float]

By = Literal["score", "size", "number", "box"]

_A_BOX = "give left, top, right, bottom in pixels"
_SAME = 0.2  # overlap with where someone was, from which on it is the same person
_APART = 0.1  # overlap with somebody, below which one is no second box of the same person
_LONGEST_HIDDEN = 16  # frames in which two may be one box
_SURELY = 0.5  # the same for someone of whom the network is not sure
_NEAR = 0.4  # diagonals of a box that someone may have moved while nothing was seen, for a start
_GROWS = 0.125  # and how much more of it for each frame
_ALIKE = 3  # times the area that someone may have then


@dataclass(frozen=True, slots=True)
class Choice:
    """Which person of several.

    by: score (the network's surest, as the original), size (the largest box), number (from left to right, from 1), or
    box (whoever overlaps most with one that is given: left, top, right, bottom in pixels of the picture).
    """

    by: By = "score"
    number: int | None = None
    box: Box | None = None

    def __post_init__(self) -> None:
        """Raises InputInvalid where the number or the box is absent, or is none."""
        if self.by == "number" and (self.number is None or self.number < 1):
            raise InputInvalid(f"the number of the person is {self.number}", mend="number people from 1, from the left")
        if self.by == "box":
            box = self.box
            if box is None:
                raise InputInvalid("the box of the person is missing", mend=_A_BOX)
            if not np.isfinite(box).all() or box[0] >= box[2] or box[1] >= box[3]:
                raise InputInvalid(f"the box of the person is {_edges(box)}, which has no area", mend=_A_BOX)


@dataclass(frozen=True, slots=True)
class Person:
    """One of those that were found. number: from the left, from 1.  box: in pixels of the picture.  score: 0 to 1."""

    number: int
    box: Box
    score: float

    def __str__(self) -> str:
        left, top, right, bottom = (round(edge) for edge in self.box)
        return f"{self.number} at {left},{top},{right},{bottom} ({self.score:.2f})"


def people_of(boxes: Boxes, scores: Scores) -> tuple[Person, ...]:
    """Everybody, from left to right. boxes: (people, 4), in pixels.  scores: (people,)."""
    order = _from_left(boxes)
    rows = [tuple(float(edge) for edge in boxes[place]) for place in order]
    return tuple(
        Person(number, (row[0], row[1], row[2], row[3]), float(scores[place]))
        for number, (row, place) in enumerate(zip(rows, order, strict=True), 1)
    )


def chosen(boxes: Boxes, scores: Scores, choice: Choice, where: str) -> int:
    """The place of the chosen one. boxes: one at least.  where: they were found, in words. Raises PersonNotThere."""
    match choice.by:
        case "score":
            return int(scores.argmax())
        case "size":
            return int(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).argmax())
        case "number":
            number = choice.number or 0
            if number > len(boxes):
                raise PersonNotThere(
                    f"person {number} is chosen, and {where} has {crowd(len(boxes))}",
                    mend=f"choose one of them: {listed(people_of(boxes, scores))}",
                )
            return int(_from_left(boxes)[number - 1])
        case "box":
            common = overlaps(np.asarray(choice.box, np.float64), boxes)
            if not common.any():
                raise PersonNotThere(
                    f"nobody in {where} is in the box {_edges(choice.box or ())}",
                    mend=f"choose one of them: {listed(people_of(boxes, scores))}",
                )
            return int(common.argmax())


def _edges(box: Sequence[float]) -> str:
    return ", ".join(f"{edge:g}" for edge in box)


def crowd(count: int) -> str:
    """So many people, in words."""
    return "1 person" if count == 1 else f"{count} people"


def listed(people: Sequence[Person]) -> str:
    """People as a message shows them: number, box and score of each."""
    return "; ".join(map(str, people))


class Follower:
    """Finds one person again from frame to frame, also behind frames without them.

    boxes: of all people of the first frame.  place: of the one among them.
    """

    def __init__(self, boxes: Boxes, place: int) -> None:
        self._own = _Walker(boxes[place])
        self._others: list[_Walker] = []
        self._meet(np.delete(boxes, place, axis=0))

    def find(self, boxes: Boxes, scores: Scores, sure: float) -> int | None:
        """The person's place among a frame's boxes, or None. sure: the score of people that count without doubt."""
        own, apart = self._own, [one for one in self._others if one.apart]
        # Someone who turns or blurs scores low, and is still in the same place.
        enough = np.where(scores > sure, _SAME, _SURELY)
        likely = np.stack([one.likely(boxes, enough) for one in (own, *apart)])
        dealt = _dealt(likely)
        place = dealt.get(0, int(likely[0].argmax()) if likely[0].any() else None)
        if place is None:
            place = self._near(boxes, scores, sure)
        # Two who are in one place for a moment are one box: each goes on as before until there are two again.
        met = [number for number in range(1, len(likely)) if place is not None and _meets(number, place, dealt, likely)]
        together = bool(met) and own.hidden < _LONGEST_HIDDEN
        self._others = []
        for number, other in enumerate(apart, 1):
            if number in met:
                if together:
                    other.hides()
                    self._others.append(other)
            elif number in dealt:
                other.comes(boxes[dealt[number]])
                self._others.append(other)
        if place is None:
            own.away += 1
        elif together:
            own.hides()
        else:
            own.comes(boxes[place])
        known = {place, *dealt.values()}
        self._meet(boxes[[one for one in np.flatnonzero(scores > sure) if one not in known]])
        return place

    def _meet(self, boxes: Boxes) -> None:
        """Others who were not there before."""
        apart = overlaps(self._own.box, boxes) < _APART
        self._others += [_Walker(box, apart=bool(alone)) for box, alone in zip(boxes, apart, strict=True)]

    def _near(self, boxes: Boxes, scores: Scores, sure: float) -> int | None:
        """Whoever is of about the same size, not further away than they can have come, and was nobody else."""
        certain = [place for place in np.flatnonzero(scores > sure) if not self._is_other(boxes[place])]
        if not certain:
            return None
        own = self._own.box
        sides, side = boxes[certain, 2:] - boxes[certain, :2], own[2:] - own[:2]
        areas = np.prod(sides, axis=1) / max(float(np.prod(side)), 1e-9)
        away = np.linalg.norm(_middle(boxes[certain]) - _middle(own), axis=1)
        reach = float(np.linalg.norm(side)) * _NEAR * (1 + _GROWS * self._own.away)
        away[(areas > _ALIKE) | (areas < 1 / _ALIKE) | (away > reach)] = np.inf
        return int(certain[away.argmin()]) if np.isfinite(away).any() else None

    def _is_other(self, box: NDArray[np.float32]) -> bool:
        """Whether somebody else was seen there before."""
        seen = [one.box for one in self._others if not one.hidden]
        return bool(seen) and bool((overlaps(box, np.stack(seen)) >= _SAME).any())


class _Walker:
    """Someone on their way. box: where they are, or are held to be.

    apart: whether they were seen beside whom is followed, so that they are no second box of the same person.
    """

    def __init__(self, box: NDArray[np.float32], *, apart: bool = False) -> None:
        self.box, self.apart = box, apart
        self.away = self.hidden = 0  # frames without them, and in one box with somebody
        self._speed = np.zeros(4, np.float32)  # pixels a frame, of both corners alike

    def likely(self, boxes: Boxes, enough: NDArray[np.float64]) -> NDArray[np.float64]:
        """How well each box fits, 0 for not. enough: overlap, from which on it does."""
        # Where each was going tells apart two who walk past each other.
        common = np.stack([overlaps(self.box, boxes), overlaps(self.box + self._speed, boxes)])
        return np.where(common.max(0) < enough, 0, common.sum(0))

    def comes(self, box: NDArray[np.float32]) -> None:
        moved = np.tile((_middle(box) - _middle(self.box)) / (self.away + 1), 2)
        self._speed = np.asarray((self._speed + moved) / 2, np.float32)
        self.box, self.away, self.hidden = box, 0, 0

    def hides(self) -> None:
        self.box = self.box + self._speed
        self.away, self.hidden = 0, self.hidden + 1


def _dealt(likely: NDArray[np.float64]) -> dict[int, int]:
    """Which box each person gets, (people, boxes), the likeliest first."""
    left, dealt = likely.copy(), {}
    while left.any():
        person, place = divmod(int(left.argmax()), left.shape[1])
        dealt[person] = place
        left[person], left[:, place] = 0, 0
    return dealt


def _meets(person: int, place: int, dealt: dict[int, int], likely: NDArray[np.float64]) -> bool:
    """Whether a person is in this box too: it is theirs, or they have no other."""
    return dealt.get(person, place) == place and bool(likely[person, place])


def _middle(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of one box or of each of many, (x, y)."""
    return np.asarray((boxes[..., 2:] + boxes[..., :2]) / 2, np.float32)


def _from_left(boxes: Boxes) -> NDArray[np.intp]:
    return np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable")
