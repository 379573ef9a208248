"""Small files of every kind, made here."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

VIDEO_CODECS = {"mp4": "mpeg4", "webm": "libvpx", "ts": "mpeg2video", "gif": "gif", "avi": "mpeg4"}


def video(
    path: Path, *, width: int = 64, height: int = 48, frames: int = 25, fps: int = 25, sound: bool = False
) -> Path:
    """A video of one colour; its name's ending says which container."""
    form = path.suffix[1:]
    with av.open(str(path), "w", format={"ts": "mpegts"}.get(form, form)) as out:
        stream = out.add_stream(VIDEO_CODECS[form], rate=fps)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = width, height
        stream.pix_fmt = "rgb8" if form == "gif" else "yuv420p"
        track = out.add_stream("aac", rate=44_100, layout="stereo") if sound else None
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), number % 255, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if isinstance(track, av.AudioStream):
            silence = np.zeros((2, 44_100 * frames // fps), np.float32)
            heard = av.AudioFrame.from_ndarray(silence, format="fltp", layout="stereo")
            heard.sample_rate, heard.pts = 44_100, 0
            out.mux(track.encode(heard))
            out.mux(track.encode(None))
    return path


def wav(path: Path, *, seconds: float = 1.0, rate: int = 8000, channels: int = 1) -> Path:
    """Silence."""
    data = bytes(int(seconds * rate) * channels * 2)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * channels * 2, channels * 2, 16)
    path.write_bytes(
        struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE") + form + struct.pack("<4sI", b"data", len(data)) + data
    )
    return path


def png(path: Path, width: int, height: int) -> Path:
    """A black image, however large: one row is packed again and again."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(1 + width * 3)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path
