"""Still pictures: PNG, JPEG, WebP and TIFF, and BMP to read."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import av
import numpy as np
from av.video.frame import VideoFrame

from greenroom.errors import FileUnreadable, UnknownName, quoted
from greenroom.files import Publication
from greenroom.media.video import orientation
from greenroom.media.video.colour import Colour, colour_of, frame_of, rgb_of
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.facts import has_alpha, holds_rgb
from greenroom.media.video.opening import BROKEN, opened, picture_stream
from greenroom.media.video.reading import Alpha, settled_alpha

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.media.video.colour import Pixels

ImageFormat = Literal["png", "jpeg", "webp", "tiff"]
IMAGE_SUFFIXES: dict[str, ImageFormat] = {
    ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".tif": "tiff", ".tiff": "tiff",
}  # fmt: skip
READ_SUFFIXES = (*IMAGE_SUFFIXES, ".bmp")
_JFIF = Colour("bt709", "iec61966-2-1", "bt470bg", full_range=True)


def read_image(path: Path, *, alpha: Alpha = "refuse") -> Pixels:
    """A picture as it is shown, (height, width, 3 or 4): uint8, or uint16 for more than 8 bits.

    EXIF's orientation is applied; of several pictures in one file it is the first. Raises FileUnreadable, AlphaPresent,
    EncodingImpossible (colours that are not computed here).
    """
    try:
        with opened(path) as container:
            frame = next(container.decode(picture_stream(container, path)), None)
    except BROKEN as error:
        message = f"{quoted(path)} is a picture that does not decode"
        raise FileUnreadable(message, mend="copy or download it again") from error
    if frame is None:
        raise FileUnreadable(f"{quoted(path)} holds no picture", mend="copy or download it again")
    # A picture without tags is sRGB, and a JPEG's planes are BT.601 however large it is.
    colour, _ = colour_of(frame, is_rgb=holds_rgb(frame), lines=0)
    wide = max(part.bits for part in frame.format.components) > 8
    pixels = rgb_of(frame, colour, wide=wide, alpha=has_alpha(frame.format) and alpha != "drop")
    return orientation.of_image(path.read_bytes()).apply(settled_alpha(pixels, alpha, quoted(path)))


def encoded_image(pixels: Pixels, form: ImageFormat) -> bytes:
    """A picture as a file: (height, width, 3 or 4), uint8 or uint16.

    PNG and TIFF keep every bit, WebP every bit of eight, and JPEG what its finest tables leave. Raises
    EncodingImpossible where a format has no place for 16 bits or alpha.
    """
    wide, alpha = pixels.dtype == np.uint16, pixels.shape[2] == 4
    if (wide and form in ("jpeg", "webp")) or (alpha and form == "jpeg"):
        raise EncodingImpossible(f"{form} has no {'16 bits' if wide else 'alpha'}", mend="write PNG or TIFF")
    codec, kind, options = {
        "png": ("png", "rgba64be" if alpha else "rgb48be", {}),
        "tiff": ("tiff", "rgba64le" if alpha else "rgb48le", {"compression_algo": "deflate"}),
        "webp": ("libwebp", "bgra", {"lossless": "1"}),
        "jpeg": ("mjpeg", "yuvj444p", {"qmin": "2", "qmax": "2", "huffman": "optimal"}),
    }[form]
    if form in ("png", "tiff") and not wide:
        kind = "rgba" if alpha else "rgb24"
    given = {(False, False): "rgb24", (False, True): "rgba", (True, False): "rgb48le", (True, True): "rgba64le"}
    # PyAV types an encoder by its name where that is a literal.
    encoder: Any = av.CodecContext.create(codec, "w")
    encoder.height, encoder.width = pixels.shape[:2]
    encoder.pix_fmt, encoder.time_base, encoder.options = kind, Fraction(1, 25), options
    if form == "jpeg":
        frame = frame_of(pixels, kind, _JFIF)
    else:
        array: Any = np.ascontiguousarray(pixels)
        frame = VideoFrame.from_ndarray(array, format=given[wide, alpha]).reformat(format=kind)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))


def write_image(path: Path, pixels: Pixels) -> None:
    """Write a picture in the format that its name says. Raises UnknownName, EncodingImpossible, OutputUnwritable."""
    form = IMAGE_SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise UnknownName("picture format", path.suffix, IMAGE_SUFFIXES)
    with Publication(path.parent) as out:
        out.write(path.name, encoded_image(pixels, form))
