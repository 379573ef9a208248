"""A motion is two clips of pictures, whatever it is made from."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from greenroom.errors import InputInvalid
from greenroom.media.video.images import write_image
from greenroom.media.video.reading import VideoReader
from greenroom.models.steadydancer.pose.aligning import aligned
from greenroom.models.steadydancer.pose.colours import order_of
from greenroom.models.steadydancer.pose.driving import distinct, driving_of, frames_of, size_of
from greenroom.models.steadydancer.pose.motion import Motion, drawn_motion, ready_motion
from greenroom.models.steadydancer.pose.persons import Choice
from greenroom.models.steadydancer.pose.preview import preview
from greenroom.models.steadydancer.pose.ready import ready_clip
from tests.media.video.clips import video
from tests.models.steadydancer.pose.bodies import finder, scene, standing, walking

ALIGNED = aligned(standing(width=64, height=96), walking(5))


def written(folder: Path, motion: Motion, *, negative: bool = False) -> Path:
    folder.mkdir()
    clip = motion.negative if negative else motion.positive
    assert clip is not None
    for number, picture in enumerate(clip()):
        write_image(folder / f"{number:04d}.png", picture)
    return folder


def test_drawn_skeletons_have_negative_ones_of_a_seed() -> None:
    motion, again, other = drawn_motion(ALIGNED, 1), drawn_motion(ALIGNED, 1), drawn_motion(ALIGNED, 2)
    assert (motion.frames, motion.width, motion.height) == (5, 128, 192)
    for one in (motion, again, other):
        assert one.negative is not None
    clips = [np.stack(list(one.negative())) for one in (motion, again, other) if one.negative is not None]
    assert (clips[0] == clips[1]).all()
    assert (clips[0] != clips[2]).any()
    positive = np.stack(list(motion.positive()))
    assert positive.shape == (5, 192, 128, 3)
    assert (positive != clips[0]).any()
    assert (positive == np.stack(list(motion.positive()))).all()


def test_ready_skeletons_may_lack_the_negative_ones(tmp_path: Path) -> None:
    positive = ready_clip(written(tmp_path / "positive", drawn_motion(ALIGNED, 1)), colours="ours")
    motion = ready_motion(positive)
    assert motion.negative is None
    assert [finding.code for finding in motion.findings] == ["negative-skeletons-missing"]


def test_ready_skeletons_come_back_as_they_were_drawn(tmp_path: Path) -> None:
    made = drawn_motion(ALIGNED, 1)
    folders = written(tmp_path / "positive", made), written(tmp_path / "negative", made, negative=True)
    motion = ready_motion(*(ready_clip(folder, colours="ours") for folder in folders))
    assert motion.findings == ()
    assert motion.negative is not None
    assert made.negative is not None
    for ours, theirs in ((motion.positive, made.positive), (motion.negative, made.negative)):
        assert (np.stack(list(ours())) == np.stack(list(theirs()))).all()


def test_clips_that_are_no_pair_are_refused(tmp_path: Path) -> None:
    positive = ready_clip(written(tmp_path / "a", drawn_motion(ALIGNED, 1)), colours="ours")
    longer = aligned(standing(width=64, height=96), walking(9))
    negative = ready_clip(written(tmp_path / "b", drawn_motion(longer, 1)), colours="ours")
    with pytest.raises(InputInvalid, match="the frames"):
        ready_motion(positive, negative)


def test_a_video_and_a_picture_become_a_motion(tmp_path: Path) -> None:
    """The whole way: frames by time, people, points, alignment, pictures, and a preview."""
    path = video(
        tmp_path / "a.mkv", codec="ffv1", frames=16, rate=Fraction(30), size=(128, 128), pixel_format="bgr0",
        draw=lambda number: scene((0, 0), (1, 1)) if number != 6 else scene((1, 1)),
    )  # fmt: skip
    networks, reader = finder(tmp_path), VideoReader(path)
    chosen = driving_of(reader.facts, frames=5)
    _, places = distinct(chosen)
    frames = frames_of(reader, chosen)
    driver = networks.in_clip(frames, size_of(reader.facts), Choice("number", number=1), places=places)
    assert driver.poses.missing == (3,)  # 3/16 s is nearest to 6/30 s
    picture = scene((1, 0))
    reference = networks.in_picture(picture)
    fitted = aligned(reference.poses, driver.poses)
    motion = drawn_motion(fitted, 5)
    assert (motion.frames, motion.width, motion.height) == (5, 1536, 1536)
    clip = list(motion.positive())
    assert [bool(one.any()) for one in clip] == [number != 3 for number in range(5)]
    assert order_of(clip[:1]) == "unknown"  # people's heads are above these pictures
    made = preview(picture, reference, driver, fitted)
    assert [finding.code for finding in made.findings] == ["person-lost"]
