"""A file that was cut off decodes to its end; its header tells that there was more."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.media.video.errors import VideoDamaged
from greenroom.media.video.facts import read_facts
from greenroom.media.video.reading import VideoReader
from greenroom.media.video.wholeness import ending_of
from tests.media.video.clips import RATE, video, with_sound

CODECS = {"mkv": "libx264", "webm": "libvpx", "avi": "mpeg4"}
FORMATS = {"mkv": "matroska,webm", "webm": "matroska,webm", "avi": "avi"}
FRAMES = 60


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("films")
    return {
        ending: video(
            folder / f"x.{ending}", codec=codec, frames=FRAMES, time_base=1 / RATE, size=(320, 240)
        ).read_bytes()
        for ending, codec in CODECS.items()
    }


@pytest.mark.parametrize("ending", CODECS)
def test_a_whole_one_is_whole(tmp_path: Path, films: dict[str, bytes], ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    path.write_bytes(films[ending])
    facts = read_facts(path)
    assert (facts.missing, facts.frames) == (0, FRAMES)
    assert not [note for note in facts.notes if "tagged" not in note]
    assert ending_of(path, facts.container) == "whole"


@pytest.mark.parametrize("ending", CODECS)
@pytest.mark.parametrize("kept", [0.5, 0.8])
def test_one_that_was_cut_off_is_not(tmp_path: Path, films: dict[str, bytes], ending: str, kept: float) -> None:
    path = tmp_path / f"x.{ending}"
    path.write_bytes(films[ending][: int(kept * len(films[ending]))])
    reader = VideoReader(path)
    facts = reader.facts
    assert 0 < facts.frames < FRAMES
    assert facts.frames + facts.missing == pytest.approx(FRAMES, abs=1)
    assert f"the file breaks off: {facts.missing} frames that it promises are not there" in facts.notes
    read = 0
    with pytest.raises(VideoDamaged):
        for _ in reader.frames():
            read += 1
    assert facts.frames - 1 <= read <= facts.frames


def test_sound_that_is_longer_is_no_damage(tmp_path: Path) -> None:
    """Pictures end earlier than the file does."""
    path = with_sound(tmp_path / "x.mkv", delay_s=Fraction(1, 5))
    assert read_facts(path).missing == 0


def test_frames_are_there_and_the_index_is_not(tmp_path: Path, films: dict[str, bytes]) -> None:
    path = tmp_path / "x.mkv"
    path.write_bytes(films["mkv"][:-3])
    facts = read_facts(path)
    assert (facts.frames, facts.missing) == (FRAMES, 0)
    assert "the file is shorter than its header says, but its last frame is there" in facts.notes


def test_a_header_that_was_never_finished_says_nothing(tmp_path: Path, films: dict[str, bytes]) -> None:
    """As of recorders that were switched off, and of streams."""
    data = bytearray(films["mkv"])
    place = data.index(b"\x18\x53\x80\x67") + 4
    data[place : place + 8] = b"\x01" + b"\xff" * 7
    (tmp_path / "x.mkv").write_bytes(data)
    data = bytearray(films["avi"])
    data[4:8] = bytes(4)
    (tmp_path / "x.avi").write_bytes(data)
    for name in ("x.mkv", "x.avi"):
        facts = read_facts(tmp_path / name)
        assert (facts.frames, facts.missing) == (FRAMES, 0)
        assert any("whether it is whole cannot be told" in note for note in facts.notes)


def test_a_broadcast_ends_with_a_packet(tmp_path: Path) -> None:
    path = video(tmp_path / "x.ts", codec="mpeg2video", frames=FRAMES, time_base=1 / RATE, container="mpegts")
    assert not [note for note in read_facts(path).notes if "packet" in note]
    path.write_bytes(path.read_bytes()[:-100])
    assert any("ends within a packet" in note for note in read_facts(path).notes)


@given(data=st.binary(max_size=40), container=st.sampled_from(list(FORMATS.values())))
def test_any_bytes_have_some_end(data: bytes, container: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(data)
    assert ending_of(path, container) in ("whole", "cut", "unknown")
