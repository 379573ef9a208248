"""Small clips to be restored, a restorer of tiny networks, and what a result shows."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from greenroom.media.video.reading import VideoReader
from greenroom.models.seedvr2.planning.costs import Networks
from greenroom.models.seedvr2.restoring.restored import RestoreResult
from greenroom.models.seedvr2.restoring.restorer import Restorer, Told, Wanted
from greenroom.progress import Step, silent
from greenroom.recipes.inputs.seedvr2 import RestoreInputs
from greenroom.runtime.rooms import Room
from tests.media.video.clips import video
from tests.models.seedvr2.engines import tiny_engine

SIDE = 32
CUT = 12
"""Frames of a shot in ``two_shots``: no shorter one is found."""


class Failing:
    """An engine that is lost after so many frames."""

    def __init__(self, frames: int) -> None:
        self._engine, self._left = tiny_engine(), frames

    def networks(self, name: str) -> Networks:
        return self._engine.networks(name)

    def room(self) -> Room:
        return self._engine.room()

    def restore(self, *given: Any, **more: Any) -> Iterator[Any]:
        for pixels in self._engine.restore(*given, **more):
            if not self._left:
                raise RuntimeError("CUDA error: device-side assert triggered")
            self._left -= 1
            yield pixels


def a_restorer(engine: Any = None) -> Restorer:
    """One of tiny networks, on the CPU."""
    return Restorer(engine or tiny_engine(), "tiny", ("licences: none",), "random")


def restored(
    source: Path,
    output: Path,
    *,
    restorer: Restorer | None = None,
    step: Step = silent,
    told: Told | None = None,
    small: bool = False,
    wanted: dict[str, Any] | None = None,
    **inputs: Any,
) -> RestoreResult:
    """Restore a file. inputs: of ``RestoreInputs``.  wanted: more of ``Wanted``."""
    asked = RestoreInputs.check({"source": str(source), **inputs})
    return (restorer or a_restorer()).restore(asked, Wanted(output, **wanted or {}), step, told, small=small)


def drawn(number: int, light: int = 40, width: int = SIDE, height: int = SIDE) -> NDArray[np.uint8]:
    """A slope that moves a little from frame to frame."""
    across = np.linspace(0, 60, width) + 2 * number
    down = np.linspace(0, 40, height)[:, None]
    pixels = np.stack([light + across + 0 * down, light + down + 0 * across, light + 0 * (across + down)], axis=-1)
    return pixels.clip(0, 255).astype(np.uint8)


def a_clip(path: Path, frames: int = 5, width: int = SIDE, height: int = SIDE, **options: Any) -> Path:
    """A clip of one shot."""
    draw = options.pop("draw", lambda number: drawn(number, width=width, height=height))
    return video(path, frames=frames, size=(width, height), draw=draw, **options)


def holed(path: Path, frames: int = 10, at: int = 6) -> Path:
    """A video of which a frame does not decode, which nothing in its header says."""
    a_clip(path, frames, codec="mjpeg", pixel_format="yuvj420p")
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    place, size = places[at]
    assert place is not None
    data[place : place + size] = bytes(size)
    path.write_bytes(data)
    return path


def two_shots(path: Path, second: int = 180) -> Path:
    """Two shots of ``CUT`` frames, each of whose frames is encoded by itself. second: how light the second one is."""

    def draw(number: int) -> NDArray[np.uint8]:
        return drawn(number, 20) if number < CUT else drawn(number, second)[::-1]

    return a_clip(path, 2 * CUT, codec="ffv1", pixel_format="bgr0", draw=draw)


def pixels_of(path: Path) -> NDArray[Any]:
    """All frames of a video."""
    return np.stack([frame.pixels for frame in VideoReader(path).frames()])


def times(path: Path) -> list[Fraction]:
    """When each of its frames is shown."""
    return [frame.time for frame in VideoReader(path).frames()]


def left_beside(path: Path) -> list[str]:
    """Hidden files in the folder of a result."""
    return sorted(entry.name for entry in path.parent.iterdir() if entry.name.startswith("."))
