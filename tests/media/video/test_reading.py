"""Frames come in order, exactly those that were asked for, or an error says how many there were."""

from __future__ import annotations

import contextlib
import gc
import importlib
import struct
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import greenroom.media.video
from greenroom.errors import ExtraMissing, GreenroomError
from greenroom.media.video.errors import AlphaPresent, FrameSizeChanged, VideoDamaged
from greenroom.media.video.profiles import with_profile
from greenroom.media.video.reading import Alpha, VideoReader
from tests.media.video.clips import HEIGHT, RATE, WIDTH, picture, psnr, video

MANY = 40
# A keyframe every eight frames, and frames that are stored in another order than they are shown in.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "h264.mp4": ("libx264", {"options": {"g": "8", "bf": "3", "preset": "fast"}}),
    "open.mp4": ("libx264", {"options": {"g": "8", "bf": "3", "x264-params": "open-gop=1"}}),
    "short.mp4": ("libx264", {"options": {"g": "2", "bf": "1"}}),
    "h264.mkv": ("libx264", {"options": {"g": "8", "bf": "3"}, "time_base": Fraction(1, 1000)}),
    "h264.ts": ("libx264", {"options": {"g": "8", "bf": "2"}, "container": "mpegts"}),
    "h265.mp4": ("libx265", {"options": {"x265-params": "log-level=error:keyint=8:bframes=3", "preset": "ultrafast"}}),
    "vp8.webm": ("libvpx", {"options": {"g": "8", "auto-alt-ref": "1", "lag-in-frames": "16", "deadline": "realtime"}}),
    "mpeg4.avi": ("mpeg4", {"options": {"g": "8"}, "time_base": 1 / RATE}),
    "prores.mov": ("prores_ks", {"pixel_format": "yuv422p10le"}),
}


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {name: video(folder / name, codec=codec, frames=MANY, **how) for name, (codec, how) in KINDS.items()}


@pytest.mark.parametrize("name", KINDS)
def test_a_stretch_is_what_it_is_of_the_whole(clips: dict[str, Path], name: str) -> None:
    reader = VideoReader(clips[name])
    whole = list(reader.frames())
    assert [frame.index for frame in whole] == list(range(MANY))
    assert [frame.time for frame in whole] == [number / RATE for number in range(MANY)]
    assert {frame.duration for frame in whole[:-1]} == {1 / RATE}
    for start, stop in ((0, 3), (7, 9), (8, 12), (13, 30), (38, None), (39, 99), (40, 41), (5, 5)):
        part = list(reader.frames(start, stop))
        wanted = whole[start:stop]
        assert [frame.index for frame in part] == [frame.index for frame in wanted]
        for frame, other in zip(part, wanted, strict=True):
            assert frame.time == other.time
            np.testing.assert_array_equal(frame.pixels, other.pixels)


RGB = {
    "x.gif": {"codec": "gif", "pixel_format": "rgb8"},
    "x.apng": {"codec": "apng", "pixel_format": "rgb24", "container": "apng"},
    "x.mov": {"codec": "qtrle", "pixel_format": "rgb24"},
    "x.avi": {"codec": "rawvideo", "pixel_format": "bgr24"},
    "x.mkv": {"codec": "ffv1", "pixel_format": "bgr0"},
}


@pytest.mark.parametrize("name", [*KINDS, *RGB])
def test_pixels_may_be_made_later_and_elsewhere(clips: dict[str, Path], tmp_path: Path, name: str) -> None:
    """The decoder may draw its next frame over what it gave: not while somebody has it."""
    kind: dict[str, Any] = RGB.get(name, {})
    path = clips[name] if name in KINDS else video(tmp_path / name, frames=12, **kind)
    reader = VideoReader(path)
    decoded = list(reader.decoded())
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda frame: frame.pixels, reversed(decoded)))[::-1]
    for later, pixels, frame in zip(decoded, made, reader.frames(), strict=True):
        assert (later.index, later.time, later.duration) == (frame.index, frame.time, frame.duration)
        np.testing.assert_array_equal(pixels, frame.pixels)
    assert [frame.index for frame in reader.decoded(3, 5)] == [3, 4]


