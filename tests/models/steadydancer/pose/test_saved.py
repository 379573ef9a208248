"""Poses are found once: what is saved comes back, and what is broken is refused."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.steadydancer.pose.errors import PosesUnreadable
from greenroom.models.steadydancer.pose.saved import SavedPoses, load, save
from tests.models.steadydancer.pose.bodies import walking

NETWORKS = {"the person detector": "a" * 64, "the keypoint network": "b" * 64}


def written(path: Path, **changes: Any) -> Path:
    """A file of which something is other than it was saved."""
    save(path, SavedPoses(walking(3), NETWORKS))
    with np.load(path) as archive:
        arrays = dict(archive)
    told = json.loads(arrays["header"].tobytes())
    for name, value in changes.items():
        if name in arrays:
            arrays[name] = value
        else:
            told[name] = value
    arrays["header"] = np.frombuffer(json.dumps(told).encode(), np.uint8)
    file = io.BytesIO()
    np.savez(file, **arrays)
    path.write_bytes(file.getvalue())
    return path


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    poses = walking(5)
    save(tmp_path / "a.poses.npz", SavedPoses(poses, NETWORKS))
    back = load(tmp_path / "a.poses.npz")
    assert (back.poses.points == poses.points).all()
    assert (back.poses.scores == poses.scores).all()
    assert (back.poses.width, back.poses.height) == (360, 640)
    assert back.networks == NETWORKS


def test_81_frames_are_a_small_file(tmp_path: Path) -> None:
    save(tmp_path / "a.poses.npz", SavedPoses(walking(81), NETWORKS))
    assert (tmp_path / "a.poses.npz").stat().st_size < 150_000


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": 2}, "version 2 of the format, and 1 is known"),
        ({"kind": "other"}, "no poses of greenroom"),
        ({"width": 0}, "header"),
        ({"height": "tall"}, "header"),
        ({"networks": 5}, "header"),
        ({"points": np.zeros((3, 133, 2), np.float32)}, r"points \[3, 133, 2\]"),
        ({"points": np.zeros((3, 134, 2), np.float64)}, "points of float64"),
        ({"points": np.full((3, 134, 2), np.nan, np.float32)}, "no numbers"),
        ({"points": np.zeros((0, 134, 2), np.float32), "scores": np.zeros((0, 134), np.float32)}, r"points \[0"),
        ({"scores": np.zeros((2, 134), np.float32)}, r"scores \[2, 134\]"),
        ({"scores": np.zeros(5, np.float32)}, "no file of poses"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], why: str, tmp_path: Path) -> None:
    with pytest.raises(PosesUnreadable, match=why) as caught:
        load(written(tmp_path / "a.poses.npz", **changes))
    assert caught.value.mend == "find the poses again"


def test_an_absent_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(PosesUnreadable, match="absent"):
        load(tmp_path / "absent")
    with pytest.raises(PosesUnreadable, match="directory"):
        load(tmp_path)


def test_a_file_that_grows_beyond_measure_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.poses.npz", "w", zipfile.ZIP_DEFLATED) as members:
        for name in ("header.npy", "points.npy"):
            members.writestr(name, bytes(1 << 27))
        members.writestr("scores.npy", b"x")
    with pytest.raises(PosesUnreadable, match="too large"):
        load(tmp_path / "a.poses.npz")


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    path = written(tmp_path / "a.poses.npz", points=np.asarray([Trap(tmp_path / "sprung")], object))
    with pytest.raises(PosesUnreadable):
        load(path)
    assert not (tmp_path / "sprung").exists()


class Trap:
    """What makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.mkdir, (self.path,)


@given(st.data())
def test_any_damage_is_an_error_or_nothing(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("poses") / "a.poses.npz"
    save(path, SavedPoses(walking(2), NETWORKS))
    whole = bytearray(path.read_bytes())
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=4)):
        whole[place] = value
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(PosesUnreadable):
        assert len(load(path).poses) == 2
