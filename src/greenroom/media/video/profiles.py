"""Colour profiles (ICC) of pictures: read from a file as they are, and put into another.

They say what the numbers of a picture look like; without theirs, pictures of cameras and phones show paler or stronger
colours.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from greenroom.media.video.segments import (
    JPEG,
    PNG,
    TIFFS,
    is_webp,
    jpeg_segments,
    png_chunks,
    tiff_entries,
    tiff_order,
    tiff_value,
    webp_chunks,
)

if TYPE_CHECKING:
    from greenroom.media.video.images import ImageFormat

_NAME = b"ICC_PROFILE\0"
_APP2 = 0xE2
_TIFF_TAG = 34_675
_TIFF_UNDEFINED = 7  # the type of values without a meaning of their own
_IN_A_SEGMENT = 65_519  # bytes: a segment of JPEG, without its length, the name and two numbers
_SEGMENTS = 255
_LARGEST = 1 << 24  # bytes; a packed one may be made to become anything
_SPACE = slice(16, 20)  # of a profile: which numbers it is about
_WEBP_PROFILE, _WEBP_ALPHA = 0x20, 0x10
_WEBP_SIZE = 14  # bits of a side, in its lossless pictures


def profile_of(data: bytes) -> bytes:
    """The colour profile in the bytes of a picture's file; empty where there is none, or it is broken."""
    try:
        if data.startswith(JPEG):
            return _of_jpeg(data)
        if data.startswith(PNG):
            packed = next((body for name, body in png_chunks(data) if name == b"iCCP"), b"")
            return _unpacked(packed.partition(b"\0")[2][1:])
        if is_webp(data):
            return next((body for name, body in webp_chunks(data) if name == b"ICCP"), b"")
        if data[:4] in TIFFS:
            entries, _ = tiff_entries(data)
            return next((tiff_value(data, entry) for entry in entries if entry.tag == _TIFF_TAG), b"")
    except (struct.error, zlib.error):
        return b""
    return b""


def is_of_rgb(profile: bytes) -> bool:
    """Whether a profile is about red, green and blue; others are about grey, or about inks."""
    return profile[_SPACE] == b"RGB "


def with_profile(data: bytes, form: ImageFormat, profile: bytes) -> bytes:
    """The bytes of a picture's file, which has no profile yet, with one. An empty profile changes nothing."""
    if not profile:
        return data
    match form:
        case "png":
            return _in_png(data, profile)
        case "jpeg":
            return _in_jpeg(data, profile)
        case "webp":
            return _in_webp(data, profile)
        case "tiff":
            return _in_tiff(data, profile)


def _of_jpeg(data: bytes) -> bytes:
    """A profile is dealt out to several segments, each with its number."""
    pieces = {
        body[len(_NAME)]: body[len(_NAME) + 2 :]
        for marker, _, body in jpeg_segments(data)
        if marker == _APP2 and body.startswith(_NAME) and len(body) > len(_NAME) + 2
    }
    return b"".join(pieces[number] for number in sorted(pieces))


def _unpacked(packed: bytes) -> bytes:
    if not packed:
        return b""
    unpacker = zlib.decompressobj()
    profile = unpacker.decompress(packed, _LARGEST)
    return profile if unpacker.eof else b""


def _in_png(data: bytes, profile: bytes) -> bytes:
    body = b"ICC profile\0\0" + zlib.compress(profile)
    chunk = struct.pack(">I", len(body)) + b"iCCP" + body + struct.pack(">I", zlib.crc32(b"iCCP" + body))
    header = len(PNG) + 25  # its first chunk, of 13 bytes, tells the size
    return data[:header] + chunk + data[header:]


def _in_jpeg(data: bytes, profile: bytes) -> bytes:
    """Behind the first segment, which is JFIF's and has to come first."""
    pieces = [profile[start : start + _IN_A_SEGMENT] for start in range(0, len(profile), _IN_A_SEGMENT)]
    if len(pieces) > _SEGMENTS:
        return data
    made = b"".join(
        struct.pack(">BBH", 0xFF, _APP2, 2 + len(_NAME) + 2 + len(piece)) + _NAME + bytes((number, len(pieces))) + piece
        for number, piece in enumerate(pieces, 1)
    )
    marker, place, body = next(iter(jpeg_segments(data)))
    behind = place + 4 + len(body) if marker == 0xE0 else place
    return data[:behind] + made + data[behind:]


def _in_webp(data: bytes, profile: bytes) -> bytes:
    """A lossless picture becomes one with a header, which lists what else there is."""
    name, body = next(iter(webp_chunks(data)))
    if name != b"VP8L":
        return data
    bits = int.from_bytes(body[1:5], "little")
    most = (1 << _WEBP_SIZE) - 1
    sides = (bits & most).to_bytes(3, "little") + (bits >> _WEBP_SIZE & most).to_bytes(3, "little")
    flags = _WEBP_PROFILE | (_WEBP_ALPHA if bits >> 2 * _WEBP_SIZE & 1 else 0)
    chunks = [(b"VP8X", bytes((flags, 0, 0, 0)) + sides), (b"ICCP", profile), *webp_chunks(data)]
    made = b"".join(struct.pack("<4sI", name, len(body)) + body + bytes(len(body) % 2) for name, body in chunks)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(made), b"WEBP") + made


def _in_tiff(data: bytes, profile: bytes) -> bytes:
    """The list of entries is written anew behind everything else, and the profile behind it."""
    order = tiff_order(data)
    data += bytes(len(data) % 2)
    entries, after = tiff_entries(data)
    place = len(data) + 2 + 12 * (len(entries) + 1) + 4
    entry = struct.pack(f"{order}HHII", _TIFF_TAG, _TIFF_UNDEFINED, len(profile), place)
    listed = sorted([*(entry.raw for entry in entries), entry], key=lambda raw: struct.unpack_from(f"{order}H", raw))
    table = struct.pack(f"{order}H", len(listed)) + b"".join(listed) + struct.pack(f"{order}I", after)
    return data[:4] + struct.pack(f"{order}I", len(data)) + data[8:] + table + profile
