"""What is looked at of a video: real files, read once and no further than they are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from greenroom.media.video.reading import Frame, VideoReader
from greenroom.models.foley.watching.cadence import picked
from greenroom.models.foley.watching.lengths import ClipTooShort
from greenroom.models.foley.watching.pictures import look
from greenroom.models.foley.watching.preprocess import centred, squashed
from tests.media.video.clips import video
from tests.models.foley.media_parts import frames_at


def test_a_file_is_looked_at_at_both_rates(tmp_path: Path) -> None:
    reader = VideoReader(video(tmp_path / "clip.mp4", frames=30, rate=Fraction(30)))
    seen = look(reader.frames())
    decoded = torch.stack([torch.from_numpy(frame.pixels) for frame in reader.frames()]).permute(0, 3, 1, 2)
    times = [float(reader.facts.time(number)) for number in range(30)]
    assert torch.equal(seen.pictures, squashed(decoded)[picked(times, 8)])
    assert torch.equal(seen.frames, centred(decoded)[picked(times, 25)])
    assert (len(seen.pictures), len(seen.frames)) == (8, 25)


def test_a_turned_video_is_seen_as_it_is_shown(tmp_path: Path) -> None:
    upright = look(VideoReader(video(tmp_path / "a.mp4", frames=20)).frames())
    turned = look(VideoReader(video(tmp_path / "b.mp4", frames=20, turn=(90, False, False))).frames())
    assert not torch.equal(turned.frames, upright.frames)
    off = (turned.frames.rot90(-1, (2, 3)).int() - upright.frames.int()).abs()
    assert off.float().mean() < 3  # the other way round is 20 and more


def test_nothing_behind_the_fifteenth_second_is_read() -> None:
    def endless() -> Iterator[Frame]:
        yield from frames_at([Fraction(number, 10) for number in range(152)])
        pytest.fail("read on")

    seen = look(endless())
    assert (len(seen.pictures), len(seen.frames)) == (121, 376)
    assert int(seen.frames[-1].max()) == 150


def test_a_frame_that_is_repeated_is_the_same() -> None:
    seen = look(frames_at([0, 0.5, 1]))
    assert seen.frames[:, 0, 0, 0].tolist() == [0] + [1] * 12 + [2] * (len(seen.frames) - 13)


def numbers(frames: Tensor) -> list[int]:
    """Of the frames of ``frames_at``."""
    return frames[:, 0, 0, 0].tolist()


def test_an_exact_clip_is_looked_at_until_it_ends() -> None:
    """The original would look at 199 frames of these, one of them twice."""
    times = [Fraction(number, 25) for number in range(200)]
    seen = look(frames_at(times), exact=True)
    assert numbers(seen.frames) == [*range(200)]
    assert len(seen.pictures) == 64
    assert seen.end == 8
    assert look(frames_at(times)).end is None


def test_a_last_picture_is_held_for_as_long_as_it_is_shown() -> None:
    """It may begin between two of a stream's frames, and is looked at all the same."""
    frames = [*frames_at([Fraction(0), Fraction(1, 10)])]
    last = replace(frames[-1], duration=Fraction(19, 10))
    seen = look([frames[0], last], exact=True)
    assert seen.end == 2
    assert numbers(seen.frames) == [0] + [1] * 49
    assert numbers(seen.pictures) == [0] + [1] * 15


def test_an_exact_clip_is_looked_at_for_fifteen_seconds() -> None:
    times = [Fraction(number, 10) for number in range(200)]
    seen = look(frames_at(times), exact=True)
    assert (len(seen.pictures), len(seen.frames)) == (120, 375)
    assert seen.end == 15
    long = replace(next(frames_at([Fraction(0)])), duration=Fraction(60))
    assert look([long], exact=True).end == 15


def test_white_of_sixteen_bits_is_that_of_eight() -> None:
    """And so is every level, to the nearest."""
    levels = np.arange(256)
    values = np.concatenate([levels[:-1] * 257 + 128, levels * 257, levels[1:] * 257 - 128]).astype(np.uint16)
    frames = [
        Frame(np.full((8, 8, 3), value, np.uint16), number, Fraction(number, 60), Fraction(1, 60))
        for number, value in enumerate(values)
    ]
    picked_values = values[picked([float(frame.time) for frame in frames], 25)]
    assert look(frames).frames[:, 0, 0, 0].tolist() == np.round(picked_values / 257).astype(int).tolist()


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("count", [0, 1, 16])
def test_a_clip_that_is_too_short_is_refused(count: int, exact: bool) -> None:
    with pytest.raises(ClipTooShort):
        look(frames_at([Fraction(number, 30) for number in range(count)]), exact=exact)
