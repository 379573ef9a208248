"""Sound, subtitles, chapters and names come along as they are, and the click is still heard at the flash."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from greenroom.errors import FileUnreadable
from greenroom.media.video.encoding import Encoding, PictureFormat
from greenroom.media.video.errors import VideoDamaged
from greenroom.media.video.facts import read_facts
from greenroom.media.video.reading import VideoReader
from greenroom.media.video.writing import VideoWriter
from tests.media.video.clips import CLICK_S, RATE, click_at, picture, video, with_sound


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sources")
    return {
        "mp4": with_sound(folder / "x.mp4", tracks=2),
        "mkv": with_sound(folder / "x.mkv", codec="libopus"),
        "late.mp4": with_sound(folder / "late.mp4", delay_s=Fraction(8, 25)),
        "ts": with_sound(folder / "x.ts"),
        "mp3.mkv": with_sound(folder / "mp3.mkv", codec="libmp3lame", rate=44_100),
        "pcm.mov": with_sound(folder / "pcm.mov", codec="pcm_s16le"),
        "adpcm.avi": with_sound(folder / "adpcm.avi", codec="adpcm_ms", video_codec="mpeg4"),
    }


def copied(source: Path, target: Path) -> tuple[str, ...]:
    reader = VideoReader(source)
    encoding = Encoding("av1", preset="12") if target.suffix == ".webm" else Encoding("h264", preset="ultrafast")
    with VideoWriter(target, PictureFormat.like(reader.facts), encoding, source=reader.facts) as out:
        for frame in reader.frames():
            out.write(frame.pixels, frame.time, frame.duration)
    return out.notes


def flash_at(path: Path) -> Fraction:
    return max(VideoReader(path).frames(), key=lambda frame: float(frame.pixels.mean())).time


def packets(path: Path, track: int) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[track]) if packet.size]


@pytest.mark.parametrize("source", ["mp4", "mkv", "late.mp4", "ts", "pcm.mov"])
@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm"])
def test_the_click_is_heard_at_the_flash(sources: dict[str, Path], tmp_path: Path, source: str, ending: str) -> None:
    target = tmp_path / f"out.{ending}"
    copied(sources[source], target)
    flash = float(flash_at(target))
    if source != "ts":  # there FFmpeg counts from the run-up of the sound
        assert flash == pytest.approx(CLICK_S, abs=0.0006)  # Matroska's half of a millisecond
    # A frame of a codec's window may blur where the click begins.
    assert click_at(target) == pytest.approx(flash, abs=0.004)
    facts, before = read_facts(target), read_facts(sources[source])
    times = [facts.time(number) - before.time(number) for number in range(facts.frames)]
    assert max(map(abs, times)) <= (Fraction(1, 1000) if ending in ("mkv", "webm") else 0)


def test_mp3_is_copied(sources: dict[str, Path], tmp_path: Path) -> None:
    assert copied(sources["mp3.mkv"], tmp_path / "out.mp4") == ()
    assert packets(tmp_path / "out.mp4", 0) == packets(sources["mp3.mkv"], 0)


def test_of_a_source_that_breaks_off_the_rest_is_copied(sources: dict[str, Path], tmp_path: Path) -> None:
    """Half of an MKV: pictures and sound until there."""
    data = sources["mkv"].read_bytes()
    half = tmp_path / "half.mkv"
    half.write_bytes(data[: len(data) // 2])
    reader = VideoReader(half)
    writer = VideoWriter(tmp_path / "out.mkv", PictureFormat.like(reader.facts), Encoding(), source=reader.facts)
    with writer as out, contextlib.suppress(VideoDamaged):
        for frame in reader.frames():
            out.write(frame.pixels, frame.time)
    kept = packets(tmp_path / "out.mkv", 0)
    assert kept
    assert kept == packets(sources["mkv"], 0)[: len(kept)]


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_sound_is_copied_byte_by_byte(sources: dict[str, Path], tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"out.{ending}"
    notes = copied(sources["mp4"], target)
    assert not [note for note in notes if "milliseconds" not in note]
    for track in range(2):
        before, after = packets(sources["mp4"], track), packets(target, track)
        # Of AAC, Matroska has no place for the run-up that nobody hears.
        assert after == (before[1:] if ending == "mkv" else before)


def test_languages_chapters_and_titles_come_along(sources: dict[str, Path], tmp_path: Path) -> None:
    for ending in ("mp4", "mkv"):
        copied(sources["mp4"], tmp_path / f"out.{ending}")
        facts = read_facts(tmp_path / f"out.{ending}")
        assert [track.language for track in facts.tracks if track.kind == "audio"] == ["eng", "deu"]
        assert [(one.title, one.start, one.end) for one in facts.chapters] == [
            ("Dark", 0, Fraction(2, 5)),
            ("Light", Fraction(2, 5), 1),
        ]
        assert facts.metadata["title"] == "A flash"


def test_how_an_mxf_was_made_is_not_true_of_the_result(tmp_path: Path) -> None:
    source = video(tmp_path / "x.mxf", codec="mpeg2video", container="mxf", time_base=1 / RATE)
    assert "product_name" in read_facts(source).metadata
    assert copied(source, tmp_path / "out.mov") == ()
    assert "product_name" not in read_facts(tmp_path / "out.mov").metadata


@pytest.mark.parametrize(
    ("source", "ending", "codec"),
    [
        ("mp4", "webm", "opus"),
        ("adpcm.avi", "mp4", "aac"),
        ("mp3.mkv", "webm", "opus"),
        ("pcm.mov", "webm", "opus"),
    ],
)
def test_what_a_container_cannot_hold_is_encoded_again_and_said(
    sources: dict[str, Path], tmp_path: Path, source: str, ending: str, codec: str
) -> None:
    notes = copied(sources[source], tmp_path / f"out.{ending}")
    assert any(f"is encoded again, as {codec}" in note for note in notes)
    assert click_at(tmp_path / f"out.{ending}") == pytest.approx(CLICK_S, abs=0.004)
    tracks = [track for track in read_facts(tmp_path / f"out.{ending}").tracks if track.kind == "audio"]
    assert {track.codec for track in tracks} <= {codec, f"lib{codec}"}
    assert tracks[0].language == ("" if ending == "mp4" and source == "adpcm.avi" else "eng")


def subtitled(path: Path, codec: str, texts: Sequence[bytes]) -> Path:
    """Pictures and a subtitle each half second."""
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=RATE)
        stream.width, stream.height = 64, 48
        stream.codec_context.time_base = 1 / RATE
        words: Any = out.add_mux_stream(codec)
        words.time_base = Fraction(1, 1000)
        words.metadata["language"] = "eng"
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = number, 1 / RATE
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        for number, text in enumerate(texts):
            packet: Any = av.Packet(text)
            packet.pts = packet.dts = 500 * number
            packet.duration, packet.time_base, packet.stream = 400, Fraction(1, 1000), words
            out.mux(packet)
    return path


def test_subtitles_come_along_or_are_said_to_be_left_out(tmp_path: Path) -> None:
    source = subtitled(tmp_path / "in.mkv", "subrip", [b"one", b"two"])
    notes = copied(source, tmp_path / "out.mkv")
    assert not notes
    with av.open(str(tmp_path / "out.mkv")) as container:
        words = container.streams.subtitles[0]
        assert words.language == "eng"
        found = [(packet.pts, bytes(packet)) for packet in container.demux(words) if packet.size]
    assert found == [(0, b"one"), (500, b"two")]
    notes = copied(source, tmp_path / "out.mp4")
    assert notes == ("mp4 holds no srt: the subtitle track 1 is left out",)


def test_fonts_come_along_where_they_can(tmp_path: Path) -> None:
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as out:
        stream: Any = out.add_stream("libx264", rate=RATE)
        stream.width, stream.height = 64, 48
        out.add_attachment("font.ttf", "application/x-truetype-font", b"letters")
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert copied(source, tmp_path / "out.mkv") == ()
    assert [track.kind for track in read_facts(tmp_path / "out.mkv").tracks] == ["attachment"]
    notes = copied(source, tmp_path / "out.mp4")
    assert "attachment" in notes[0]
    assert read_facts(tmp_path / "out.mp4").tracks == ()


def test_a_source_that_is_gone_leaves_nothing(sources: dict[str, Path], tmp_path: Path) -> None:
    facts = replace(read_facts(sources["mp4"]), path=tmp_path / "gone.mp4")
    writer = VideoWriter(tmp_path / "out.mp4", PictureFormat.like(facts), Encoding(), source=facts)
    with pytest.raises(FileUnreadable, match=r"gone\.mp4"), writer:
        pass
    assert list(tmp_path.iterdir()) == []


def test_pictures_may_be_fewer_and_larger_than_the_sources(sources: dict[str, Path], tmp_path: Path) -> None:
    """Half of them, twice as large: the sound is whole."""
    reader = VideoReader(sources["mp4"])
    pictures = PictureFormat.like(reader.facts, width=128, height=96)
    target = tmp_path / "out.mp4"
    with VideoWriter(target, pictures, replace(Encoding(), preset="ultrafast"), source=reader.facts) as out:
        for frame in reader.frames(0, 12):
            out.write(np.repeat(np.repeat(frame.pixels, 2, axis=0), 2, axis=1), frame.time)
    assert packets(target, 0) == packets(sources["mp4"], 0)
    assert (read_facts(target).width, read_facts(target).frames) == (128, 12)
