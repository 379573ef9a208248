"""Colours of video: what its tags mean, and RGB to and from its planes with full precision.

Names and numbers of tags: ITU-T H.273.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation

from greenroom.media.video.errors import EncodingImpossible

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from numpy.typing import NDArray

    # uint8 or uint16, (height, width, channels)
    Pixels = NDArray[np.unsignedinteger[Any]]

_UNTAGGED = 2
PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
TRANSFERS = {
    1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100", 10: "log316",
    11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084",
    17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
MATRICES = {
    0: "rgb", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
    10: "bt2020c", 14: "ictcp",
}  # fmt: skip
# What FFmpeg's scaler computes, by its own numbers of matrices.
_SCALER = {"bt709": 1, "fcc": 4, "bt470bg": 5, "smpte170m": 5, "smpte240m": 7, "bt2020nc": 9}
_HD_LINES = 720
_PAL_LINES = 576
# By default the scaler rounds chroma to whole steps and loses up to two values of eight bits.
_EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.BITEXACT
)
_WHITE = 65_535
# The scaler's own white in RGB of 16 bits is less: 255 shifted up, and where it comes from full range the largest
# number shifted up. Measured against the formulas (tests/media/video/test_colour.py).
_SCALER_WHITE = 255 << 8


@dataclass(frozen=True, slots=True)
class Colour:
    """How a video's numbers become light, by the names that H.273 and FFmpeg use.

    matrix: ``rgb`` where the file holds RGB itself.  full_range: black is 0, and white the largest number.
    """

    primaries: str = "bt709"
    transfer: str = "bt709"
    matrix: str = "bt709"
    full_range: bool = False

    @classmethod
    def untagged(cls, lines: int) -> Colour:
        """What players take for a video without tags, by the lines that it has: BT.601 below 720, else BT.709."""
        if lines >= _HD_LINES:
            return cls()
        if lines == _PAL_LINES:
            return cls("bt470bg", "smpte170m", "bt470bg")
        return cls("smpte170m", "smpte170m", "smpte170m")

    @property
    def dynamic_range(self) -> str:
        """``pq``, ``hlg`` or ``sdr``."""
        return {"smpte2084": "pq", "arib-std-b67": "hlg"}.get(self.transfer, "sdr")

    def tag(self, target: VideoCodecContext | VideoFrame) -> None:
        """Write the tags into an encoder or a frame."""
        target.color_primaries = _number(PRIMARIES, self.primaries)
        target.color_trc = _number(TRANSFERS, self.transfer)
        target.colorspace = _number(MATRICES, self.matrix)
        target.color_range = int(ColorRange.JPEG if self.full_range else ColorRange.MPEG)


def colour_of(tagged: VideoCodecContext | VideoFrame, *, is_rgb: bool, lines: int) -> tuple[Colour, tuple[str, ...]]:
    """The colour that a decoder tells, and which of its tags were missing and are guessed."""
    if is_rgb:
        primaries = PRIMARIES.get(tagged.color_primaries, "bt709")
        return Colour(primaries, TRANSFERS.get(tagged.color_trc, "iec61966-2-1"), "rgb", full_range=True), ()
    guess = Colour.untagged(lines)
    missing = [
        name
        for name, number, known in (
            ("primaries", tagged.color_primaries, PRIMARIES),
            ("transfer", tagged.color_trc, TRANSFERS),
            ("matrix", tagged.colorspace, MATRICES),
        )
        # 0 is a matrix (RGB), which planes of another kind cannot have.
        if number not in known or number in (0, _UNTAGGED)
    ]
    found = Colour(
        guess.primaries if "primaries" in missing else PRIMARIES[tagged.color_primaries],
        guess.transfer if "transfer" in missing else TRANSFERS[tagged.color_trc],
        guess.matrix if "matrix" in missing else MATRICES[tagged.colorspace],
        full_range=tagged.color_range == ColorRange.JPEG,
    )
    return found, tuple(missing)


def rgb_of(frame: VideoFrame, colour: Colour, *, wide: bool, alpha: bool) -> Pixels:
    """A frame's pixels, (height, width, 3 or 4): uint8, or where wide uint16 with white at 65 535.

    Raises EncodingImpossible for a matrix that is not computed here.
    """
    form = {(False, False): "rgb24", (False, True): "rgba", (True, False): "rgb48le", (True, True): "rgba64le"}
    if colour.matrix != "rgb":
        _require_matrix(colour)
        colour.tag(frame)
    bits = max(part.bits for part in frame.format.components)
    source = frame
    if not wide and not alpha and colour.matrix != "rgb":
        # The scaler has quick code for planes of RGB and none for pixels, and computes the same.
        source = frame.reformat(format="gbrp", interpolation=_EXACT)
    converted = source.reformat(format=form[wide, alpha], interpolation=_EXACT)
    array: Any = converted.to_ndarray()
    # What was RGB already is the decoder's own, from which it may make the next frame.
    pixels: Pixels = array.copy() if converted is frame else array
    if not wide or colour.matrix == "rgb":
        return np.ascontiguousarray(pixels)
    rise = _stretched(_white_read(bits, full_range=colour.full_range))
    if alpha:
        return np.concatenate([rise[pixels[..., :3]], pixels[..., 3:]], axis=2)
    return rise[pixels]


def thumbnail_of(frame: VideoFrame, colour: Colour, width: int, height: int) -> Pixels:
    """A frame's pixels made small, (height, width, 3), uint8. Raises EncodingImpossible as ``rgb_of`` does."""
    if colour.matrix != "rgb":
        _require_matrix(colour)
        colour.tag(frame)
    small: Any = frame.reformat(width, height, "rgb24", interpolation=Interpolation.AREA)
    pixels: Pixels = small.to_ndarray()
    return pixels


