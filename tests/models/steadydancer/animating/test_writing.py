"""Frames into files: as many as the clip has, or none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.media.video.facts import read_facts
from greenroom.models.steadydancer.animating.sources import Source, look
from greenroom.models.steadydancer.animating.writing import FramesMissing, Heard, heard_of, write_clip
from greenroom.progress import silent
from greenroom.recipes.inputs.steadydancer import AnimateInputs
from tests.models.steadydancer.tiny import driver_file, picture_file, small_sizes


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """Of 9 frames."""
    small_sizes(monkeypatch)
    picture, video = picture_file(tmp_path / "me.png"), driver_file(tmp_path / "dance.mp4")
    return look(AnimateInputs(picture=str(picture), video=str(video), prompt=""))


def frames(*counts: int) -> Iterator[NDArray[np.uint8]]:
    for count in counts:
        yield np.full((count, 64, 64, 3), 90, np.uint8)


def test_frames_come_some_at_a_time(tmp_path: Path, source: Source) -> None:
    place = tmp_path / "out.mp4"
    assert write_clip(frames(1, 4, 4), source, Heard(), place, "good", tmp_path, silent) == ()
    facts = read_facts(place)
    assert facts.frames == 9
    assert facts.timeline.constant == 16


@pytest.mark.parametrize("counts", [(1, 4), (1, 4, 4, 1)])
def test_another_number_of_frames_leaves_no_file(tmp_path: Path, source: Source, counts: tuple[int, ...]) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FramesMissing, match="the clip has 9"):
        write_clip(frames(*counts), source, Heard(), tmp_path / "out.mp4", "good", tmp_path, silent)
    assert sorted(tmp_path.iterdir()) == before


def test_a_silent_driver_has_nothing_to_be_heard(source: Source) -> None:
    for wanted in (True, False):
        heard = heard_of(source, wanted=wanted)
        assert (heard.audio, heard.notes) == (None, ())
