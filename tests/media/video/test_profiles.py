"""A colour profile goes through every format of pictures as it is, and changes no pixel."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from greenroom.media.video.images import ImageFormat, encoded_image, image_extras, read_image, write_image
from greenroom.media.video.profiles import is_of_rgb, profile_of, with_profile
from tests.media.video.clips import picture, png_chunk

FORMS: tuple[ImageFormat, ...] = ("png", "jpeg", "webp", "tiff")


def a_profile(length: int = 3145, space: bytes = b"RGB ") -> bytes:
    """What looks like one from outside: its length, and which numbers it is about."""
    rest = np.random.default_rng(3).integers(0, 256, length - 40, dtype=np.uint8).tobytes()
    return struct.pack(">I8x4s4s", length, b"mntr", space) + struct.pack(">16x4s", b"acsp") + rest


PROFILE = a_profile()


def ffmpegs(path: Path) -> bytes:
    """The profile that FFmpeg's own decoder finds."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        listed: Any = frame.side_data
        return next((bytes(data) for data in listed if data.type.name == "ICC_PROFILE"), b"")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("length", [3145, 3146, 150_000])
def test_it_is_read_as_it_was_written(tmp_path: Path, form: ImageFormat, length: int) -> None:
    profile, path = a_profile(length), tmp_path / f"x.{form}"
    write_image(path, picture(0), profile=profile)
    assert image_extras(path).profile == profile
    assert image_extras(path).notes == ()
    if form in ("jpeg", "webp"):  # of the others PyAV does not list it
        assert ffmpegs(path)[:length] == profile  # with WebP's padding, where there is some
    plain = tmp_path / f"y.{form}"
    write_image(plain, picture(0))
    np.testing.assert_array_equal(read_image(path, alpha="keep"), read_image(plain, alpha="keep"))
    assert image_extras(plain).profile == b""


@pytest.mark.parametrize("form", ["png", "webp", "tiff"])
def test_alpha_stays(tmp_path: Path, form: ImageFormat) -> None:
    pixels: NDArray[Any] = np.random.default_rng(5).integers(0, 256, (31, 45, 4), dtype=np.uint8)
    write_image(tmp_path / "x.png", pixels)
    (tmp_path / "y").write_bytes(encoded_image(pixels, form, profile=PROFILE))
    again = read_image(tmp_path / "y", alpha="keep")
    np.testing.assert_array_equal(again[..., 3], pixels[..., 3])
    assert image_extras(tmp_path / "y").profile == PROFILE


def test_grey_and_inks_are_said(tmp_path: Path) -> None:
    write_image(tmp_path / "x.jpg", picture(0), profile=a_profile(space=b"GRAY"))
    extras = image_extras(tmp_path / "x.jpg")
    assert extras.profile == b""
    assert extras.notes == ("the colour profile of 'x.jpg' is not about RGB, and is left out",)
    assert is_of_rgb(PROFILE)


def test_one_that_does_not_fit_a_jpeg_is_left_out() -> None:
    data = encoded_image(picture(0), "jpeg")
    assert with_profile(data, "jpeg", a_profile(17_000_000)) == data


def test_a_packed_one_that_grows_without_end_is_none() -> None:
    packed = b"x\0\0" + zlib.compress(bytes(1 << 25))
    data = encoded_image(picture(0), "png")
    assert profile_of(data[:33] + png_chunk(b"iCCP", packed) + data[33:]) == b""


@given(data=st.data(), form=st.sampled_from(FORMS))
def test_broken_files_say_nothing_or_something(data: st.DataObject, form: ImageFormat) -> None:
    whole = bytearray(WITH_PROFILE[form])
    for place in data.draw(st.lists(st.integers(0, min(400, len(whole) - 1)), max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    assert len(profile_of(bytes(whole[:cut]))) <= 1 << 24


WITH_PROFILE = {form: encoded_image(picture(0), form, profile=PROFILE) for form in FORMS}