def frame_of(pixels: Pixels, form: str, colour: Colour) -> VideoFrame:
    """A tagged frame of a pixel format from RGB, uint8 or uint16, (height, width, 3)."""
    wide = pixels.dtype == np.uint16
    if colour.matrix != "rgb":
        _require_matrix(colour)
        if wide:
            pixels = _pressed(_SCALER_WHITE)[pixels]
    array: Any = np.ascontiguousarray(pixels)
    frame = VideoFrame.from_ndarray(array, format="rgb48le" if wide else "rgb24")
    if colour.matrix == "rgb":
        frame = frame.reformat(format=form, interpolation=_EXACT)
    else:
        span = ColorRange.JPEG if colour.full_range else ColorRange.MPEG
        frame = frame.reformat(
            format=form, dst_colorspace=_SCALER[colour.matrix], dst_color_range=span, interpolation=_EXACT
        )
    colour.tag(frame)
    return frame


def _white_read(bits: int, *, full_range: bool) -> int:
    return ((1 << bits) - 1) << (16 - bits) if full_range else _SCALER_WHITE


@cache
def _stretched(white: int) -> NDArray[np.uint16]:
    """A table that moves ``white`` to 65 535."""
    levels = np.arange(_WHITE + 1, dtype=np.uint64)
    return np.minimum((levels * _WHITE + white // 2) // white, _WHITE).astype(np.uint16)


@cache
def _pressed(white: int) -> NDArray[np.uint16]:
    """A table that moves 65 535 to ``white``."""
    levels = np.arange(_WHITE + 1, dtype=np.uint64)
    return ((levels * white + _WHITE // 2) // _WHITE).astype(np.uint16)


def _require_matrix(colour: Colour) -> None:
    if colour.matrix not in _SCALER:
        raise EncodingImpossible(
            f"colours of matrix {colour.matrix} are not computed here",
            mend=f"convert it to one of {', '.join(_SCALER)}",
        )


def _number(names: dict[int, str], name: str) -> int:
    return next((number for number, known in names.items() if known == name), _UNTAGGED)