def test_what_cannot_be_shown_is_told_when_it_is_asked_for(tmp_path: Path) -> None:
    path = video(tmp_path / "x.mov", codec="qtrle", pixel_format="argb", draw=clear, given="rgba", frames=4)
    decoded = list(VideoReader(path).decoded())
    assert decoded[1].pixels.shape == (HEIGHT, WIDTH, 3)
    with pytest.raises(AlphaPresent, match="frame 2 of"):
        _ = decoded[2].pixels


@pytest.mark.parametrize("name", KINDS)
def test_pixels_are_those_that_were_drawn(clips: dict[str, Path], name: str) -> None:
    for frame in VideoReader(clips[name]).frames(9, 12):
        pixels = frame.pixels
        assert pixels.shape == (HEIGHT, WIDTH, 3)
        if name == "prores.mov":
            assert pixels.dtype == np.uint16
            pixels = np.round(pixels / 257).astype(np.uint8)
        assert psnr(pixels, picture(frame.index)) > 24


def test_memory_does_not_grow_with_the_clip(clips: dict[str, Path]) -> None:
    reader = VideoReader(clips["h264.mp4"])
    tracemalloc.start()
    try:
        for _ in reader.frames():
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * WIDTH * HEIGHT * 3 + 1_000_000


def test_frames_of_an_avi_come_as_they_are_shown(tmp_path: Path) -> None:
    """Its packets lie in another order, and have the times of each other."""
    shown = [frame.pixels for frame in VideoReader(video(tmp_path / "in.mp4", frames=20)).frames()]
    reader = VideoReader(video(tmp_path / "in.avi", frames=20))
    read = list(reader.frames())
    assert [frame.time for frame in read] == [number / RATE for number in range(20)]
    assert all(psnr(frame.pixels, pixels) > 40 for frame, pixels in zip(read, shown, strict=True))
    np.testing.assert_array_equal(next(iter(reader.frames(7, 8))).pixels, read[7].pixels)


def test_one_frame(tmp_path: Path) -> None:
    frames = list(VideoReader(video(tmp_path / "x.mp4", frames=1)).frames())
    assert [(frame.time, frame.duration) for frame in frames] == [(Fraction(0), 1 / RATE)]


def test_odd_sizes(tmp_path: Path) -> None:
    path = video(tmp_path / "x.mp4", size=(51, 37), pixel_format="yuv444p", frames=2)
    assert next(VideoReader(path).frames()).pixels.shape == (37, 51, 3)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_cut_off_file_gives_what_it_holds(tmp_path: Path, ending: str, kept: float) -> None:
    options = {"movflags": "+faststart"}
    path = tmp_path / f"x.{ending}"
    times = [512 * number for number in range(MANY)]
    with av.open(
        str(path), "w", format={"ts": "mpegts"}.get(ending), options=options if ending == "mp4" else {}
    ) as out:
        stream: Any = out.add_stream("libx264", rate=25, options={"g": "8", "qp": "4"})
        stream.width, stream.height = WIDTH, HEIGHT
        stream.codec_context.time_base = Fraction(1, 12_800)
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, 12_800)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    reader = VideoReader(path)
    given: list[int] = []
    if ending == "mp4":
        with pytest.raises(VideoDamaged, match=rf"of {MANY} on; \d+ frames were read") as caught:
            list(reader.frames())
        assert reader.facts.missing
        assert 0 < caught.value.frames < MANY
    else:  # nothing in the file says how many there were
        with contextlib.suppress(VideoDamaged):
            given.extend(frame.index for frame in reader.frames())
        assert len(given) < MANY


