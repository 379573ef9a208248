"""Names of results: an ending that is missing is added and said, one that cannot be written is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from greenroom.errors import InputInvalid, OutputUnwritable
from greenroom.models.steadydancer.animating.places import clip_place, preview_place
from greenroom.recipes.inputs.steadydancer import AnimateInputs


def inputs(folder: Path) -> AnimateInputs:
    return AnimateInputs(picture=str(folder / "me.png"), video=str(folder / "dance.mp4"), prompt="")


def test_an_ending_is_added_and_said(tmp_path: Path) -> None:
    asked = inputs(tmp_path)
    assert clip_place(tmp_path / "out", asked) == (
        tmp_path / "out.mp4",
        (f"-o '{tmp_path}/out' has no ending: the file is '{tmp_path}/out.mp4'",),
    )
    # A timestamp behind the ending, as the original's own example has it, is none that is known.
    with pytest.raises(InputInvalid, match="has an ending that cannot be written"):
        clip_place(tmp_path / "out.mp4.20250101_120000", asked)
    assert preview_place(tmp_path / "look", asked)[0] == tmp_path / "look.png"


@pytest.mark.parametrize("ending", [".mp4", ".MOV", ".mkv", ".webm"])
def test_these_are_as_they_are_named(tmp_path: Path, ending: str) -> None:
    place = tmp_path / f"out{ending}"
    assert clip_place(place, inputs(tmp_path)) == (place, ())


def test_what_is_no_place_for_a_clip_is_refused(tmp_path: Path) -> None:
    asked = inputs(tmp_path)
    (tmp_path / "folder.mp4").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "dance.mp4").touch()
    (tmp_path / "same.mp4").symlink_to(tmp_path / "dance.mp4")
    for name, error in (
        ("out.gif", InputInvalid),
        ("folder.mp4", OutputUnwritable),
        ("pipe.mp4", OutputUnwritable),
        ("dance.mp4", InputInvalid),
        ("same.mp4", InputInvalid),
    ):
        with pytest.raises(error):
            clip_place(tmp_path / name, asked)
    for name in ("look.jpg", "me.png"):
        with pytest.raises(InputInvalid):
            preview_place(tmp_path / name, asked)
