"""What is no video or picture is said, and a film that was cut off is not taken for another kind of file."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import FileUnreadable
from greenroom.media.video.opening import opened
from greenroom.media.video.reading import VideoReader
from tests.media.video.clips import RATE, video


def said_of(path: Path) -> str:
    with pytest.raises(FileUnreadable) as refused, opened(path):
        pass
    return refused.value.message


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An MP4 whose index comes last."""
    return video(tmp_path_factory.mktemp("film") / "a.mp4").read_bytes()


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.8])
def test_a_film_without_its_index_is_cut_off(tmp_path: Path, film: bytes, kept: float) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(film[: int(kept * film.index(b"moov"))])
    assert "is cut off: it is an MP4 or MOV without its index" in said_of(cut)


def test_a_large_box_is_passed_over(tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(struct.pack(">I4s8x", 16, b"ftyp") + struct.pack(">I4sQ", 1, b"mdat", 1 << 40) + b"frames")
    assert "is cut off" in said_of(cut)


@pytest.mark.parametrize(("codec", "form"), [("h264", "h264"), ("hevc", "hevc"), ("mpeg2video", "mpeg2video")])
def test_pictures_without_a_container_are_told_by_what_they_lack(tmp_path: Path, codec: str, form: str) -> None:
    bare = tmp_path / "bare"
    with av.open(str(bare), "w", format=form) as out:
        stream: Any = out.add_stream(codec, rate=25, width=64, height=48, pix_fmt="yuv420p")
        for _ in range(10):
            out.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        out.mux(stream.encode(None))
    with pytest.raises(FileUnreadable) as refused, opened(bare):
        pass
    assert refused.value.message == f"'{bare}' is a bare stream, which tells no times"
    assert "ffmpeg -framerate 25 -i IN OUT.mkv" in refused.value.mend


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"hello", "is no video or picture that can be read"),
        (struct.pack(">I4s8x", 16, b"ftyp") + struct.pack(">I4s", 3, b"free"), "is no video or picture"),
    ],
)
def test_other_files_are_what_they_are(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(data)
    assert says in said_of(path)


@pytest.mark.parametrize(
    ("name", "codec", "container", "size"),
    [
        ("x.mxf", "mpeg2video", "mxf", (64, 48)),
        ("x.dv", "dvvideo", "dv", (720, 576)),
        ("x.wmv", "wmv2", "asf", (64, 48)),
        ("x.y4m", "rawvideo", "yuv4mpegpipe", (64, 48)),
    ],
)
def test_what_cameras_and_old_recorders_write_is_read(
    tmp_path: Path, name: str, codec: str, container: str, size: tuple[int, int]
) -> None:
    path = video(tmp_path / name, codec=codec, container=container, size=size, time_base=1 / RATE, frames=6)
    reader = VideoReader(path)
    frames = list(reader.frames())
    assert [frame.time for frame in frames] == [number / RATE for number in range(6)]
    assert frames[0].pixels.shape == (size[1], size[0], 3)


def test_what_is_not_read_says_how_to_convert_it(tmp_path: Path) -> None:
    path = tmp_path / "x.doc"
    path.write_bytes(b"a letter")
    with pytest.raises(FileUnreadable) as refused, opened(path):
        pass
    assert refused.value.mend == "convert it to PNG, or to MKV, such as with ffmpeg -i IN OUT.mkv"


@given(data=st.binary(max_size=64))
def test_any_bytes_end_in_words(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.mp4"
    path.write_bytes(struct.pack(">I4s8x", 16, b"ftyp") + data)
    with contextlib.suppress(FileUnreadable), opened(path):
        pass
