"""Which way up a picture is shown: quarter turns and mirrors, from a container's matrix or from EXIF."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from greenroom.media.video.segments import (
    JPEG,
    PNG,
    TIFFS,
    is_webp,
    jpeg_segments,
    png_chunks,
    tiff_entries,
    tiff_order,
    webp_chunks,
)

if TYPE_CHECKING:
    from greenroom.media.video.colour import Pixels

_MATRIX = struct.Struct("<9i")
_EXIF_TAG = 0x0112
_APP1 = 0xE1


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
    mark = b"Exif\0\0"
    if data.startswith(JPEG):
        found = (body for marker, _, body in jpeg_segments(data) if marker == _APP1 and body.startswith(mark))
        return next(found, b"").removeprefix(mark)
    if data.startswith(PNG):
        return next((body for name, body in png_chunks(data) if name == b"eXIf"), b"")
    if is_webp(data):
        return next((body for name, body in webp_chunks(data) if name == b"EXIF"), b"").removeprefix(mark)
    return data if data[:4] in TIFFS else b""


def _exif_orientation(block: bytes) -> int:
    if not block:
        return 1
    entries, _ = tiff_entries(block)
    wanted = (entry.raw for entry in entries if entry.tag == _EXIF_TAG)
    found = (int(struct.unpack_from(f"{tiff_order(block)}H", raw, 8)[0]) for raw in wanted)
    return next(found, 1)
