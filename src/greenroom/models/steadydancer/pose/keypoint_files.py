"""Keypoints that another program found, as JSON: of OpenPose, of its likes in node editors, of mmpose and DWPose.

What is read, of each person of each frame:

* OpenPose: ``pose_keypoints_2d`` with x, y and confidence of 18 or 25 joints, hands of 21 points, a face of 68 or 70;
  a file a frame in a folder, or the frames of a clip as a list.
* mmpose: ``keypoints`` of 133 points in COCO's order and ``keypoint_scores``; ``instance_info`` for a clip.
* the same with 134 points, the neck among them, as DWPose draws them; ``scores`` is a name as good.

Coordinates are pixels, or parts of the picture where none is larger than 2. Points without confidence are not there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard

import numpy as np

from greenroom.errors import FileUnreadable, InputInvalid, quoted
from greenroom.media.audio import require_file
from greenroom.media.folders import in_folder, is_folder
from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.errors import PosesUnreadable
from greenroom.models.steadydancer.pose.poses import MISSING, POINTS, nobody, with_neck

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from greenroom.models.steadydancer.pose.poses import Points

_LARGEST_PART = 2.0  # of a picture, where a point may lie that is outside of it
_FARTHEST = 1e6  # in either unit
_WIDEST = 1 << 16  # pixels of a picture's side
_LAST_FRAME = 1 << 31
_MOST = 1 << 28  # bytes of JSON
_COCO = POINTS - 1
_HAND, _FACES = 21, (68, 70)
# Where the 25 joints of OpenPose go: to the first 18, and to the feet. Its middle of the hips is left out.
_OF_25 = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
_FEET_OF_25 = (19, 20, 21, 22, 23, 24)
_NUMBERS = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """All people of one frame. points: float32 (people, 134, 2), in parts of the picture.  scores: (people, 134)."""

    points: Points
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """People of every frame. width and height: of the picture, in pixels."""

    frames: tuple[Crowd, ...]
    width: int
    height: int

    def at(self, frames: Sequence[int]) -> Keypoints:
        """Only these frames, in this order; one may come several times."""
        return Keypoints(tuple(self.frames[frame] for frame in frames), self.width, self.height)


def read_keypoints(path: Path, *, size: tuple[int, int] | None = None) -> Keypoints:
    """Read a JSON file, or a folder of one a frame in the order of their numbers.

    size: width and height of the picture, for files that do not say it. Raises PosesUnreadable, which names the frame
    and the person, FileUnreadable, InputInvalid.
    """
    return _keypoints([(file, _loaded(file)) for file in _files(path)], path, size)


def keypoints_in(text: str, *, size: tuple[int, int] | None = None) -> Keypoints:
    """The same of what would stand in a file. Raises PosesUnreadable, InputInvalid."""
    name = Path("keypoints")
    return _keypoints([(name, _read(text, name))], name, size)


def _keypoints(files: Sequence[tuple[Path, Any]], path: Path, size: tuple[int, int] | None) -> Keypoints:
    """Of what files tell, in their order."""
    told: tuple[int, int] | None = None
    frames: list[Any] = []
    for file, value in files:
        said, found = _frames(value, file)
        told = told or said
        frames += found
    if not frames:
        raise PosesUnreadable(f"{quoted(path)} holds no frames", mend=_MEND)
    crowds = []
    for number, frame in enumerate(frames):
        place = _Place(path, number)
        if isinstance(frame, dict):
            told = told or _canvas(frame)
        crowds.append(_crowd(frame, place))
    width, height = _size(size or told, path)
    largest = max((float(np.abs(crowd.points[crowd.scores > 0]).max(initial=0)) for crowd in crowds), default=0)
    if largest > _LARGEST_PART:
        for crowd in crowds:
            crowd.points[...] /= (width, height)
    for crowd in crowds:
        crowd.points[crowd.scores <= 0] = MISSING
    return Keypoints(tuple(crowds), width, height)


_MEND = "give keypoints as OpenPose, mmpose or DWPose write them"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a message is about."""

    path: Path
    frame: int
    person: int | None = None

    def fail(self, why: str) -> NoReturn:
        person = "" if self.person is None else f", person {self.person}"
        raise PosesUnreadable(f"{quoted(self.path)}, frame {self.frame}{person}: {why}", mend=_MEND)


