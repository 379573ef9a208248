"""Pictures to look at: what they show, as far as pixels tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greenroom.media.video.images import read_image, write_image
from greenroom.models.steadydancer.animating.animated import PreviewResult
from greenroom.models.steadydancer.animating.previewing import preview_of
from greenroom.recipes.inputs.steadydancer import AnimateInputs
from tests.models.steadydancer.tiny import driver_file, picture_file, pose_files, skeleton, small_sizes


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    small_sizes(monkeypatch)


def looked(folder: Path, **more: Any) -> PreviewResult:
    asked = {"picture": str(picture_file(folder / "me.png", width=192, height=128)), "prompt": "", **more}
    return preview_of(AnimateInputs.check(asked), folder / "look.png", lambda: pose_files().load("cpu"), ("terms",))


def test_people_are_numbered_in_the_picture_and_in_the_first_frame(tmp_path: Path) -> None:
    result = looked(tmp_path, video=str(driver_file(tmp_path / "two.mp4", 0, 1)), start=0.1)
    assert [path.name for path in result.pictures] == ["look.png", "look-frames.png", "look-people.png"]
    assert (result.terms, result.size, result.frames) == (("terms",), "64x48", 9)
    people = read_image(result.pictures[2])
    assert people.shape[:2] == (768, 768 * 192 // 128 + 8 + 768)
    assert result.findings[0].code == "several-people"
    assert result.facts["preview"] is True
    assert str(tmp_path) not in str(result.facts)


def test_drawn_skeletons_are_laid_over_the_picture(tmp_path: Path) -> None:
    (tmp_path / "drawn").mkdir()
    for number in range(5):
        write_image(tmp_path / "drawn" / f"{number}.png", skeleton())
    result = looked(tmp_path, video=str(tmp_path / "drawn"))
    [only] = result.pictures
    shown = read_image(only)
    assert shown.shape == (512, 768, 3)
    assert shown[..., 2].max() > 200  # of limbs; the picture has red and grey
    assert [one.code for one in result.findings] == ["negative-skeletons-missing"]
    assert result.posed == {"ratios": None, "people": {}}
