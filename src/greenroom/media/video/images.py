"""Still pictures: PNG, JPEG, WebP and TIFF, and BMP to read."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import av
import numpy as np
from av.video.frame import VideoFrame

from greenroom.errors import FileUnreadable, UnknownName, quoted
from greenroom.files import Publication
from greenroom.media.audio import require_file
from greenroom.media.video import orientation
from greenroom.media.video.colour import Colour, colour_of, frame_of, rgb_of
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.facts import has_alpha, holds_rgb
from greenroom.media.video.opening import BROKEN, opened, picture_stream
from greenroom.media.video.profiles import is_of_rgb, profile_of, with_profile
from greenroom.media.video.reading import Alpha, settled_alpha
from greenroom.media.video.segments import JPEG, SCAN, TIFFS, is_webp, jpeg_segments, tiff_entries, webp_chunks

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.media.video.colour import Pixels

ImageFormat = Literal["png", "jpeg", "webp", "tiff"]
IMAGE_SUFFIXES: dict[str, ImageFormat] = {
    ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp", ".tif": "tiff", ".tiff": "tiff",
}  # fmt: skip
READ_SUFFIXES = (*IMAGE_SUFFIXES, ".bmp")
_JPEG_END = b"\xff\xd9"
_JFIF = Colour("bt709", "iec61966-2-1", "bt470bg", full_range=True)


def read_image(path: Path, *, alpha: Alpha = "refuse") -> Pixels:
    """A picture as it is shown, (height, width, 3 or 4): uint8, or uint16 for more than 8 bits.

    EXIF's orientation is applied; of several pictures in one file it is the first. Raises FileUnreadable, also where
    the file breaks off, AlphaPresent, EncodingImpossible (colours that are not computed here).
    """
    data = _bytes_of(path)
    _require_whole(data, path)
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
    return orientation.of_image(data).apply(settled_alpha(pixels, alpha, quoted(path)))


@dataclass(frozen=True, slots=True)
class ImageExtras:
    """What a file holds besides the picture that is read from it.

    profile: the colour profile (ICC) that its numbers follow, empty for none.  notes: sentences on what is not read.
    """

    profile: bytes = b""
    notes: tuple[str, ...] = ()


def image_extras(path: Path) -> ImageExtras:
    """What a file holds besides its picture. Raises FileUnreadable."""
    data = _bytes_of(path)
    notes = []
    profile = profile_of(data)
    if profile and not is_of_rgb(profile):
        notes.append(f"the colour profile of {quoted(path.name)} is not about RGB, and is left out")
        profile = b""
    if data[:4] in TIFFS and _has_pages(data):
        notes.append(f"{quoted(path.name)} has several pages: the first is read")
    return ImageExtras(profile, tuple(notes))


def encoded_image(pixels: Pixels, form: ImageFormat, *, profile: bytes = b"") -> bytes:
    """A picture as a file: (height, width, 3 or 4), uint8 or uint16. profile: of its colours (ICC), which is kept.

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
    data = b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))
    return with_profile(data, form, profile)


def write_image(path: Path, pixels: Pixels, *, profile: bytes = b"") -> None:
    """Write a picture in the format that its name says, with a profile of its colours (ICC).

    Raises UnknownName, EncodingImpossible, OutputUnwritable.
    """
    form = IMAGE_SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise UnknownName("picture format", path.suffix, IMAGE_SUFFIXES)
    with Publication(path.parent) as out:
        out.write(path.name, encoded_image(pixels, form, profile=profile))


def _bytes_of(path: Path) -> bytes:
    require_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{quoted(path)} cannot be read: {error.strerror}", mend="check its rights") from error


def _require_whole(data: bytes, path: Path) -> None:
    """Refuse what FFmpeg would decode to a picture that is grey from somewhere on, or not at all."""
    if data.startswith(JPEG):
        # The mark of its end may stand in the small picture of EXIF, too, which is part of a segment.
        scan = next((place for marker, place, _ in jpeg_segments(data) if marker == SCAN), len(data))
        if data.find(_JPEG_END, scan) < 0:
            raise FileUnreadable(f"{quoted(path)} is a JPEG that breaks off", mend="copy or download it again")
    if is_webp(data) and any(name == b"ANIM" for name, _ in webp_chunks(data)):
        raise FileUnreadable(
            f"{quoted(path)} is an animated WebP, which is not read here", mend="convert it to a GIF, APNG or MP4"
        )


def _has_pages(data: bytes) -> bool:
    with contextlib.suppress(struct.error):
        return tiff_entries(data)[1] != 0
    return False
