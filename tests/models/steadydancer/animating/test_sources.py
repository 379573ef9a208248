"""What is given, looked at: pictures, videos of any rate, keypoints, drawn skeletons; and what is refused at once."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from greenroom.errors import FileUnreadable, GreenroomError, InputInvalid
from greenroom.media.video.images import write_image
from greenroom.models.steadydancer.animating.sources import Source, look
from greenroom.models.steadydancer.pose.errors import (
    ColoursReversed,
    DriverTooShort,
    PosesUnreadable,
    SkeletonsUnreadable,
)
from greenroom.models.steadydancer.pose.pictures import Picture
from greenroom.recipes.inputs.steadydancer import AnimateInputs
from tests.media.video.clips import video
from tests.models.steadydancer.tiny import driver_file, keypoint_frames, picture_file, skeleton


def seen(folder: Path, **given: Any) -> Source:
    """Look at a request with a picture of 1184x864 and a video of 12 frames, if nothing else is given."""
    if "picture" not in given:
        given["picture"] = str(picture_file(folder / "me.png", width=1184, height=864))
    if "video" not in given and "keypoints" not in given:
        given["video"] = str(driver_file(folder / "dance.mp4"))
    return look(AnimateInputs.check({"prompt": "", **given}))


def test_a_usual_request(tmp_path: Path) -> None:
    source = seen(tmp_path, video=str(driver_file(tmp_path / "long.mp4", frames=81)))
    assert (source.kind, source.frames, source.seconds, str(source.size)) == ("video", 81, 81 / 16, "896x656")
    assert source.picture.shape == (864, 1184, 3)
    assert source.picture_size == (1184, 864)
    assert source.notes == ()


@pytest.mark.parametrize("rate", [8, 24, 25, 30, 60, 120])
def test_a_driver_of_any_rate_keeps_its_pace(tmp_path: Path, rate: int) -> None:
    source = seen(tmp_path, video=str(driver_file(tmp_path / "fast.mp4", frames=rate, rate=rate)))
    assert source.driving is not None
    assert (source.frames, source.driving.places[0]) == (13, 0)
    assert source.driving.places[8] == rate // 2
    said = f"the driver has {rate} frames a second, and the clip 16: it is as fast as the driver"
    assert said in source.notes


def test_what_is_shorter_or_longer_than_was_asked_is_said(tmp_path: Path) -> None:
    assert any("the clip has 9 frames" in note and "not 81" in note for note in seen(tmp_path).notes)
    long = str(driver_file(tmp_path / "long.mp4", frames=100))
    [note] = seen(tmp_path, video=long).notes
    assert note == (
        "the driver lasts 6.25 s, and its first 5.06 s are taken; ask for more frames, 16 a second: it has enough for"
        " 97"
    )
    [note] = seen(tmp_path, video=long, start=1.0, frames=77).notes
    assert note.startswith(
        "the driver lasts 5.25 s from 1.00 s on, and its first 4.81 s are taken; ask for more frames"
    )
    endless = str(driver_file(tmp_path / "endless.mp4", frames=968, size=(16, 16)))
    [most] = seen(tmp_path, video=endless, frames=961).notes
    assert most == "the driver lasts 60.50 s, and its first 60.06 s are taken"
    assert seen(tmp_path, video=endless, frames=5).notes[0].endswith("it has enough for 961")
    later = seen(tmp_path, video=long, start=1.0, frames=97)
    assert (later.frames, later.start) == (81, Fraction(1))
    with pytest.raises(DriverTooShort, match="the least is 5"):
        seen(tmp_path, video=long, start=6.1)


def test_a_picture_that_is_smaller_than_the_clip_is_enlarged_and_that_is_said(tmp_path: Path) -> None:
    small = str(picture_file(tmp_path / "small.png", width=320, height=240))
    source = seen(tmp_path, picture=small)
    assert str(source.size) == "880x656"
    assert source.notes[0].startswith("the picture is 320x240, and the clip 880x656: it is enlarged")
    with pytest.raises(InputInvalid, match="too narrow"):
        seen(tmp_path, picture=str(picture_file(tmp_path / "line.png", width=20_000, height=2)))


def test_pictures_and_videos_in_the_wrong_place_are_refused(tmp_path: Path) -> None:
    picture, clip = str(picture_file(tmp_path / "me.png")), str(driver_file(tmp_path / "dance.mp4"))
    (tmp_path / "words.txt").write_text("hello")
    for given, error, says in (
        ({"picture": clip, "video": clip}, InputInvalid, "is a video, and the person comes from a picture"),
        ({"picture": picture, "video": picture}, InputInvalid, "is a picture, and movements come from a video"),
        ({"picture": str(tmp_path / "gone.png")}, FileUnreadable, "there is no file"),
        ({"video": str(tmp_path / "gone.mp4")}, FileUnreadable, "there is no file"),
        ({"video": str(tmp_path / "words.txt")}, FileUnreadable, "no video or picture that can be read"),
        ({"picture": str(tmp_path / "words.txt")}, FileUnreadable, "read"),
    ):
        with pytest.raises(error, match=says):
            seen(tmp_path, **given)


def test_a_picture_of_sixteen_bits_with_alpha_is_read(tmp_path: Path) -> None:
    deep = np.full((40, 60, 4), 40_000, np.uint16)
    write_image(tmp_path / "deep.png", deep)
    source = seen(tmp_path, picture=str(tmp_path / "deep.png"))
    assert source.picture.dtype == np.uint8
    assert source.picture.shape == (40, 60, 3)
    assert source.picture[0, 0, 0] == 40_000 >> 8


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_transparency_is_left_out_and_what_becomes_the_background_is_said(tmp_path: Path, kind: Any) -> None:
    most = np.iinfo(kind).max
    picture = np.full((864, 1184, 4), most, kind)
    write_image(tmp_path / "me.png", picture)
    given = {"picture": str(tmp_path / "me.png"), "frames": 9}
    assert seen(tmp_path, **given).notes == ()  # opaque throughout
    picture[:10] = 0, most, 0, most // 2
    write_image(tmp_path / "me.png", picture)
    assert seen(tmp_path, **given).notes == (
        "'me.png' is transparent in places, which is left out: the background becomes #00ff00, as its file holds"
        " there; lay it over a background first for another",
    )
    picture[0, 0] = 0
    write_image(tmp_path / "me.png", picture)
    source = seen(tmp_path, **given)
    assert "the background becomes what its file holds there;" in source.notes[0]
    assert source.picture.shape == (864, 1184, 3)


def test_keypoints_are_a_file_a_folder_or_words(tmp_path: Path) -> None:
    told = keypoint_frames(20)
    (tmp_path / "keys.json").write_text(json.dumps(told))
    (tmp_path / "keys").mkdir()
    for number, frame in enumerate(told["frames"]):
        one = {**frame, "canvas_width": told["canvas_width"], "canvas_height": told["canvas_height"]}
        (tmp_path / "keys" / f"{number}.json").write_text(json.dumps(one))
    for given in (
        {"video": str(tmp_path / "keys.json")},
        {"video": str(tmp_path / "keys")},
        {"keypoints": json.dumps(told)},
    ):
        source = seen(tmp_path, **given)
        assert (source.kind, source.frames, source.reader) == ("keypoints", 17, None)
    assert seen(tmp_path, keypoints=json.dumps(told), keypoints_fps=32).frames == 9
    with pytest.raises(PosesUnreadable, match="'keypoints' is no JSON"):
        seen(tmp_path, keypoints="not json")


def test_keypoints_beside_a_video_have_its_times_and_sound(tmp_path: Path) -> None:
    clip = str(driver_file(tmp_path / "fast.mp4", frames=32, rate=32))
    source = seen(tmp_path, video=clip, keypoints=json.dumps(keypoint_frames(32)))
    assert (source.kind, source.frames) == ("keypoints", 13)
    assert source.driving is not None
    assert source.driving.places[:4] == (0, 2, 4, 6)
    assert source.reader is not None
    with pytest.raises(PosesUnreadable, match=r"keypoints have 31 frames, and .*fast.mp4' has 32"):
        seen(tmp_path, video=clip, keypoints=json.dumps(keypoint_frames(31)))


def clip_of(path: Path, drawn: Picture, frames: int = 9) -> str:
    """A video of one skeleton."""
    height, width = drawn.shape[:2]
    return str(video(path, frames=frames, rate=Fraction(16), size=(width, height), draw=lambda _: drawn))


def test_drawn_skeletons_are_a_video_or_a_folder(tmp_path: Path) -> None:
    drawn = skeleton()
    source = seen(tmp_path, video=clip_of(tmp_path / "drawn.mp4", drawn), shows="skeletons")
    assert (source.kind, source.frames) == ("skeletons", 9)
    assert source.driving is not None
    (tmp_path / "frames").mkdir()
    for number in range(6):
        write_image(tmp_path / "frames" / f"{number:04d}.png", drawn)
    folder = seen(tmp_path, video=str(tmp_path / "frames"))
    assert (folder.kind, folder.frames, folder.reader) == ("skeletons", 5, None)
    other = clip_of(tmp_path / "wrong.mp4", drawn)
    pair = seen(tmp_path, video=clip_of(tmp_path / "drawn.mp4", drawn), shows="skeletons", negative_video=other)
    assert pair.ready_negative is not None


def test_drawn_skeletons_that_are_shorter_or_longer_than_was_asked_are_told_of(tmp_path: Path) -> None:
    drawn = skeleton()
    clip = clip_of(tmp_path / "drawn.mp4", drawn, 12)
    (tmp_path / "frames").mkdir()
    for number in range(11):
        write_image(tmp_path / "frames" / f"{number:04d}.png", drawn)
    folder = str(tmp_path / "frames")
    for given, notes in (
        ({"video": clip}, ["the driver lasts 0.75 s: the clip has 9 frames, 0.56 s, and not 81"]),
        ({"video": folder}, ["the driver lasts 0.69 s: the clip has 9 frames, 0.56 s, and not 81"]),
        ({"video": folder, "frames": 9}, []),
        (
            {"video": folder, "frames": 5},
            [
                "the driver lasts 0.69 s, and its first 0.31 s are taken; ask for more frames, 16 a second: it has"
                " enough for 9"
            ],
        ),
    ):
        told = seen(tmp_path, shows="skeletons", **given).notes
        assert list(told) == notes
    height, width = drawn.shape[:2]
    fast = video(tmp_path / "fast.mp4", frames=32, rate=Fraction(32), size=(width, height), draw=lambda _: drawn)
    assert any("has 32 frames a second" in note for note in seen(tmp_path, video=str(fast), shows="skeletons").notes)


def test_skeletons_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    drawn = skeleton()
    swapped = clip_of(tmp_path / "swapped.mp4", np.ascontiguousarray(drawn[..., ::-1]))
    right = clip_of(tmp_path / "right.mp4", drawn)
    cases: list[tuple[dict[str, Any], type[GreenroomError], str]] = [
        ({"video": swapped}, ColoursReversed, "red, and the model knows it blue"),
        ({"video": str(driver_file(tmp_path / "dance.mp4"))}, SkeletonsUnreadable, "shows no skeletons on black"),
        ({"video": right, "start": 0.1}, InputInvalid, "taken from their first frame on"),
        (
            {"video": right, "negative_video": clip_of(tmp_path / "short.mp4", drawn, 5)},
            InputInvalid,
            "the frames of",
        ),
    ]
    for given, error, says in cases:
        with pytest.raises(error, match=says):
            seen(tmp_path, shows="skeletons", **given)
    assert seen(tmp_path, video=swapped, shows="skeletons", skeleton_colours="reversed").frames == 9


@pytest.mark.parametrize("shows", ["person", "skeletons"])
def test_a_folder_that_may_not_be_looked_into_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shows: str
) -> None:
    def refused(_: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    picture = str(picture_file(tmp_path / "me.png"))
    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(Path, "iterdir", refused)  # whoever runs the tests may have every right
    with pytest.raises(FileUnreadable, match="closed' cannot be read: Permission denied") as caught:
        seen(tmp_path, picture=picture, video=str(tmp_path / "closed"), shows=shows)
    assert caught.value.mend == "check its rights"
