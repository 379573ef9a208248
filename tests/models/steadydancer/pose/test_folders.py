"""A folder that may not be looked into is an error with a name, whatever it is given as."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from greenroom.errors import FileUnreadable
from greenroom.models.steadydancer.animating.sources import look
from greenroom.models.steadydancer.pose.folders import in_folder
from greenroom.models.steadydancer.pose.keypoint_files import read_keypoints
from greenroom.models.steadydancer.pose.ready import ready_clip
from greenroom.recipes.inputs.steadydancer import AnimateInputs
from tests.models.steadydancer.tiny import picture_file


def looked_at(folder: Path) -> None:
    picture = picture_file(folder.parent / "me.png")
    look(AnimateInputs.check({"picture": str(picture), "video": str(folder), "prompt": ""}))


def test_what_lies_there_is_in_order_and_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b.json", "a.png", ".c"):
        (tmp_path / name).touch()
    assert [path.name for path in in_folder(tmp_path)] == ["a.png", "b.json"]


@pytest.mark.parametrize("asked", [in_folder, read_keypoints, ready_clip, looked_at])
def test_a_folder_without_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Callable[[Path], object]
) -> None:
    def refused(_: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(Path, "iterdir", refused)  # whoever runs the tests may have every right
    with pytest.raises(FileUnreadable, match="closed' cannot be read: Permission denied") as caught:
        asked(tmp_path / "closed")
    assert caught.value.mend == "check its rights"
