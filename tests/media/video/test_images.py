"""Still pictures keep every bit that their format has, and sequences their order."""

from __future__ import annotations

import base64
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.errors import FileUnreadable, InputInvalid, UnknownName
from greenroom.media.video.errors import AlphaPresent, EncodingImpossible, FrameSizeChanged
from greenroom.media.video.images import ImageFormat, encoded_image, image_extras, read_image, write_image
from greenroom.media.video.segments import tiff_entries
from greenroom.media.video.sequences import ImageSequence, ImageSequenceWriter
from tests.media.video.clips import CMYK, HEIGHT, WIDTH, picture, psnr, video

IMAGE_FORMATS: tuple[ImageFormat, ...] = get_args(ImageFormat)
NOISE = np.random.default_rng(5)
RGB8: NDArray[Any] = NOISE.integers(0, 256, (31, 45, 3), dtype=np.uint8)
RGB16: NDArray[Any] = NOISE.integers(0, 65_536, (31, 45, 3), dtype=np.uint16)
RGBA8: NDArray[Any] = NOISE.integers(0, 256, (31, 45, 4), dtype=np.uint8)
RGBA16: NDArray[Any] = NOISE.integers(0, 65_536, (31, 45, 4), dtype=np.uint16)


@pytest.mark.parametrize(
    ("ending", "pixels"),
    [(ending, pixels) for ending in ("png", "tiff") for pixels in (RGB8, RGB16, RGBA8, RGBA16)]
    + [("webp", RGB8), ("tif", RGB8)],
)
def test_nothing_is_lost(tmp_path: Path, ending: str, pixels: NDArray[Any]) -> None:
    path = tmp_path / f"x.{ending}"
    write_image(path, pixels)
    again = read_image(path, alpha="keep")
    again = again[..., : pixels.shape[2]] if ending == "webp" else again
    assert again.dtype == pixels.dtype
    np.testing.assert_array_equal(again, pixels)


def test_alpha_of_a_webp(tmp_path: Path) -> None:
    write_image(tmp_path / "x.webp", RGBA8)
    again = read_image(tmp_path / "x.webp", alpha="keep")
    np.testing.assert_array_equal(again[..., 3], RGBA8[..., 3])


def test_a_jpeg_is_near(tmp_path: Path) -> None:
    write_image(tmp_path / "x.jpg", picture(0, 800, 800))
    assert psnr(read_image(tmp_path / "x.jpg"), picture(0, 800, 800)) > 40


def test_transparency_is_refused_dropped_or_kept(tmp_path: Path) -> None:
    write_image(tmp_path / "x.png", RGBA8)
    with pytest.raises(AlphaPresent, match=r"x\.png' is transparent"):
        read_image(tmp_path / "x.png")
    np.testing.assert_array_equal(read_image(tmp_path / "x.png", alpha="drop"), RGBA8[..., :3])
    opaque = RGBA8.copy()
    opaque[..., 3] = 255
    write_image(tmp_path / "y.png", opaque)
    np.testing.assert_array_equal(read_image(tmp_path / "y.png"), RGBA8[..., :3])


def test_formats_that_have_no_place_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EncodingImpossible, match="jpeg has no 16 bits"):
        encoded_image(RGB16, "jpeg")
    with pytest.raises(EncodingImpossible, match="jpeg has no alpha"):
        encoded_image(RGBA8, "jpeg")
    with pytest.raises(EncodingImpossible, match="webp has no 16 bits"):
        encoded_image(RGB16, "webp")
    with pytest.raises(UnknownName, match="picture format"):
        write_image(tmp_path / "x.gif", RGB8)


@pytest.mark.parametrize(("codec", "form"), [("png", "gray16be"), ("tiff", "gray16le")])
def test_grey_in_16_bits(tmp_path: Path, codec: str, form: str) -> None:
    encoder: Any = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 45, 31, form, Fraction(1, 25)
    grey = RGB16[..., 0].copy()
    frame = av.VideoFrame.from_ndarray(grey, format="gray16le").reformat(format=form)
    frame.pts = 0
    data = b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))
    (tmp_path / "x").write_bytes(data)
    np.testing.assert_array_equal(read_image(tmp_path / "x"), np.repeat(grey[..., None], 3, axis=2))


def test_a_name_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(encoded_image(RGB8, "png"))
    np.testing.assert_array_equal(read_image(tmp_path / "x.jpg"), RGB8)


