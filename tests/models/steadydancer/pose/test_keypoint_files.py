"""Keypoints of other programs are read strictly: what is wrong is told with its frame and person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import FileUnreadable, GreenroomError, InputInvalid
from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.errors import PosesUnreadable
from greenroom.models.steadydancer.pose.keypoint_files import read_keypoints
from greenroom.models.steadydancer.pose.poses import MISSING
from greenroom.models.steadydancer.pose.watching import found_in
from tests.models.steadydancer.pose.bodies import standing, standing133

SIZE = (640, 480)
BODY = standing(box=(0, 0, 1, 1)).points[0]


def openpose(joints: int = 18, *, size: tuple[int, int] | None = SIZE, **changes: Any) -> dict[str, Any]:
    """A frame of one person, in pixels."""
    points = BODY * SIZE
    body = points[:18]
    if joints == 25:
        middle = (body[at.RIGHT_HIP] + body[at.LEFT_HIP]) / 2
        body = np.concatenate([body[:8], [middle], body[8:], points[18:24]])
    person = {
        "pose_keypoints_2d": flat(body),
        "face_keypoints_2d": flat(points[24:92]),
        "hand_left_keypoints_2d": flat(points[92:113]),
        "hand_right_keypoints_2d": flat(points[113:134]),
    }
    canvas = {} if size is None else {"canvas_width": size[0], "canvas_height": size[1]}
    return {"people": [person | changes], **canvas}


def flat(points: Any, score: float = 0.9) -> list[float]:
    return [value for x, y in points.tolist() for value in (x, y, score)]


def mmpose(count: int = 133, **changes: Any) -> dict[str, Any]:
    """A person as mmpose and DWPose write it, in pixels."""
    points = (standing133() if count == 133 else BODY) * SIZE
    return {"keypoints": points.tolist(), "keypoint_scores": [0.9] * count} | changes


def read(folder: Path, told: Any, **options: Any) -> Any:
    path = folder / "a.json"
    path.write_text(json.dumps(told))
    return read_keypoints(path, **options)


@pytest.mark.parametrize("joints", [18, 25])
def test_openpose(joints: int, tmp_path: Path) -> None:
    made = read(tmp_path, openpose(joints))
    assert (made.width, made.height, len(made.frames)) == (640, 480, 1)
    points, scores = made.frames[0].points[0], made.frames[0].scores[0]
    there = np.r_[0:18, 24:134] if joints == 18 else np.r_[0:134]
    assert points[there] == pytest.approx(BODY[there], abs=1e-5)
    assert scores[there] == pytest.approx(0.9)
    assert (scores[at.FEET] > 0).all() == (joints == 25)


def test_a_list_of_frames_and_people_who_are_absent(tmp_path: Path) -> None:
    made = read(tmp_path, [openpose(), {"people": []}, openpose()])
    assert [len(frame.points) for frame in made.frames] == [1, 0, 1]
    assert found_in(made).poses.missing == (1,)
    assert [len(frame.points) for frame in made.at([1, 0, 0]).frames] == [0, 1, 1]


def test_a_folder_of_a_file_a_frame_in_the_order_of_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "json"
    folder.mkdir()
    for number, people in ((10, []), (9, openpose()["people"]), (2, openpose()["people"])):
        canvas = {"canvas_width": 640, "canvas_height": 480} if number == 2 else {}
        (folder / f"clip_{number}_keypoints.json").write_text(json.dumps({"people": people, **canvas}))
    (folder / "notes.txt").write_text("x")
    assert [len(frame.points) for frame in read_keypoints(folder).frames] == [1, 1, 0]


def test_points_without_confidence_are_not_there(tmp_path: Path) -> None:
    values = flat(BODY[:18] * SIZE)
    values[3 * at.LEFT_ANKLE : 3 * at.LEFT_ANKLE + 3] = [0, 0, 0]
    made = read(tmp_path, openpose(pose_keypoints_2d=values))
    assert made.frames[0].points[0, at.LEFT_ANKLE].tolist() == [MISSING, MISSING]


def test_hands_and_face_may_be_absent(tmp_path: Path) -> None:
    made = read(tmp_path, openpose(hand_left_keypoints_2d=None, hand_right_keypoints_2d=[], face_keypoints_2d=[]))
    assert (made.frames[0].points[0, at.LEFT_HAND] == MISSING).all()
    assert (made.frames[0].points[0, at.FACE] == MISSING).all()


@pytest.mark.parametrize("count", [133, 134])
@pytest.mark.parametrize("name", ["keypoint_scores", "scores"])
def test_mmpose_and_dwpose(count: int, name: str, tmp_path: Path) -> None:
    person = mmpose(count)
    person[name] = person.pop("keypoint_scores")
    made = read(tmp_path, {"frames": [{"people": [person]}], "width": 640, "height": 480})
    assert made.frames[0].points[0] == pytest.approx(BODY, abs=1e-5)


def test_frames_of_mmpose_follow_one_another(tmp_path: Path) -> None:
    frames: list[dict[str, Any]] = [{"frame_id": number, "instances": [mmpose()]} for number in (1, 2, 3)]
    told: dict[str, Any] = {"meta_info": {}, "instance_info": frames}
    assert len(read(tmp_path, told, size=SIZE).frames) == 3
    frames[2]["frame_id"] = 5
    with pytest.raises(PosesUnreadable, match="frame 2: frame_id is 5, and 3 would follow"):
        read(tmp_path, told, size=SIZE)


def test_people_of_one_picture(tmp_path: Path) -> None:
    people = [mmpose(), mmpose()]
    forms: list[Any] = [people, {"instance_info": people}, [{"instances": people}]]
    for told in forms:
        made = read(tmp_path, told, size=SIZE)
        assert [len(frame.points) for frame in made.frames] == [2]


def test_triples_are_as_good_and_scores_may_be_left_out(tmp_path: Path) -> None:
    points = standing133() * SIZE
    for told in (flat(points), [[x, y, 0.9] for x, y in points.tolist()]):
        made = read(tmp_path, [{"people": [{"keypoints": told}]}], size=SIZE)
        assert made.frames[0].points[0] == pytest.approx(BODY, abs=1e-5)
        assert made.frames[0].scores[0, 0] == pytest.approx(0.9)
    made = read(tmp_path, [{"people": [{"keypoints": points.tolist()}]}], size=SIZE)
    assert (made.frames[0].scores[0] == 1).all()


@pytest.mark.parametrize("corner", [[0, 0], [-1, -1], [0.0, -0.5]])
def test_without_scores_points_at_the_corner_are_not_there(corner: list[float], tmp_path: Path) -> None:
    points = (BODY * SIZE).tolist()
    points[at.LEFT_ANKLE] = corner
    points[at.RIGHT_ANKLE] = [0, 400]
    made = read(tmp_path, [{"people": [{"keypoints": points}]}], size=SIZE).frames[0]
    assert made.points[0, at.LEFT_ANKLE].tolist() == [MISSING, MISSING]
    assert made.scores[0, at.LEFT_ANKLE] == 0
    assert made.points[0, at.RIGHT_ANKLE] == pytest.approx([0, 400 / 480])


def test_a_neck_beside_a_shoulder_that_is_not_there_is_not_there_either(tmp_path: Path) -> None:
    scores = [0.9] * 133
    scores[5] = 0
    made = read(tmp_path, [mmpose(keypoint_scores=scores)], size=SIZE)
    assert made.frames[0].points[0, at.NECK].tolist() == [MISSING, MISSING]


def test_parts_of_the_picture_are_told_from_pixels(tmp_path: Path) -> None:
    person = mmpose() | {"keypoints": standing133().tolist()}
    assert read(tmp_path, [person], size=SIZE).frames[0].points[0] == pytest.approx(BODY, abs=1e-5)
    outside = mmpose() | {"keypoints": (standing133() * 2).tolist()}
    assert read(tmp_path, [outside], size=SIZE).frames[0].points == pytest.approx(2 * BODY[None], abs=1e-5)
    small = mmpose() | {"keypoints": (standing133() * 3).tolist()}
    assert read(tmp_path, [small], size=SIZE).frames[0].points[0] == pytest.approx(3 * BODY / SIZE, abs=1e-5)


def test_a_size_is_needed(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="does not tell the size of the picture"):
        read(tmp_path, openpose(size=None))
    assert read(tmp_path, openpose(size=None), size=SIZE).width == 640
    assert read(tmp_path, openpose(), size=(1280, 960)).width == 1280  # whoever says it knows
    with pytest.raises(InputInvalid, match="the picture is 0x480"):
        read(tmp_path, openpose(), size=(0, 480))
    for wide in (0, -5, 10**6, 10**30, 10**400):  # which is no size
        with pytest.raises(InputInvalid, match="does not tell the size of the picture"):
            read(tmp_path, openpose(size=(wide, 480)))


WRONG: list[tuple[Any, str]] = [
    (5, "neither a list nor an object"),
    ([], "no frames"),
    ({"frames": 7}, "frames is no list"),
    ({"instance_info": 7}, "instance_info is no list"),
    ({"instance_info": [{"instances": 7}]}, "frame 0: instances is no list"),
    ({"instance_info": [{"instances": [], "frame_id": "x"}]}, "frame 0: frame_id is 'x'"),
    ({"other": 1}, "frame 0: there is no list of people"),
    ([openpose(), {"people": 3}], "frame 1: there is no list of people"),
    ([openpose(), {"people": [3]}], "frame 1, person 0: is no object"),
    ([openpose(), {"people": [{"a": 1}]}], "frame 1, person 0: has neither pose_keypoints_2d nor keypoints"),
    (openpose(pose_keypoints_2d=[1.0] * 53), "person 0: pose_keypoints_2d has 53 numbers, and 54 or 75 are needed"),
    (openpose(pose_keypoints_2d=None), "person 0: pose_keypoints_2d is no list"),
    (openpose(pose_keypoints_2d=[]), "pose_keypoints_2d has 0 numbers"),
    (openpose(pose_keypoints_2d=[1.0] * 53 + ["x"]), "pose_keypoints_2d has 'x' as number 53"),
    (openpose(pose_keypoints_2d=[1.0] * 53 + [True]), "pose_keypoints_2d has True as number 53"),
    (openpose(pose_keypoints_2d=[1.0] * 53 + [1e300]), r"pose_keypoints_2d has 1e\+300 as number 53"),
    (openpose(pose_keypoints_2d=[1.0] * 53 + [10**400]), "pose_keypoints_2d has 10+… as number 53"),
    ({"instance_info": [{"instances": [], "frame_id": 10**400}]}, "frame 0: frame_id is 10+…"),
    (openpose(hand_left_keypoints_2d=[0.0] * 60), "hand_left_keypoints_2d has 60 numbers, and 63 are needed"),
    (openpose(face_keypoints_2d=[0.0] * 60), "face_keypoints_2d has 60 numbers, and 204 or 210 are needed"),
    ([mmpose(keypoints=[[1, 2]] * 17, scores=[1] * 17)], "keypoint_scores has 133 numbers for 17 points"),
    ([{"keypoints": [[1, 2]] * 17}], "keypoints has 17 points, and 133 or 134 are needed"),
    ([{"keypoints": [[1, 2], [1, 2, 3]]}], "points of 2, 3 numbers, and 2 or 3 are needed"),
    ([{"keypoints": [[1]] * 133}], "points of 1 numbers, and 2 or 3 are needed"),
    ([{"keypoints": [1, 2, 3, 4]}], "keypoints has 4 numbers, which are no triples"),
    ([{"keypoints": "x"}], "keypoints is no list"),
    ([{"keypoints": [[1, None]] * 133}], "keypoints has None as number 1"),
]


@pytest.mark.parametrize(("told", "why"), WRONG)
def test_what_is_wrong_is_told_with_its_place(told: Any, why: str, tmp_path: Path) -> None:
    with pytest.raises(PosesUnreadable, match=why) as caught:
        read(tmp_path, told, size=SIZE)
    assert "'" in caught.value.message  # the file's name
    assert caught.value.mend


@pytest.mark.parametrize("text", ["", "{", "[NaN]", "[Infinity]", "\ud83d", "\xff\xfe\0", "[" * 100_000, "{'a': 1}"])
def test_what_is_no_json(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(PosesUnreadable, match="no JSON"):
        read_keypoints(tmp_path / "a.json", size=SIZE)


def test_files_that_are_absent(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="there is no file"):
        read_keypoints(tmp_path / "absent.json")
    with pytest.raises(PosesUnreadable, match="holds no JSON"):
        read_keypoints(tmp_path)


_NAMES = (
    "people", "frames", "instances", "instance_info", "frame_id", "keypoints", "scores", "keypoint_scores",
    "pose_keypoints_2d", "hand_left_keypoints_2d", "canvas_width", "canvas_height", "width", "height",
)  # fmt: skip
# Not ``recursive``, which looks up its function's lines in this file, and fails where they were edited meanwhile.
_JSON: st.SearchStrategy[Any] = st.deferred(
    lambda: (
        st.none()
        | st.booleans()
        | st.integers(-5, 1 << 70)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text()
        | st.lists(_JSON, max_size=4)
        | st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=4)
    )
)


@given(_JSON)
def test_any_json_is_keypoints_or_an_error(tmp_path_factory: pytest.TempPathFactory, told: Any) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps(told))
    try:
        made = read_keypoints(path, size=SIZE)
    except GreenroomError:
        return
    assert made.frames
    assert all(np.isfinite(frame.points).all() for frame in made.frames)


@given(
    st.sampled_from([18, 25]),
    st.lists(st.tuples(st.floats(-50, 900), st.floats(-50, 900), st.floats(0, 1)), min_size=25, max_size=25),
)
def test_any_body_is_read_as_it_is_written(
    tmp_path_factory: pytest.TempPathFactory, joints: int, rows: list[tuple[float, float, float]]
) -> None:
    rows = rows[:joints]
    told = openpose(pose_keypoints_2d=[value for row in rows for value in row])
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps(told))
    made = read_keypoints(path).frames[0]
    kept = rows if joints == 18 else rows[:8] + rows[9:19]
    for joint, (x, y, score) in enumerate(kept):
        place = [MISSING, MISSING] if np.float32(score) <= 0 else [x / 640, y / 480]
        assert made.points[0, joint] == pytest.approx(place, abs=1e-4)
        assert made.scores[0, joint] == pytest.approx(score, abs=1e-6)
