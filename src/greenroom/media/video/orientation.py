"""Which way up a picture is shown: quarter turns and mirrors, from a container's matrix or from EXIF."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from greenroom.media.video.colour import Pixels

_MATRIX = struct.Struct("<9i")
_EXIF_TAG = 0x0112


@dataclass(frozen=True, slots=True)
class Orientation:
    """What turns the stored picture into the one that is shown: first the axes change places, then they are flipped."""

    transposed: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @property
    def degrees(self) -> int:
        """How far the picture is turned clockwise, after any mirroring from left to right."""
        if self.transposed:
            return 90 if self.flip_x else 270
        return 180 if self.flip_y else 0

    @property
    def mirrored(self) -> bool:
        """Whether right and left change places besides."""
        return self.transposed ^ self.flip_x ^ self.flip_y

    def apply(self, pixels: Pixels) -> Pixels:
        """Pixels as they are shown, (height, width, ...); contiguous."""
        shown = pixels.swapaxes(0, 1) if self.transposed else pixels
        return np.ascontiguousarray(shown[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1])


UPRIGHT = Orientation()
_OF_EXIF = {
    1: UPRIGHT,
    2: Orientation(flip_x=True),
    3: Orientation(flip_x=True, flip_y=True),
    4: Orientation(flip_y=True),
    5: Orientation(transposed=True),
    6: Orientation(transposed=True, flip_x=True),
    7: Orientation(transposed=True, flip_x=True, flip_y=True),
    8: Orientation(transposed=True, flip_y=True),
}


def of_matrix(data: bytes) -> Orientation:
    """The orientation of a display matrix: nine numbers, of which x' = a x + c y and y' = b x + d y are of interest.

    A turn by less than a quarter is none: nothing shows it.
    """
    a, b, _, c, d, *_ = _MATRIX.unpack(data)
    if a and d and not b and not c:
        return Orientation(flip_x=a < 0, flip_y=d < 0)
    if b and c and not a and not d:
        return Orientation(transposed=True, flip_x=c < 0, flip_y=b < 0)
    return UPRIGHT


def of_turn(degrees: int) -> Orientation:
    """The orientation of a picture that is turned counter-clockwise by quarters."""
    return {
        90: Orientation(transposed=True, flip_y=True),
        180: Orientation(flip_x=True, flip_y=True),
        270: Orientation(transposed=True, flip_x=True),
    }.get(degrees % 360, UPRIGHT)


def of_image(data: bytes) -> Orientation:
    """The orientation that a JPEG, PNG, WebP or TIFF file says in its EXIF; what is broken there says nothing."""
    try:
        return _OF_EXIF.get(_exif_orientation(_exif(data)), UPRIGHT)
    except (struct.error, IndexError):
        return UPRIGHT


def _exif(data: bytes) -> bytes:
    """The block of EXIF, which is a small TIFF file; empty where there is none."""
    if data[:2] == b"\xff\xd8":
        return _exif_of_jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return _chunk(data, 8, b"eXIf", ">I4s", order=1, padding=4, aligned=1)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        block = _chunk(data, 12, b"EXIF", "<4sI", order=0, padding=0, aligned=2)
        return block.removeprefix(b"Exif\0\0")
    return data if data[:4] in (b"II*\0", b"MM\0*") else b""


def _exif_of_jpeg(data: bytes) -> bytes:
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, length = struct.unpack_from(">xBH", data, place)
        body = data[place + 4 : place + 2 + length]
        if marker == 0xE1 and body[:6] == b"Exif\0\0":
            return body[6:]
        if marker == 0xDA:  # the picture itself
            break
        place += 2 + length
    return b""


def _chunk(data: bytes, place: int, wanted: bytes, header: str, *, order: int, padding: int, aligned: int) -> bytes:
    """One chunk's body. order: where its name stands in the header.  padding: bytes after each body."""
    while place + 8 <= len(data):
        fields = struct.unpack_from(header, data, place)
        name, length = fields[order], fields[1 - order]
        if name == wanted:
            return data[place + 8 : place + 8 + length]
        place += 8 + length + padding
        place += -length % aligned
    return b""


def _exif_orientation(block: bytes) -> int:
    if not block:
        return 1
    order = "<" if block[:2] == b"II" else ">"
    (first,) = struct.unpack_from(f"{order}I", block, 4)
    (count,) = struct.unpack_from(f"{order}H", block, first)
    for number in range(count):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", block, first + 2 + 12 * number)
        if tag == _EXIF_TAG:
            return int(value)
    return 1