def _files(path: Path) -> list[Path]:
    if not is_folder(path):
        return [path]
    found = [file for file in in_folder(path) if file.suffix.lower() == ".json"]
    if not found:
        raise PosesUnreadable(f"{quoted(path)} holds no JSON", mend="give a folder with a file a frame")
    return sorted(found, key=lambda file: [int(piece) if odd % 2 else piece for odd, piece in _pieces(file.name)])


def _pieces(name: str) -> Iterator[tuple[int, str]]:
    return enumerate(_NUMBERS.split(name))


def _loaded(path: Path) -> Any:
    require_file(path)
    try:
        if path.stat().st_size > _MOST:
            raise PosesUnreadable(f"{quoted(path)} is too large for keypoints", mend=_MEND)
        text = path.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{quoted(path)} cannot be read: {error.strerror}", mend="check the path") from error
    return _read(text, path)


def _read(text: str | bytes, path: Path) -> Any:
    def no_number(name: str) -> NoReturn:
        raise ValueError(f"{name} is no number")

    try:
        return json.loads(text, parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise PosesUnreadable(f"{quoted(path)} is no JSON: {_why(error)}", mend=_MEND) from error


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "its letters are not UTF-8"
    return str(error).splitlines()[0] if isinstance(error, ValueError) else "nested too deep"


def _frames(told: Any, path: Path) -> tuple[tuple[int, int] | None, list[Any]]:
    """The size that a file tells, and its frames: each an object with ``people``, or a list of people."""
    if isinstance(told, dict):
        size = _canvas(told)
        if "instance_info" in told:
            return size, _of_mmpose(told["instance_info"], path)
        if "frames" in told:
            if not isinstance(told["frames"], list):
                raise PosesUnreadable(f"{quoted(path)}: frames is no list", mend=_MEND)
            return size, list(told["frames"])
        return size, [told]
    if isinstance(told, list) and told and all(isinstance(one, dict) and "keypoints" in one for one in told):
        return None, [told]  # the people of one picture
    if isinstance(told, list):
        return None, told
    raise PosesUnreadable(f"{quoted(path)} holds neither a list nor an object", mend=_MEND)


def _of_mmpose(told: Any, path: Path) -> list[Any]:
    """The frames of ``instance_info``, whose numbers have to follow one another; the people of one picture, else."""
    if not isinstance(told, list):
        raise PosesUnreadable(f"{quoted(path)}: instance_info is no list", mend=_MEND)
    if not any(isinstance(one, dict) and "instances" in one for one in told):
        return [told]
    first: int | None = None
    frames = []
    for number, one in enumerate(told):
        place = _Place(path, number)
        if not isinstance(one, dict) or not isinstance(one.get("instances"), list):
            place.fail("instances is no list")
        given = one.get("frame_id", number)
        if not _is_whole(given) or abs(given) > _LAST_FRAME:
            place.fail(f"frame_id is {quoted(given)}")
        first = given if first is None else first
        if given != first + number:
            place.fail(f"frame_id is {given}, and {first + number} would follow")
        frames.append(one["instances"])
    return frames


def _canvas(told: dict[str, Any]) -> tuple[int, int] | None:
    """The size of the picture where an object tells it."""
    for width, height in (("canvas_width", "canvas_height"), ("width", "height")):
        wide, tall = told.get(width), told.get(height)
        if _is_whole(wide) and _is_whole(tall) and min(wide, tall) > 0 and max(wide, tall) <= _WIDEST:
            return wide, tall
    return None


def _size(size: tuple[int, int] | None, path: Path) -> tuple[int, int]:
    if size is None:
        raise InputInvalid(
            f"{quoted(path)} does not tell the size of the picture",
            mend="give width and height of the video that the keypoints are of",
        )
    if min(size) < 1:
        raise InputInvalid(f"the picture is {size[0]}x{size[1]}", mend="give its width and height in pixels")
    return size


def _crowd(frame: Any, place: _Place) -> Crowd:
    people = frame.get("people", frame.get("instances")) if isinstance(frame, dict) else frame
    if not isinstance(people, list):
        place.fail("there is no list of people")
    made = [_person(person, _Place(place.path, place.frame, number)) for number, person in enumerate(people)]
    if not made:
        return Crowd(np.empty((0, POINTS, 2), np.float32), np.empty((0, POINTS), np.float32))
    return Crowd(np.stack([points for points, _ in made]), np.stack([scores for _, scores in made]))


def _person(told: Any, place: _Place) -> tuple[Points, NDArray[np.float32]]:
    """Points, (134, 2), and scores, (134,), of a person of whichever program."""
    if not isinstance(told, dict):
        place.fail("is no object")
    if "pose_keypoints_2d" in told:
        return _of_openpose(told, place)
    if "keypoints" not in told:
        place.fail("has neither pose_keypoints_2d nor keypoints")
    points = _table(told["keypoints"], "keypoints", place)
    if points.shape[1] == 3:
        points, scores = points[:, :2], points[:, 2]
    else:
        scores = _scores(told, points, place)
    if len(points) not in (_COCO, POINTS):
        place.fail(f"keypoints has {len(points)} points, and {_COCO} or {POINTS} are needed")
    if len(points) == POINTS:
        return points.astype(np.float32), scores.astype(np.float32)
    # A neck between a shoulder and nothing scores nothing.
    return with_neck(points.astype(np.float32), scores.astype(np.float32))


def _scores(told: dict[str, Any], points: NDArray[np.float64], place: _Place) -> NDArray[np.float64]:
    """Of each point; where none are told, points at the corner or beyond it are not there, as programs mark them."""
    count = len(points)
    name = next((name for name in ("keypoint_scores", "scores") if told.get(name) is not None), None)
    if name is None:
        return np.where((points <= 0).all(1), 0.0, 1.0)
    scores = _numbers(told[name], name, place)
    if len(scores) != count:
        place.fail(f"{name} has {len(scores)} numbers for {count} points")
    return scores


def _of_openpose(told: dict[str, Any], place: _Place) -> tuple[Points, NDArray[np.float32]]:
    points, scores = (array[0] for array in nobody(1))

    def fill(name: str, counts: Sequence[int], part: slice, *, needed: bool = False) -> None:
        given = told.get(name)
        if not given and not needed:
            return
        values = _numbers(given, name, place)
        if len(values) not in [3 * count for count in counts]:
            known = " or ".join(str(3 * count) for count in counts)
            place.fail(f"{name} has {len(values)} numbers, and {known} are needed")
        rows = values.reshape(-1, 3)
        if part == at.BODY and len(rows) > _OF_BODY:
            points[at.FEET], scores[at.FEET] = rows[list(_FEET_OF_25), :2], rows[list(_FEET_OF_25), 2]
            rows = rows[list(_OF_25)]
        rows = rows[: part.stop - part.start]
        points[part], scores[part] = rows[:, :2], rows[:, 2]

    fill("pose_keypoints_2d", (_OF_BODY, 25), at.BODY, needed=True)
    fill("face_keypoints_2d", _FACES, at.FACE)
    fill("hand_left_keypoints_2d", (_HAND,), at.LEFT_HAND)
    fill("hand_right_keypoints_2d", (_HAND,), at.RIGHT_HAND)
    return points, scores


_OF_BODY = 18


def _table(told: Any, name: str, place: _Place) -> NDArray[np.float64]:
    """Points as rows of x, y and perhaps a score; also as one list of triples."""
    if not isinstance(told, list):
        place.fail(f"{name} is no list")
    if told and all(isinstance(row, list) for row in told):
        lengths = {len(row) for row in told}
        if len(lengths) != 1 or not lengths <= {2, 3}:
            place.fail(f"{name} has points of {', '.join(map(str, sorted(lengths)))} numbers, and 2 or 3 are needed")
        flat = [value for row in told for value in row]
        return _numbers(flat, name, place).reshape(len(told), -1)
    values = _numbers(told, name, place)
    if len(values) % 3:
        place.fail(f"{name} has {len(values)} numbers, which are no triples of x, y and score")
    return values.reshape(-1, 3)


def _numbers(told: Any, name: str, place: _Place) -> NDArray[np.float64]:
    if not isinstance(told, list):
        place.fail(f"{name} is no list")
    for number, value in enumerate(told):
        if isinstance(value, bool) or not isinstance(value, int | float):
            place.fail(f"{name} has {quoted(value)} as number {number}")
        if not abs(value) <= _FARTHEST:
            # As it stands there: a whole number may be larger than any float.
            place.fail(f"{name} has {quoted(value)} as number {number}, which is no place in a picture")
    return np.asarray(told, np.float64)


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
