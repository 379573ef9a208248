"""RGB to planes and back is what the formulas of ITU-R say, in every depth, range and matrix."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.media.video.colour import Colour, colour_of, frame_of, rgb_of
from greenroom.media.video.errors import EncodingImpossible
from tests.media.video.clips import planes as planes_of

# Kr and Kb of ITU-R BT.709, BT.601, BT.2020 and SMPTE 240M.
WEIGHTS = {
    "bt709": (0.2126, 0.0722),
    "smpte170m": (0.299, 0.114),
    "bt2020nc": (0.2627, 0.0593),
    "smpte240m": (0.212, 0.087),
}
FORMATS = {8: "yuv444p", 10: "yuv444p10le", 12: "yuv444p12le"}
HEIGHT, WIDTH = 32, 48


def planes(rgb: NDArray[np.float64], colour: Colour, bits: int) -> NDArray[np.float64]:
    """Y, Cb and Cr of RGB in 0..1, not rounded."""
    red_weight, blue_weight = WEIGHTS[colour.matrix]
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    chroma = (blue - luma) / (2 * (1 - blue_weight)), (red - luma) / (2 * (1 - red_weight))
    middle, scale = 1 << bits - 1, 1 << bits - 8
    if colour.full_range:
        most = (1 << bits) - 1
        return np.stack([luma * most, chroma[0] * most + middle, chroma[1] * most + middle])
    return np.stack([luma * 219 * scale + 16 * scale, *(part * 224 * scale + middle for part in chroma)])


def filled(form: str, values: NDArray[Any]) -> av.VideoFrame:
    frame = av.VideoFrame(WIDTH, HEIGHT, form)
    for plane, numbers in zip(planes_of(frame), values, strict=True):
        kind: Any = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
        rows: Any = np.ndarray((plane.height, plane.line_size // kind().itemsize), kind, buffer=plane)
        rows[:, : plane.width] = numbers[: plane.height, : plane.width]
    return frame


def read(frame: av.VideoFrame) -> NDArray[np.float64]:
    kind: Any = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    return np.stack(
        [
            np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width].astype(np.float64)
            for plane in planes_of(frame)
        ]
    )


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("bits", FORMATS)
def test_planes_become_the_rgb_of_the_formula(bits: int, matrix: str, full_range: bool) -> None:
    colour = Colour(matrix=matrix, full_range=full_range)
    rgb = np.random.default_rng(1).random((HEIGHT, WIDTH, 3))
    stored = np.round(planes(rgb, colour, bits))
    pixels = rgb_of(filled(FORMATS[bits], stored), colour, wide=bits > 8, alpha=False)
    assert pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
    # Rounded planes are off by half a value, which the matrix makes up to two of.
    steps = np.abs(pixels / np.iinfo(pixels.dtype).max - rgb) * ((1 << bits) - 1)
    assert steps.max() < 2.5
    again = planes(pixels / np.iinfo(pixels.dtype).max, colour, bits)
    assert np.abs(again - stored).max() <= (1.1 if bits == 8 else 0.7)


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("bits", FORMATS)
def test_rgb_becomes_the_planes_of_the_formula(bits: int, matrix: str, full_range: bool) -> None:
    colour = Colour(matrix=matrix, full_range=full_range)
    rgb = np.random.default_rng(2).random((HEIGHT, WIDTH, 3))
    pixels: Any = np.round(rgb * 255).astype(np.uint8) if bits == 8 else np.round(rgb * 65_535).astype(np.uint16)
    frame = frame_of(pixels, FORMATS[bits], colour)
    wanted = planes(pixels / np.iinfo(pixels.dtype).max, colour, bits)
    # Swscale counts with 15 bits on the way, of which 12 of planes feel the last.
    assert np.abs(read(frame) - wanted).max() < (1.3 if bits < 12 else 2.6)
    assert (frame.colorspace, frame.color_range) == (
        {"bt709": 1, "smpte170m": 6, "bt2020nc": 9, "smpte240m": 7}[matrix],
        1 + full_range,
    )


@pytest.mark.parametrize(("bits", "form"), [(8, "yuv420p"), (10, "yuv420p10le"), (10, "yuv422p10le")])
@pytest.mark.parametrize("value", [0.0, 0.25, 0.5, 1.0])
def test_grey_is_exact_from_black_to_white(bits: int, form: str, value: float) -> None:
    most = 255 if bits == 8 else 65_535
    pixels: Any = np.full((HEIGHT, WIDTH, 3), round(value * most), np.uint8 if bits == 8 else np.uint16)
    again = rgb_of(frame_of(pixels, form, Colour()), Colour(), wide=bits > 8, alpha=False)
    assert np.abs(again.astype(int) - pixels.astype(int)).max() <= most / ((1 << bits) - 1) * 0.8
    if value in (0.0, 1.0):
        np.testing.assert_array_equal(again, pixels)


@pytest.mark.parametrize("form", ["gbrp16le", "rgb48be"])
def test_rgb_in_16_bits_loses_nothing(form: str) -> None:
    pixels = np.random.default_rng(3).integers(0, 65_536, (HEIGHT, WIDTH, 3), dtype=np.uint16)
    colour = Colour(matrix="rgb", full_range=True)
    np.testing.assert_array_equal(rgb_of(frame_of(pixels, form, colour), colour, wide=True, alpha=False), pixels)


@pytest.mark.parametrize(
    ("lines", "matrix", "primaries"),
    [
        (480, "smpte170m", "smpte170m"),
        (576, "bt470bg", "bt470bg"),
        (719, "smpte170m", "smpte170m"),
        (720, "bt709", "bt709"),
    ],
)
def test_without_tags_the_lines_decide(lines: int, matrix: str, primaries: str) -> None:
    colour, guessed = colour_of(av.VideoFrame(16, 16, "yuv420p"), is_rgb=False, lines=lines)
    assert (colour.matrix, colour.primaries, colour.full_range) == (matrix, primaries, False)
    assert guessed == ("primaries", "transfer", "matrix")


def test_tags_are_believed() -> None:
    frame = av.VideoFrame(16, 16, "yuv420p10le")
    told = Colour("bt2020", "smpte2084", "bt2020nc", full_range=True)
    told.tag(frame)
    assert colour_of(frame, is_rgb=False, lines=480) == (told, ())
    assert told.dynamic_range == "pq"


def test_a_matrix_that_is_not_computed_is_named() -> None:
    with pytest.raises(EncodingImpossible, match="ictcp"):
        rgb_of(av.VideoFrame(16, 16, "yuv420p10le"), Colour(matrix="ictcp"), wide=True, alpha=False)
