"""Whether a file ends where its header says: one that was cut off decodes to its end, and looks whole.

MP4 lists every frame; Matroska, WebM (RFC 9559) and AVI say how many bytes follow. A broadcast says nothing, but is
made of packets of one length.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

Ending = Literal["whole", "cut", "unknown"]

_SEGMENT = 0x18538067
_EBML = 0x1A45DFA3
_MOST_BYTES = 8  # of a number of EBML
# Writers differ by the padding of the last piece.
_SLACK = 8
_PACKETS = (188, 192, 204)  # bytes: of a broadcast, with a time before each, with a checksum behind each


def ending_of(path: Path, container: str) -> Ending:
    """How a file ends; ``unknown`` where its header leaves that open. container: FFmpeg's name of its format."""
    with path.open("rb") as file:
        try:
            if "matroska" in container:
                return _of_matroska(file)
            if container == "avi":
                return _of_avi(file)
        except (struct.error, ValueError):
            return "unknown"
        if container == "mpegts" and all(_length(file) % packet for packet in _PACKETS):
            return "cut"
    return "whole"


def _of_matroska(file: IO[bytes]) -> Ending:
    """An element is its name, its length, its content; the second one holds everything."""
    if _number(file, marked=True) != _EBML:
        return "unknown"
    header = _number(file)
    file.seek(header, os.SEEK_CUR)
    if _number(file, marked=True) != _SEGMENT:
        return "unknown"
    before = file.tell()
    size = _number(file)
    digits = file.tell() - before
    if size == (1 << 7 * digits) - 1:  # as those write who cannot go back
        return "unknown"
    return "cut" if file.tell() + size > _length(file) else "whole"


def _number(file: IO[bytes], *, marked: bool = False) -> int:
    """A number, whose first bits tell its length. marked: those stay in it, as in names. Raises ValueError."""
    first = file.read(1)
    length = 9 - first[0].bit_length() if first else _MOST_BYTES + 1
    if length > _MOST_BYTES:
        raise ValueError("no number")
    rest = file.read(length - 1)
    if len(rest) < length - 1:
        raise ValueError("the file ends in a number")
    value = int.from_bytes(first + rest, "big")
    return value if marked else value & (1 << 7 * length) - 1


def _of_avi(file: IO[bytes]) -> Ending:
    """A large one is several pieces of RIFF."""
    place, length = 0, _length(file)
    while place + 12 <= length:
        file.seek(place)
        name, size = struct.unpack("<4sI", file.read(8))
        if name != b"RIFF":
            break
        if size in (0, 0xFFFFFFFF):
            return "unknown"
        place += 8 + size + size % 2
    return "cut" if place > length + _SLACK else "whole"


def _length(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size