def test_a_broken_picture_is_named(tmp_path: Path) -> None:
    data = encoded_image(RGB8, "png")
    (tmp_path / "x.png").write_bytes(data[: len(data) // 4])
    with pytest.raises(FileUnreadable, match=r"x\.png"):
        read_image(tmp_path / "x.png")
    (tmp_path / "x.png").write_bytes(b"")
    with pytest.raises(FileUnreadable, match=r"x\.png"):
        read_image(tmp_path / "x.png")


@pytest.mark.parametrize("form", IMAGE_FORMATS)
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.98])
def test_a_picture_that_breaks_off_is_refused(tmp_path: Path, form: ImageFormat, kept: float) -> None:
    """A JPEG would be grey from there on. Its small picture in EXIF, which is whole, has an end of its own."""
    data = encoded_image(RGB8, form)
    if form == "jpeg":
        small = b"Exif\0\0" + encoded_image(RGB8[:8, :8], "jpeg")
        data = data[:2] + struct.pack(">BBH", 0xFF, 0xE1, 2 + len(small)) + small + data[2:]
        kept = (len(small) + kept * (len(data) - len(small))) / len(data)
    path = tmp_path / f"x.{form}"
    path.write_bytes(data)
    read_image(path)
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(FileUnreadable, match=rf"x\.{form}"):
        read_image(path)


def test_what_webp_can_do_besides_is_said(tmp_path: Path) -> None:
    frame = b"ANMF" + struct.pack("<I", 16) + bytes(16)
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02" + bytes(9) + b"ANIM" + struct.pack("<I", 6) + bytes(6) + frame
    (tmp_path / "x.webp").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    with pytest.raises(FileUnreadable, match="is an animated WebP, which is not read here") as caught:
        read_image(tmp_path / "x.webp")
    assert "GIF, APNG or MP4" in caught.value.mend


def test_pages_of_a_tiff_are_said(tmp_path: Path) -> None:
    data = encoded_image(RGB8, "tiff")
    (tmp_path / "x.tiff").write_bytes(data)
    assert image_extras(tmp_path / "x.tiff").notes == ()
    entries, _ = tiff_entries(data)
    (first,) = struct.unpack_from("<I", data, 4)
    end = first + 2 + 12 * len(entries)
    (tmp_path / "x.tiff").write_bytes(data[:end] + struct.pack("<I", first) + data[end + 4 :])
    assert image_extras(tmp_path / "x.tiff").notes == ("'x.tiff' has several pages: the first is read",)


def test_a_picture_that_may_not_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    write_image(tmp_path / "x.png", RGB8)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(FileUnreadable, match="cannot be read: Permission denied"):
        read_image(tmp_path / "x.png")


@pytest.mark.parametrize("name", ["", "shot_%04d.png", "%d.tiff"])
def test_a_sequence_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / "frames" / name
    with ImageSequenceWriter(path) as out:
        for number in range(12):
            out.write(picture(number), Fraction(number, 10))
    assert out.frames == 12
    names = sorted(file.name for file in (tmp_path / "frames").iterdir())
    assert len(names) == 12
    assert names[0] == {"": "000001.png", "%d.tiff": "1.tiff"}.get(name, "shot_0001.png")
    sequence = ImageSequence(path, Fraction(10))
    frames = list(sequence.frames())
    assert [(frame.index, frame.time, frame.duration) for frame in frames] == [
        (number, Fraction(number, 10), Fraction(1, 10)) for number in range(12)
    ]
    for frame in frames:
        np.testing.assert_array_equal(frame.pixels, picture(frame.index))
    assert [frame.index for frame in sequence.frames(10, 30)] == [10, 11]


def test_a_sequence_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), ImageSequenceWriter(tmp_path / "frames") as out:
        out.write(picture(0), Fraction(0))
        raise KeyboardInterrupt
    assert list((tmp_path / "frames").iterdir()) == []


def test_sequences_with_holes_and_other_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="holds no pictures"):
        ImageSequence(tmp_path, Fraction(25))
    with pytest.raises(FileUnreadable, match="there is no picture"):
        ImageSequence(tmp_path / "f%03d.png", Fraction(25))
    with pytest.raises(InputInvalid, match="no folder and no pattern"):
        ImageSequence(tmp_path / "f.png", Fraction(25))
    for number in (7, 8, 10):
        write_image(tmp_path / f"f{number:03}.png", picture(number))
    with pytest.raises(FileUnreadable, match="there is number 7 to 10, and 9 is absent"):
        ImageSequence(tmp_path / "f%03d.png", Fraction(25))
    write_image(tmp_path / "f009.png", picture(9, 80, 60))
    with pytest.raises(FrameSizeChanged, match=r"f009\.png' is 80x60 uint8, and those before it are 64x48 uint8"):
        list(ImageSequence(tmp_path / "f%03d.png", Fraction(25)).frames())


def test_colours_for_print_are_read_as_they_are_shown(tmp_path: Path) -> None:
    (tmp_path / "print.jpg").write_bytes(base64.b64decode(CMYK))
    shown = read_image(tmp_path / "print.jpg")
    assert shown.shape == (64, 64, 3)
    assert np.abs(shown[10, 10].astype(int) - (250, 0, 0)).max() < 3
    assert np.abs(shown[50, 50].astype(int) - 90).max() < 3


def test_a_video_is_no_picture_but_gives_its_first(tmp_path: Path) -> None:
    assert read_image(video(tmp_path / "x.mp4", frames=2)).shape == (HEIGHT, WIDTH, 3)
