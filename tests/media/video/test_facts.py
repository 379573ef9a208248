"""What a video is, told by the file itself and not by its name."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from greenroom.errors import FileUnreadable
from greenroom.media.video.colour import Colour
from greenroom.media.video.facts import Chapter, Track, read_facts
from greenroom.media.video.hdr import ContentLight, MasteringDisplay
from tests.media.media_files import wav
from tests.media.video.clips import RATE, picture, video, with_sound

HDR = (
    "log-level=error:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    ":max-cll=1000,400"
)
BT2020_PQ: dict[str, Any] = {"color_primaries": 9, "color_trc": 16, "colorspace": 9, "color_range": 1}


def test_a_plain_video(tmp_path: Path) -> None:
    facts = read_facts(video(tmp_path / "x.mp4"))
    assert (facts.width, facts.height, facts.frames, facts.codec) == (64, 48, 12, "h264")
    assert facts.timeline.constant == 25
    assert facts.timeline.seconds == Fraction(12, 25)
    assert (facts.bit_depth, facts.alpha, facts.interlaced, facts.sample_aspect) == (8, False, False, Fraction(1))
    assert facts.colour == Colour("smpte170m", "smpte170m", "smpte170m")
    assert "smpte170m is taken, as is usual for 48 lines" in facts.notes[0]
    assert (facts.tracks, facts.chapters, facts.mastering, facts.missing) == ((), (), None, 0)


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_hdr_metadata(tmp_path: Path, ending: str) -> None:
    options = {"x265-params": HDR, "preset": "ultrafast"}
    path = tmp_path / f"x.{ending}"
    facts = read_facts(video(path, codec="libx265", pixel_format="yuv420p10le", options=options, frames=3, **BT2020_PQ))
    assert facts.colour == Colour("bt2020", "smpte2084", "bt2020nc")
    assert (facts.colour.dynamic_range, facts.bit_depth) == ("pq", 10)
    assert facts.light == ContentLight(1000, 400)
    assert facts.mastering is not None
    assert facts.mastering.red == (Fraction("0.68"), Fraction("0.32"))
    assert (facts.mastering.most, facts.mastering.least) == (Fraction(1000), Fraction("0.005"))
    assert facts.mastering.in_steps() == "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    assert facts.notes == ()


def test_a_display_with_holes_is_none() -> None:
    assert MasteringDisplay.parsed(bytes(88)) is None


def test_what_comes_with_the_pictures(tmp_path: Path) -> None:
    facts = read_facts(with_sound(tmp_path / "x.mkv", tracks=2))
    assert facts.tracks == (Track(1, "audio", "aac", "eng"), Track(2, "audio", "aac", "deu"))
    cut = Fraction(2, 5)
    assert facts.chapters == (Chapter("Dark", Fraction(0), cut), Chapter("Light", cut, Fraction(1)))
    assert facts.metadata["title"] == "A flash"


def test_a_title_that_is_no_utf_8_does_not_hide_the_video(tmp_path: Path) -> None:
    path = with_sound(tmp_path / "x.mkv")
    path.write_bytes(path.read_bytes().replace(b"A flash", b"A fl\xe4sh"))
    assert read_facts(path).metadata["title"] == "A fl\ufffdsh"


def test_a_name_says_nothing(tmp_path: Path) -> None:
    path = video(tmp_path / "x.mp4")
    assert read_facts(path.rename(tmp_path / "x.png")).frames == 12


def test_times_that_vary_are_exact(tmp_path: Path) -> None:
    times = [0, 1001, 5005, 5006, 5007, 30_000, 31_001]
    facts = read_facts(video(tmp_path / "x.mp4", times=times, time_base=Fraction(1, 30_000)))
    assert [facts.time(number) for number in range(facts.frames)] == [Fraction(time, 30_000) for time in times]
    assert facts.timeline.constant is None


def test_a_free_clock_begins_at_nothing(tmp_path: Path) -> None:
    """MPEG-TS counts from anywhere; FFmpeg writes it from 1.4 s on."""
    facts = read_facts(video(tmp_path / "x.ts", container="mpegts", max_b_frames=0))
    assert facts.time(0) == 0
    assert facts.timeline.constant == 25


def test_an_avi_without_times_of_showing(tmp_path: Path) -> None:
    facts = read_facts(video(tmp_path / "x.avi", codec="mpeg4", time_base=1 / RATE))
    assert [facts.time(number) for number in range(12)] == [number / RATE for number in range(12)]


def test_frames_that_an_avi_stores_in_another_order_are_counted(tmp_path: Path) -> None:
    facts = read_facts(video(tmp_path / "in.avi", frames=20, options={"bf": "3", "b-pyramid": "none"}))
    assert [facts.time(number) for number in range(20)] == [number / RATE for number in range(20)]
    assert facts.counted
    assert not facts.seekable
    assert any("have no time of their own" in note for note in facts.notes)
    plain = read_facts(video(tmp_path / "plain.avi", frames=20, options={"bf": "0"}))
    assert not plain.counted
    assert plain.seekable


def test_interlaced_is_told(tmp_path: Path) -> None:
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    facts = read_facts(video(tmp_path / "x.mp4", options=options, frames=3))
    assert facts.interlaced
    assert any("interlaced" in note for note in facts.notes)


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    facts = read_facts(video(tmp_path / "x.mp4", sample_aspect_ratio=Fraction(16, 11), turn=(90, False, False)))
    assert (facts.sample_aspect, facts.width, facts.height) == (Fraction(11, 16), 48, 64)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="it holds sound only"):
        read_facts(wav(tmp_path / "x.wav"))


def test_a_cover_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "x.m4a"
    with av.open(str(path), "w", format="mp4") as out:
        sound: Any = out.add_stream("aac", rate=8000, layout="mono")
        cover: Any = out.add_stream("mjpeg")
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.codec_context.time_base = Fraction(1, 25)
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(picture(0), format="rgb24")
        frame.pts = 0
        heard = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        heard.sample_rate, heard.pts = 8000, 0
        for packets in (cover.encode(frame), cover.encode(None), sound.encode(heard), sound.encode(None)):
            out.mux(packets)
    with pytest.raises(FileUnreadable, match="it holds sound only"):
        read_facts(path)


def test_a_track_without_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "x.mkv"
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=25)
        stream.width, stream.height = 64, 48
        out.start_encoding()
    with pytest.raises(FileUnreadable, match=r"x\.mkv.* (without a single frame|no video or picture)"):
        read_facts(path)


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"\0\0\0\x20ftypisom" + bytes(500)])
def test_what_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(FileUnreadable, match=r"x\.mp4"):
        read_facts(tmp_path / "x.mp4")
    with pytest.raises(FileUnreadable, match="there is no file"):
        read_facts(tmp_path / "absent.mp4")