def test_frames_that_come_before_the_damage_are_given(tmp_path: Path) -> None:
    """As a generator gives them: one by one, until the error."""
    path = video(tmp_path / "x.mp4", codec="mjpeg", pixel_format="yuvj420p", frames=MANY)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)
    given: list[int] = []
    with pytest.raises(VideoDamaged) as caught:
        for frame in VideoReader(path).frames():
            given.append(frame.index)  # noqa: PERF401 - what came before the error is looked at
    assert given == list(range(caught.value.frames))
    assert given


def test_after_a_hole_no_frame_gets_the_time_of_another(tmp_path: Path) -> None:
    path = video(tmp_path / "x.mp4", options={"g": "10", "bf": "0", "x264-params": "threads=1"}, frames=30)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        places = [(packet.pos, packet.size) for packet in packets]
    data = bytearray(path.read_bytes())
    for place, size in places[10:20]:
        assert place is not None
        data[place + 4 : place + size] = bytes(size - 4)
    path.write_bytes(data)
    given: list[tuple[int, Fraction]] = []
    with pytest.raises(VideoDamaged) as caught:
        given.extend((frame.index, frame.time) for frame in VideoReader(path).frames())
    assert caught.value.frames <= 10
    assert "from frame" in caught.value.message


def test_an_interlaced_broadcast(tmp_path: Path) -> None:
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    reader = VideoReader(video(tmp_path / "x.ts", container="mpegts", options=options))
    assert reader.facts.interlaced
    assert [frame.time for frame in reader.frames()] == [number / RATE for number in range(12)]


def test_a_size_that_changes_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "x.ts"
    parts = [
        video(tmp_path / f"{width}.ts", size=(width, 48), frames=5, container="mpegts", options={"bf": "0"})
        for width in (64, 96)
    ]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    given = 0
    with pytest.raises(FrameSizeChanged, match=r"from 64x48 yuv420p to 96x48 yuv420p at frame 5 \(\d\.\d+ s\)"):
        for _ in VideoReader(path).frames():
            given += 1
    assert given == 5


def clear(number: int) -> NDArray[np.uint8]:
    alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    alpha[:10] = 255 if number < 2 else 100
    return np.concatenate([picture(number), alpha], axis=2)


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_alpha_beside_the_pictures_of_a_webm_is_not_overlooked(tmp_path: Path, codec: str) -> None:
    """VP8 and VP9 keep it where their decoders do not look; the track says that it is there."""
    made = video(tmp_path / "0.webm", codec=codec, frames=4)
    path = tmp_path / "x.webm"
    with av.open(str(made)) as source, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0], opaque=True)
        stream.metadata["alpha_mode"] = "1"
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    assert not VideoReader(made).facts.alpha
    facts = VideoReader(path).facts
    assert facts.alpha
    assert "its alpha lies beside its pictures, and is not read" in facts.notes
    choices: tuple[Alpha, ...] = ("refuse", "keep")
    for alpha in choices:
        with pytest.raises(AlphaPresent, match="keeps transparency beside its pictures"):
            next(VideoReader(path, alpha=alpha).frames())
    assert sum(1 for _ in VideoReader(path, alpha="drop").frames()) == 4


def test_a_moving_png_with_a_colour_profile_harms_nobody(tmp_path: Path) -> None:
    """PyAV lists its profile, and then the process dies while memory is tidied up."""
    path = video(tmp_path / "x.apng", codec="apng", pixel_format="rgb24", container="apng", frames=3)
    path.write_bytes(with_profile(path.read_bytes(), "png", bytes(3000)))
    for _ in range(5):
        assert VideoReader(path).facts.frames == 3
        gc.collect()


