"""What files of pictures are made of: JPEG's segments, chunks of PNG and WebP, entries of TIFF, each with its name.

Sources: ITU-T T.81 (JPEG), W3C PNG, RFC 9649 (WebP), TIFF 6.0. A file that breaks off gives what is there.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

JPEG = b"\xff\xd8"
PNG = b"\x89PNG\r\n\x1a\n"
TIFFS = (b"II*\0", b"MM\0*")
_RIFF_HEADER = 12  # bytes: RIFF, length, WEBP
SCAN = 0xDA  # JPEG's marker of the picture itself
_ENTRY = 12  # bytes of one of TIFF's
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1}  # bytes of one of a type of TIFF's


class Entry(NamedTuple):
    """An entry of TIFF. kind: of its values.  values: how many.  raw: its twelve bytes."""

    tag: int
    kind: int
    values: int
    raw: bytes


def is_webp(data: bytes) -> bool:
    """Whether bytes begin as a WebP does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Marker, place and body of each segment before the picture itself, which comes last, with its header alone."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, length = struct.unpack_from(">xBH", data, place)
        yield marker, place, data[place + 4 : place + 2 + length]
        if marker == SCAN:
            return
        place += 2 + length


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each chunk."""
    place = len(PNG)
    while place + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        yield name, data[place + 8 : place + 8 + length]
        place += length + 12  # a checksum follows


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each chunk."""
    place = _RIFF_HEADER
    while place + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, place)
        yield name, data[place + 8 : place + 8 + length]
        place += 8 + length + length % 2


def tiff_order(data: bytes) -> str:
    """In which order a TIFF's numbers stand, as struct names it."""
    return "<" if data[:2] == b"II" else ">"


def tiff_entries(data: bytes) -> tuple[list[Entry], int]:
    """The entries of a TIFF's first picture, and where the next begins, 0 for nowhere. Raises struct.error."""
    order = tiff_order(data)
    (first,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, first)
    end = first + 2 + _ENTRY * count
    entries = []
    for place in range(first + 2, min(end, len(data) - _ENTRY + 1), _ENTRY):
        tag, kind, values = struct.unpack_from(f"{order}HHI", data, place)
        entries.append(Entry(tag, kind, values, data[place : place + _ENTRY]))
    after = int.from_bytes(data[end : end + 4], "little" if order == "<" else "big")
    return entries, after


def tiff_value(data: bytes, entry: Entry) -> bytes:
    """The bytes of an entry's values, which stand in it where they fit. Raises struct.error."""
    length = _WIDTHS.get(entry.kind, 8) * entry.values
    if length <= 4:
        return entry.raw[8 : 8 + length]
    (place,) = struct.unpack_from(f"{tiff_order(data)}I", entry.raw, 8)
    return data[place : place + length]
