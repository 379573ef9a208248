"""What is no video or picture is said, and a film that was cut off is not taken for another kind of file."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import FileUnreadable
from greenroom.media.video.opening import opened
from tests.media.video.clips import video


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


@given(data=st.binary(max_size=64))
def test_any_bytes_end_in_words(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.mp4"
    path.write_bytes(struct.pack(">I4s8x", 16, b"ftyp") + data)
    with contextlib.suppress(FileUnreadable), opened(path):
        pass
