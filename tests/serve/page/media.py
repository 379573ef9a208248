"""What jobs of the stand-in make: a tone with its words, a clip, a picture."""

from __future__ import annotations

import io
import wave
from fractions import Fraction

import av
import numpy as np


def tone(seconds: float = 1.5) -> bytes:
    """A WAV of a tone that swells three times, as speech does."""
    times = np.arange(int(8000 * seconds)) / 8000
    sound = np.sin(2 * np.pi * 220 * times) * np.abs(np.sin(2 * np.pi * times)) * 0.6
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes((sound * 32767).astype("<i2").tobytes())
    return file.getvalue()


def clip(width: int = 96, sharp: bool = True, frames: int = 24) -> bytes:
    """A WebM of a square that crosses the picture in two seconds."""
    height = width * 9 // 16
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as out:
        stream = out.add_stream("libvpx-vp9", rate=12, options={"crf": "30", "cpu-used": "8", "deadline": "realtime"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, 12)
        for number in range(frames):
            picture = np.full((height, width, 3), (38, 90, 72) if sharp else (92, 92, 92), np.uint8)
            left = (width - height // 2) * number // frames
            picture[height // 4 : height * 3 // 4, left : left + height // 2] = (
                (240, 236, 220) if sharp else (150, 150, 150)
            )
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return file.getvalue()


def picture() -> bytes:
    """A PNG of a slope of colours."""
    across = np.linspace(0, 255, 160, dtype=np.uint8)
    pixels = np.stack(
        [np.tile(across, (90, 1)), np.full((90, 160), 140, np.uint8), np.tile(across[::-1], (90, 1))], axis=-1
    )
    coder = av.CodecContext.create("png", "w")
    coder.width, coder.height, coder.pix_fmt, coder.time_base = 160, 90, "rgb24", Fraction(1, 1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    return b"".join(bytes(packet) for packet in [*coder.encode(frame), *coder.encode(None)])


VTT = b"""WEBVTT

00:00.000 --> 00:00.700
The <00:00.300>first words

00:00.700 --> 00:01.500
and the last.
"""
