"""Ready skeletons: the original's folders, videos, and the order of their colours."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from greenroom.errors import FileUnreadable, InputInvalid
from greenroom.media.video.images import write_image
from greenroom.models.steadydancer.pose.aligning import aligned
from greenroom.models.steadydancer.pose.drawing import pictures
from greenroom.models.steadydancer.pose.errors import ColoursReversed, DriverTooShort, SkeletonsUnreadable
from greenroom.models.steadydancer.pose.pictures import Picture
from greenroom.models.steadydancer.pose.ready import ready_clip, require_pair
from tests.media.video.clips import video
from tests.models.steadydancer.pose.bodies import standing, walking

CLIP = tuple(pictures(aligned(standing(width=160, height=224), walking(13))))


def folder(at: Path, clip: tuple[Picture, ...] = CLIP, *, first: int = 0, suffix: str = ".png") -> Path:
    at.mkdir()
    for number, picture in enumerate(clip, first):
        write_image(at / f"{number:04d}{suffix}", picture)
    return at


def swapped(clip: tuple[Picture, ...] = CLIP) -> tuple[Picture, ...]:
    return tuple(np.ascontiguousarray(picture[..., ::-1]) for picture in clip)


def test_the_originals_folder(tmp_path: Path) -> None:
    clip = ready_clip(folder(tmp_path / "positive"))
    assert (clip.frames, clip.width, clip.height, clip.findings) == (13, 320, 448, ())
    for _ in range(2):  # as often as it is asked
        shown = list(clip.pictures())
        assert len(shown) == 13
        assert all((one == other).all() for one, other in zip(shown, CLIP, strict=True))


def test_jpegs_as_the_original_writes_them(tmp_path: Path) -> None:
    clip = ready_clip(folder(tmp_path / "positive", CLIP[:5], suffix=".jpg"))
    shown = next(clip.pictures())
    assert np.abs(shown.astype(int) - CLIP[0].astype(int)).mean() < 2


def test_the_longest_4n_plus_1_is_taken(tmp_path: Path) -> None:
    at = folder(tmp_path / "positive", CLIP[:12])
    assert ready_clip(at).frames == 9
    assert ready_clip(at, frames=8).frames == 5
    assert len(list(ready_clip(at).pictures())) == 9


def test_numbers_may_begin_at_1_and_have_no_gap(tmp_path: Path) -> None:
    assert ready_clip(folder(tmp_path / "a", CLIP[:5], first=1)).frames == 5
    with pytest.raises(SkeletonsUnreadable, match="has 5 pictures from number 3 on, and 2 is absent"):
        ready_clip(folder(tmp_path / "b", CLIP[:5], first=3))
    at = folder(tmp_path / "c", CLIP[:9])
    (at / "0004.png").unlink()
    with pytest.raises(SkeletonsUnreadable, match="has 8 pictures from number 0 on, and 4 is absent"):
        ready_clip(at)
    write_image(at / "0004.jpg", CLIP[4])
    write_image(at / "4.png", CLIP[4])
    with pytest.raises(SkeletonsUnreadable, match="two pictures of number 4"):
        ready_clip(at)


def test_what_is_no_numbered_picture_is_left_out(tmp_path: Path) -> None:
    at = folder(tmp_path / "a", CLIP[:5])
    (at / "readme.txt").write_text("x")
    (at / "cover.png").write_bytes(b"x")
    assert ready_clip(at).frames == 5
    (tmp_path / "none").mkdir()
    with pytest.raises(SkeletonsUnreadable, match="no pictures by number"):
        ready_clip(tmp_path / "none")
    with pytest.raises(SkeletonsUnreadable, match="has 4 pictures; the least is 5"):
        ready_clip(folder(tmp_path / "b", CLIP[:4]))


def test_a_picture_of_another_size_is_named(tmp_path: Path) -> None:
    at = folder(tmp_path / "a", CLIP[:5])
    write_image(at / "0003.png", CLIP[3][:-2])
    with pytest.raises(SkeletonsUnreadable, match=r"frame 3 of .* is 320x446, and those before it are 320x448"):
        ready_clip(at)


def test_reversed_colours_are_refused_or_swapped(tmp_path: Path) -> None:
    at = folder(tmp_path / "a", swapped()[:5])
    with pytest.raises(ColoursReversed, match="has the limb to the right shoulder red") as caught:
        ready_clip(at)
    assert "swapped" in caught.value.mend
    assert (next(ready_clip(at, colours="reversed").pictures()) == CLIP[0]).all()
    assert (next(ready_clip(at, colours="ours").pictures()) == swapped()[0]).all()  # believed


def test_colours_that_nobody_can_tell_are_told_of(tmp_path: Path) -> None:
    clip = ready_clip(folder(tmp_path / "a", tuple(np.zeros_like(picture) for picture in CLIP[:5])))
    assert [finding.code for finding in clip.findings] == ["skeleton-colours-unknown"]


def test_a_video_of_people_is_no_clip_of_skeletons(tmp_path: Path) -> None:
    with pytest.raises(SkeletonsUnreadable, match="shows no skeletons on black: 0 % of a frame is black"):
        ready_clip(video(tmp_path / "a.mp4", frames=25))


def test_a_video_is_taken_at_16_frames_a_second(tmp_path: Path) -> None:
    path = video(
        tmp_path / "a.mkv", codec="ffv1", frames=13, rate=Fraction(8), size=(320, 448), pixel_format="bgr0",
        draw=lambda number: CLIP[number],
    )  # fmt: skip
    clip = ready_clip(path)
    assert clip.frames == 25
    shown = list(clip.pictures())
    assert len(shown) == 25
    places = [0, 0, 1, 1, 2, 2, 3]
    assert all((shown[frame] == CLIP[place]).all() for frame, place in enumerate(places))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        ready_clip(tmp_path / "absent.mp4")
    short = video(
        tmp_path / "b.mkv", codec="ffv1", frames=2, rate=Fraction(16), size=(320, 448), pixel_format="bgr0",
        draw=lambda number: CLIP[number],
    )  # fmt: skip
    with pytest.raises(DriverTooShort):
        ready_clip(short)


def test_a_pair_is_alike(tmp_path: Path) -> None:
    positive = ready_clip(folder(tmp_path / "a", CLIP[:9]))
    require_pair(positive, positive)
    with pytest.raises(InputInvalid, match=r"the frames of .*, the negative skeletons, is 5, and of the others 9"):
        require_pair(positive, ready_clip(folder(tmp_path / "b", CLIP[:5])))
    smaller = tuple(picture[:-2] for picture in CLIP[:9])
    with pytest.raises(InputInvalid, match=r"the size of .* is 320x446"):
        require_pair(positive, ready_clip(folder(tmp_path / "c", smaller)))
