"""Small videos of every kind, made here with PyAV alone; and pictures that tell which frame they are."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec.context import Flags
from numpy.typing import NDArray

WIDTH, HEIGHT = 64, 48
RATE = Fraction(25)


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A bright square that stands elsewhere in each frame, over a gradient; its corner tells which way is up."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(30, 90, width, dtype=np.uint8)
    pixels[..., 1] = np.linspace(60, 120, height, dtype=np.uint8)[:, None]
    pixels[: height // 4, : width // 4] = (200, 40, 40)
    left = 16 + (number * 3) % (width - 32)
    pixels[height // 2 : height // 2 + 12, left : left + 12] = 230
    return pixels


def video(
    path: Path,
    *,
    codec: str = "libx264",
    frames: int = 12,
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 12_800),
    rate: Fraction = RATE,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    pixel_format: str = "yuv420p",
    options: Mapping[str, str] | None = None,
    turn: tuple[float, bool, bool] | None = None,
    draw: Callable[[int], NDArray[Any]] | None = None,
    given: str = "rgb24",
    container: str | None = None,
    **context: Any,
) -> Path:
    """A video; ``times`` are in ``time_base``, ``context`` is set on the encoder."""
    step = round(1 / (rate * time_base))
    stamps = times if times is not None else [step * number for number in range(frames)]
    with av.open(str(path), "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=rate, options=dict(options or {}))
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        stream.codec_context.time_base = time_base
        stream.codec_context.flags |= Flags.frame_duration
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        if turn:
            stream.set_display_rotation(*turn)
        for number, stamp in enumerate(stamps):
            pixels = draw(number) if draw else picture(number, *size)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=given)
            frame.pts, frame.time_base, frame.duration = stamp, time_base, step
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


CLICK_S = 0.4
SECONDS = 1


def with_sound(
    path: Path,
    *,
    codec: str = "aac",
    rate: int = 48_000,
    video_codec: str = "libx264",
    tracks: int = 1,
    delay_s: Fraction = Fraction(0),
) -> Path:
    """One second, with a white flash and a click at the same time. delay_s: of the first picture."""
    with av.open(
        str(path), "w", options={"movie_timescale": "48000"} if path.suffix in (".mp4", ".mov") else {}
    ) as out:
        stream: Any = out.add_stream(video_codec, rate=RATE, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.time_base = 1 / RATE
        heard: list[Any] = [out.add_stream(codec, rate=rate, layout="mono") for _ in range(tracks)]
        for number, track in enumerate(heard):
            track.metadata["language"] = ("eng", "deu", "fra")[number]
        out.metadata["title"] = "A flash"
        out.set_chapters(
            [
                {"id": 1, "start": 0, "end": 400, "time_base": Fraction(1, 1000), "metadata": {"title": "Dark"}},
                {"id": 2, "start": 400, "end": 1000, "time_base": Fraction(1, 1000), "metadata": {"title": "Light"}},
            ]
        )
        for number in range(SECONDS * int(RATE)):
            if number / RATE < delay_s:
                continue
            pixels = np.full((HEIGHT, WIDTH, 3), 255 if number == CLICK_S * RATE else 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, 1 / RATE
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        samples = np.zeros((1, SECONDS * rate), np.float32)
        samples[0, int(CLICK_S * rate) : int(CLICK_S * rate) + 64] = 0.9
        for track in heard:
            sound = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            sound.sample_rate, sound.pts = rate, 0
            out.mux(track.encode(sound))
            out.mux(track.encode(None))
    return path


def click_at(path: Path, track: int = 0) -> float:
    """When the click is heard, in seconds by the container's own clock."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        for frame in container.decode(stream):
            samples = np.abs(frame.to_ndarray().astype(np.float64)).reshape(-1)
            if samples.max() > 0.3 * (1 if frame.format.name.startswith("flt") else 32_767):
                assert frame.pts is not None
                assert frame.time_base is not None
                return float(frame.pts * frame.time_base) + int(samples.argmax()) / frame.sample_rate
    raise AssertionError("no click")


def times_of(path: Path) -> list[Fraction]:
    """When frames are shown, as FFmpeg decodes them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base
        return [frame.pts * stream.time_base for frame in container.decode(stream) if frame.pts is not None]


def planes_of(path: Path) -> list[bytes]:
    """The planes of each frame as they are decoded, without the padding of lines."""
    with av.open(str(path)) as container:
        return [
            b"".join(
                bytes(row[: plane.width * _bytes_a_sample(frame, plane)])
                for plane in planes(frame)
                for row in np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height]
            )
            for frame in container.decode(video=0)
        ]


def planes(frame: av.VideoFrame) -> list[Any]:
    """Its planes; each is a buffer, which PyAV's stub does not say."""
    return list(frame.planes)


def _bytes_a_sample(frame: av.VideoFrame, plane: Any) -> int:
    if frame.format.name == "bgr0":
        return 4
    return 1 if frame.format.components[0].bits == 8 else 2


def exif(orientation: int, order: str = "<") -> bytes:
    """A block of EXIF with nothing but an orientation."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


CMYK = (
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBXQUZMTlJTUjI+WmFaUG"
    "BKUVJP/8AAFAgAQABABEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAAGB//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAOBEMATQBZ"
    "AEsAAD8A0tmDMGnAAAAMdXC4AAAAGxIdDgAAADHVwuAAAABsSHQ4AAAAx1cLgAAAAbEh0OAAAAMdXC4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAf/2Q=="
)
"""A JPEG of 64x64 in the four inks of print, in base64: red on the top left, grey elsewhere."""


def psnr(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Of two pictures of one type, in dB."""
    most = np.iinfo(one.dtype).max
    error = float(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2))
    return 99.0 if error == 0 else float(10 * np.log10(most**2 / error))