def test_alpha_is_refused_dropped_or_kept(tmp_path: Path) -> None:
    path = video(tmp_path / "x.mov", codec="qtrle", pixel_format="argb", draw=clear, given="rgba", frames=4)
    assert VideoReader(path).facts.alpha
    assert len(list(VideoReader(path).frames(0, 2))) == 2  # opaque throughout
    with pytest.raises(AlphaPresent, match=r"frame 2 of .*x\.mov' is transparent"):
        list(VideoReader(path).frames())
    assert {frame.pixels.shape[2] for frame in VideoReader(path, alpha="drop").frames()} == {3}
    kept = [frame.pixels for frame in VideoReader(path, alpha="keep").frames()]
    np.testing.assert_array_equal(kept[3], clear(3))


def test_times_that_repeat_are_repaired(tmp_path: Path) -> None:
    """Two frames of one time: read in order, from anywhere."""
    path = tmp_path / "x.mkv"
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "bgr0"
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, time in enumerate((0, 40, 40, 120, 160)):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 1000)
            for packet in stream.encode(frame):
                packet.pts = packet.dts = time
                out.mux(packet)
    reader = VideoReader(path)
    assert "1 frames have no time of their own" in " ".join(reader.facts.notes)
    frames = list(reader.frames())
    assert [frame.time for frame in frames] == [Fraction(time, 1000) for time in (0, 40, 80, 120, 160)]
    np.testing.assert_array_equal(next(reader.frames(3)).pixels, picture(3))


def test_a_clip_that_was_trimmed_without_encoding_is_whole(tmp_path: Path) -> None:
    """As phones do it: an edit list shows a part of what the file holds, and the rest is not missing."""
    path = video(tmp_path / "x.mp4", frames=MANY, options={"g": "8", "bf": "2"})
    data = bytearray(path.read_bytes())
    place = data.index(b"elst") + 12
    length, begin = struct.unpack_from(">Ii", data, place)
    struct.pack_into(">Ii", data, place, length // 2, begin + 5 * 512)
    path.write_bytes(data)
    reader = VideoReader(path)
    frames = list(reader.frames())
    assert (reader.facts.frames, reader.facts.missing, frames[0].time) == (MANY // 2, 0, Fraction(0))
    for frame in frames:
        assert psnr(frame.pixels, picture(frame.index + 5)) > 24
    np.testing.assert_array_equal(next(reader.frames(13)).pixels, frames[13].pixels)


@pytest.mark.parametrize("name", ["h264.mp4", "h264.mkv", "h264.ts", "vp8.webm"])
@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_wrong_with_a_file_is_an_error_of_ours(
    clips: dict[str, Path], tmp_path: Path, name: str, data: st.DataObject
) -> None:
    content = bytearray(clips[name].read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(1, 200))
        content[place : place + length] = data.draw(st.binary(min_size=length, max_size=length))
    path = tmp_path / name
    path.write_bytes(content)
    last = -1
    with contextlib.suppress(GreenroomError):
        for frame in VideoReader(path).frames():
            assert frame.index == last + 1
            last = frame.index


def test_thumbnails_are_the_frames_made_small(clips: dict[str, Path]) -> None:
    reader = VideoReader(clips["h264.mp4"])
    small = list(reader.thumbnails(16))
    assert {picture.shape for picture in small} == {(12, 16, 3)}
    for one, frame in zip(small, reader.frames(), strict=True):
        means = frame.pixels.reshape(12, 4, 16, 4, 3).mean(axis=(1, 3))
        assert np.abs(one - means).mean() < 3


def test_pixels_are_the_callers_own(tmp_path: Path) -> None:
    """Of a codec that makes a frame from the one before, and keeps RGB."""
    path = video(tmp_path / "x.mov", codec="qtrle", pixel_format="rgb24", frames=6)
    whole = [frame.pixels.copy() for frame in VideoReader(path).frames()]
    for frame in VideoReader(path).frames():
        np.testing.assert_array_equal(frame.pixels, whole[frame.index])
        frame.pixels[:] = 0


def test_without_pyav_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ExtraMissing, match="PyAV"):
        importlib.reload(greenroom.media.video)
