"""Pictures stand upright, whatever says how they were stored."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.media.video.images import encoded_image, read_image
from greenroom.media.video.orientation import Orientation, of_image, of_matrix, of_turn
from greenroom.media.video.reading import VideoReader
from tests.media.video.clips import exif, picture, png_chunk, psnr, video

# How EXIF's eight orientations store a picture that is upright.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


def as_jpeg(data: bytes, block: bytes) -> bytes:
    body = b"Exif\0\0" + block
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def as_png(data: bytes, block: bytes) -> bytes:
    return data[:33] + png_chunk(b"eXIf", block) + data[33:]


def as_webp(data: bytes, block: bytes, width: int, height: int) -> bytes:
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    chunks = b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + size + data[12:]
    chunks += b"EXIF" + struct.pack("<I", len(block)) + block
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("number", STORED)
@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_exif_is_applied(tmp_path: Path, form: str, number: int, order: str) -> None:
    upright = picture(3)
    stored = np.ascontiguousarray(STORED[number](upright))
    block = exif(number, order)
    data = encoded_image(stored, form)  # type: ignore[arg-type] # one of its names, from the list above
    if form == "webp":
        data = as_webp(data, block, stored.shape[1], stored.shape[0])
    else:
        data = (as_png if form == "png" else as_jpeg)(data, block)
    path = tmp_path / f"x.{form}"
    path.write_bytes(data)
    assert psnr(read_image(path), upright) > (30 if form == "jpeg" else 90)


@pytest.mark.parametrize("number", STORED)
def test_a_tiff_says_it_itself(tmp_path: Path, number: int) -> None:
    stored = np.ascontiguousarray(STORED[number](picture(3)))
    height, width = stored.shape[:2]
    # Width, height, bits, no compression, RGB, where the pixels are, orientation, channels, rows, bytes.
    tags = [
        (256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 2), (273, 4, 8),
        (274, 3, number), (277, 3, 3), (278, 4, height), (279, 4, stored.nbytes),
    ]  # fmt: skip
    directory = struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags
    )
    path = tmp_path / "x.tiff"
    path.write_bytes(b"II*\0" + struct.pack("<I", 8 + stored.nbytes) + stored.tobytes() + directory + bytes(4))
    np.testing.assert_array_equal(read_image(path), picture(3))


@pytest.mark.parametrize(("degrees", "clockwise"), [(0, 0), (90, 270), (180, 180), (-90, 90)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_containers_matrix_is_applied(tmp_path: Path, degrees: int, clockwise: int, mirrored: bool) -> None:
    path = video(tmp_path / "x.mp4", turn=(degrees, mirrored, False), frames=2, options={"qp": "1"})
    plain = next(VideoReader(video(tmp_path / "y.mp4", frames=2, options={"qp": "1"})).frames()).pixels
    reader = VideoReader(path)
    shown = next(reader.frames()).pixels
    wanted = np.rot90(plain, degrees // 90)
    wanted = wanted[:, ::-1] if mirrored else wanted
    np.testing.assert_array_equal(shown, wanted)
    assert (reader.facts.height, reader.facts.width) == shown.shape[:2]
    assert reader.facts.orientation.mirrored == mirrored
    if not mirrored:
        assert reader.facts.orientation.degrees == clockwise


@given(st.binary(max_size=200))
def test_broken_exif_says_nothing(data: bytes) -> None:
    for head in (b"\xff\xd8\xff\xe1", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"II*\0", b"MM\0*"):
        assert isinstance(of_image(head + data), Orientation)


def test_a_turn_by_less_than_a_quarter_is_none() -> None:
    matrix = struct.pack("<9i", 46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)
    assert of_matrix(matrix) == Orientation()
    assert of_turn(45) == Orientation()
    assert of_turn(-90) == Orientation(transposed=True, flip_x=True)
