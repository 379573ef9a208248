"""HDR10's metadata for codecs that have no words for it, ProRes and FFV1: their container says it.

PyAV has no way to give such data to a stream, but copies what a stream that it read had. So the header of a MOV or MP4
is made in memory, completed with the boxes mdcv and clli (ISO 14496-12, 12.1.6), and read again as a template.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import av

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.media.video.hdr import ContentLight, MasteringDisplay

# The boxes that lie in each other, down to the one that tells what a track holds; and the bytes of each before others.
_DOWN = ((b"moov", 8), (b"trak", 8), (b"mdia", 8), (b"minf", 8), (b"stbl", 8), (b"stsd", 16))
_HEADER_ALONE = {"movflags": "empty_moov+frag_custom"}


class DeclaringEncoder:
    """An encoder beside a file, and a stream that tells the file what the encoder cannot.

    template: for the file's own stream. Raises ValueError where this FFmpeg has no such encoder.
    """

    def __init__(
        self,
        container: str,
        encoder: Callable[[Any], Any],
        display: MasteringDisplay | None,
        light: ContentLight | None,
    ) -> None:
        """container: mov or mp4.  encoder: adds its stream, all set, to a file that is open for writing."""
        written = io.BytesIO()
        self._beside = av.open(written, "w", format=container, options=_HEADER_ALONE)
        self._stream = encoder(self._beside)
        self._beside.start_encoding()
        boxes = (display.in_box() if display else b"") + (light.in_box() if light else b"")
        self._read = av.open(io.BytesIO(declared(written.getvalue(), boxes)), "r", format="mov")
        self.template: Any = self._read.streams.video[0]
        self.template.codec_context.pix_fmt = self._stream.codec_context.pix_fmt

    def encode(self, frame: av.VideoFrame | None) -> list[Any]:
        """Packets, as a stream's own encoder gives them."""
        packets: list[Any] = self._stream.encode(frame)
        return packets

    def close(self) -> None:
        """Let go of what was made in memory."""
        self._read.close()
        self._beside.close()


def declared(header: bytes, boxes: bytes) -> bytes:
    """The header of a MOV or MP4 of one track, with boxes more about what it holds. Raises ValueError."""
    place, end, sizes = 0, len(header), []
    for name, before in _DOWN:
        while place + 8 <= end and header[place + 4 : place + 8] != name:
            place += max(8, int.from_bytes(header[place : place + 4], "big"))
        if place + 8 > end:
            raise ValueError(f"no box {name!r}")
        sizes.append(place)
        end = place + int.from_bytes(header[place : place + 4], "big")
        place += before
    sizes.append(place)  # of the first thing that is told
    behind = place + int.from_bytes(header[place : place + 4], "big")
    made = bytearray(header[:behind] + boxes + header[behind:])
    for at in sizes:
        struct.pack_into(">I", made, at, int.from_bytes(made[at : at + 4], "big") + len(boxes))
    return bytes(made)
