"""A motion is two clips of pictures that come back as they were drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from greenroom.errors import InputInvalid
from greenroom.media.video.images import write_image
from greenroom.media.video.reading import VideoReader
from greenroom.models.steadydancer.pose.aligning import aligned
from greenroom.models.steadydancer.pose.colours import order_of
from greenroom.models.steadydancer.pose.drawing import pictures
from greenroom.models.steadydancer.pose.driving import distinct, driving_of, frames_of, size_of
from greenroom.models.steadydancer.pose.motion import ready_motion
from greenroom.models.steadydancer.pose.negative import negative
from greenroom.models.steadydancer.pose.persons import Choice
from greenroom.models.steadydancer.pose.pictures import Picture
from greenroom.models.steadydancer.pose.preview import preview
from greenroom.models.steadydancer.pose.ready import ready_clip
from tests.media.video.clips import video
from tests.models.steadydancer.pose.bodies import finder, scene, standing, walking

ALIGNED = aligned(standing(width=64, height=96), walking(5))
WRONG = replace(ALIGNED, skeletons=negative(ALIGNED.skeletons, 1))


def written(folder: Path, clip: Iterable[Picture]) -> Path:
    folder.mkdir()
    for number, picture in enumerate(clip):
        write_image(folder / f"{number:04d}.png", picture)
    return folder


def test_ready_skeletons_may_lack_the_negative_ones(tmp_path: Path) -> None:
    positive = ready_clip(written(tmp_path / "positive", pictures(ALIGNED)), colours="ours")
    motion = ready_motion(positive)
    assert motion.negative is None
    assert [finding.code for finding in motion.findings] == ["negative-skeletons-missing"]


def test_ready_skeletons_come_back_as_they_were_drawn(tmp_path: Path) -> None:
    folders = written(tmp_path / "positive", pictures(ALIGNED)), written(tmp_path / "negative", pictures(WRONG))
    motion = ready_motion(*(ready_clip(folder, colours="ours") for folder in folders))
    assert motion.findings == ()
    assert (motion.frames, motion.width, motion.height) == (5, 128, 192)
    assert motion.negative is not None
    for ours, theirs in ((motion.positive, ALIGNED), (motion.negative, WRONG)):
        for _ in range(2):  # as often as they are asked
            assert (np.stack(list(ours())) == np.stack(list(pictures(theirs)))).all()


def test_clips_that_are_no_pair_are_refused(tmp_path: Path) -> None:
    positive = ready_clip(written(tmp_path / "a", pictures(ALIGNED)), colours="ours")
    longer = aligned(standing(width=64, height=96), walking(9))
    negative = ready_clip(written(tmp_path / "b", pictures(longer)), colours="ours")
    with pytest.raises(InputInvalid, match="the frames"):
        ready_motion(positive, negative)


def test_a_video_and_a_picture_become_skeletons(tmp_path: Path) -> None:
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
    clip = list(pictures(fitted))
    assert np.stack(clip).shape == (5, 1536, 1536, 3)
    assert [bool(one.any()) for one in clip] == [number != 3 for number in range(5)]
    assert order_of(clip[:1]) == "unknown"  # people's heads are above these pictures
    made = preview(picture, reference, driver, fitted)
    assert [finding.code for finding in made.findings] == ["person-lost"]
