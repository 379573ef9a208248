"""What a restoring model does, on small frames and without a network: its stages, its plan, its preview, its file."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from greenroom.models.model import Generated, MadeFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from greenroom.models.model import Work
    from tests.serve.models import RestoringInputs

_STAGES = ("encoding", "restoring", "decoding")


def restore(inputs: RestoringInputs, work: Work, may_end: Path) -> Generated:
    """Restore a source. may_end: a file that is waited for before the end, if that is asked for."""
    frames, fps = _read(inputs.source)
    scale = max(1, (inputs.height or frames[0].shape[0]) // frames[0].shape[0])
    height, width = (side * scale for side in frames[0].shape[:2])
    work.tell("plan", {
        "model": "restorer", "device": "cpu", "width": width, "height": height, "bytes": 18_930_000_000,
        "free": 24_000_000_000, "seconds": 75.0, "shots": 2, "frames": len(frames), "windows": 2, "tile": None,
        "stages": {"encoding": 1, "restoring": 1, "decoding": 2},
        "notes": [],
    })  # fmt: skip
    larger = [frame.repeat(scale, 0).repeat(scale, 1) for frame in frames]
    preview = work.folder / "preview.png"
    half = larger[0].copy()
    half[:, : width // 2] = 128
    _write_picture(preview, half)
    for number, stage in enumerate(_STAGES):
        for place in range(len(frames)):
            work.step(stage, place, len(frames))
        if number == 1:
            work.show(MadeFile(preview, "image/png"))
            while inputs.hold and not may_end.exists():
                work.step(stage, 3, len(frames))
                time.sleep(0.01)
    output: dict[str, Any] = {"before": list(frames[0].shape[1::-1]), "after": [width, height], "frames": len(frames)}
    if fps == 0:
        path = work.folder / "restored.png"
        _write_picture(path, larger[0])
        return Generated(output, (MadeFile(path, "image/png"), MadeFile(preview, "image/png")))
    path = work.folder / f"restored.{inputs.format}"
    _write(path, larger, fps)
    output["length_s"] = len(frames) / fps
    return Generated(output, (MadeFile(path, f"video/{inputs.format}"), MadeFile(preview, "image/png")))


def a_clip(path: Path, *, width: int = 96, height: int = 54, frames: int = 24, fps: int = 12) -> Path:
    """A video of a square that crosses the picture, with a tone. path: ends with ``.webm`` or ``.mp4``."""
    pictures = []
    for number in range(frames):
        picture = np.full((height, width, 3), (38, 90, 72), np.uint8)
        left = (width - height // 2) * number // frames
        picture[height // 4 : height * 3 // 4, left : left + height // 2] = (240, 236, 220)
        pictures.append(picture)
    _write(path, pictures, fps)
    return path


def _read(source: str) -> tuple[list[NDArray[Any]], int]:
    """The frames as RGB and their rate, 0 for a picture."""
    with av.open(source) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return frames, round(stream.average_rate or 1) if len(frames) > 1 else 0


def _write(path: Path, pictures: list[NDArray[Any]], fps: int) -> None:
    with av.open(str(path), "w") as out:
        fast = {"crf": "30", "cpu-used": "8", "deadline": "realtime"}
        webm = path.suffix == ".webm"
        stream = out.add_stream(
            "libvpx-vp9" if webm else "libx264", rate=fps, options=fast if webm else {"preset": "ultrafast"}
        )
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, fps)
        sound = out.add_stream("libopus" if webm else "aac", rate=48_000, layout="mono")
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        times = np.arange(48_000 * len(pictures) // fps) / 48_000
        tone = (np.sin(2 * np.pi * 220 * times) * 8000).astype("<i2")
        for start in range(0, len(tone), 960):
            block = av.AudioFrame.from_ndarray(tone[None, start : start + 960], format="s16", layout="mono")
            block.sample_rate, block.pts = 48_000, start
            out.mux(sound.encode(block))
        out.mux(sound.encode(None))


def _write_picture(path: Path, pixels: NDArray[Any]) -> None:
    height, width = pixels.shape[:2]
    coder: Any = av.CodecContext.create("png", "w")
    coder.width, coder.height, coder.pix_fmt, coder.time_base = width, height, "rgb24", Fraction(1, 1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    path.write_bytes(b"".join(bytes(packet) for packet in [*coder.encode(frame), *coder.encode(None)]))
