"""Other sound under the same pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from greenroom.errors import UnknownName
from greenroom.media.audio import Audio
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.facts import read_facts
from greenroom.media.video.soundtrack import replace_sound
from tests.media.video.clips import click_at, planes_of, times_of, video, with_sound

RATE = 44_100


def click(at: float, seconds: float = 1.0, channels: int = 2) -> Audio:
    samples = np.zeros((channels, int(RATE * seconds)), np.float32)
    samples[:, int(at * RATE) : int(at * RATE) + 64] = 0.9
    return Audio(samples, RATE)


@pytest.mark.parametrize(("source", "target"), [("mp4", "mp4"), ("mp4", "mkv"), ("mkv", "mov"), ("ts", "mp4")])
@pytest.mark.parametrize("channels", [1, 2])
def test_pictures_stay_and_the_new_sound_is_in_time(tmp_path: Path, source: str, target: str, channels: int) -> None:
    path = with_sound(tmp_path / f"in.{source}", tracks=2)
    facts = read_facts(path)
    out = tmp_path / f"out.{target}"
    notes = replace_sound(facts, click(0.7, channels=channels), out)
    assert not [note for note in notes if "milliseconds" not in note]
    assert planes_of(out) == planes_of(path)
    assert [round(time * 1000) for time in times_of(out)] == [
        round(time * 1000 - facts.origin * 1000) for time in times_of(path)
    ]
    assert click_at(out) == pytest.approx(0.7, abs=0.004)
    written = read_facts(out)
    assert [track.kind for track in written.tracks] == ["audio"]
    assert [chapter.title for chapter in written.chapters] == [chapter.title for chapter in facts.chapters]


def test_rotation_and_uneven_times_stay(tmp_path: Path) -> None:
    times = [0, 512, 3000, 3001, 9000]
    facts = read_facts(video(tmp_path / "in.mp4", times=times, turn=(90, True, False)))
    replace_sound(facts, click(0.2), tmp_path / "out.mp4")
    written = read_facts(tmp_path / "out.mp4")
    assert [written.time(number) for number in range(5)] == [Fraction(time, 12_800) for time in times]
    assert written.orientation == facts.orientation


def test_sound_may_be_longer_than_the_pictures(tmp_path: Path) -> None:
    facts = read_facts(video(tmp_path / "in.mp4"))
    replace_sound(facts, click(2.5, seconds=3.0), tmp_path / "out.mp4")
    assert click_at(tmp_path / "out.mp4") == pytest.approx(2.5, abs=0.004)


def test_what_a_container_does_not_hold_is_refused(tmp_path: Path) -> None:
    facts = read_facts(video(tmp_path / "in.mp4"))
    with pytest.raises(EncodingImpossible, match=r"\.webm does not hold h264"):
        replace_sound(facts, click(0.2), tmp_path / "out.webm")
    with pytest.raises(UnknownName, match="video container"):
        replace_sound(facts, click(0.2), tmp_path / "out.wmv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]
