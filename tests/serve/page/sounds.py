"""A job of several sounds for one video, and the model that makes such: what it takes, and its terms."""

from __future__ import annotations

import functools
import io
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

import av
import numpy as np

from greenroom.inputs import Input, Inputs

if TYPE_CHECKING:
    from tests.serve.page.world import World


class SoundInputs(Inputs):
    """Sound for a video, in several samples."""

    video: Annotated[str | None, Input("The video, or a picture.", media="video-or-image", subject=True)] = None
    prompt: Annotated[str, Input("What should be heard.", subject=True)] = ""
    shot_prompts: Annotated[str, Input("A line each shot.", max_length=1000, subject=True)] = ""
    steps: Annotated[int, Input("Solver steps.", ge=10, le=100)] = 50
    samples: Annotated[int, Input("How many sounds to make.", ge=1, le=6)] = 1
    seed: Annotated[int, Input("Same seed, same sound.", ge=0, le=2**31 - 1)] = 1


TERMS: dict[str, dict[str, Any]] = {
    "sounds": {
        "notice": "not in the EU; ask first",
        "restrictions": ["No rights are granted in the European Union.", "Large products ask first."],
        "licences": ["code MIT", "weights LicenseRef-Sounds"],
    }
}


@functools.cache
def sounding(number: int) -> bytes:
    """A WebM of two seconds whose tone swells, higher with each number."""
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as out:
        stream = out.add_stream("libvpx-vp9", rate=12, options={"cpu-used": "8", "deadline": "realtime"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = 192, 108, "yuv420p", Fraction(1, 12)
        heard = out.add_stream("libopus", rate=48_000, layout="mono")
        for place in range(24):
            pixels = np.full((108, 192, 3), (38, 90, 72), np.uint8)
            pixels[30:80, place * 6 : place * 6 + 50] = (240, 236, 220)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = place
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
        times = np.arange(96_000) / 48_000
        tone = (np.sin(2 * np.pi * 220 * number * times) * np.linspace(0, 9000, len(times))).astype("<i2")
        for start in range(0, len(tone), 960):
            block = av.AudioFrame.from_ndarray(tone[None, start : start + 960], format="s16", layout="mono")
            block.sample_rate, block.pts = 48_000, start
            out.mux(heard.encode(block))
        out.mux(heard.encode(None))
    return file.getvalue()


def sounded(
    world: World, wav: bytes, levels: tuple[float | None, ...] = (-23.0, -22.96, None), *, alone: bool = False
) -> str:
    """A job that has made a sound for each of ``levels``; gives its id. wav: of the sound alone.  alone: no videos."""
    given = {"video": "https://example.org/street.mp4", "prompt": "rain", "samples": len(levels), "seed": 5}
    job = world.add("sounds", given, status="running")
    told: list[dict[str, Any]] = []
    for place, level in enumerate(levels):
        stem = f"sound-{place + 1}" if len(levels) > 1 else "sound"
        name = f"{stem}.{'wav' if alone else 'webm'}"
        told.append({"file": name, "wav": None if alone else f"{stem}.wav", "loudness_lufs": level})
        body, kind = (wav, "audio/wav") if alone else (sounding(place + 1), "video/webm")
        world.keep(job, name, body, kind)
    for sample in told:
        if sample["wav"]:
            world.keep(job, sample["wav"], wav, "audio/wav")
    output = {"source": "video", "length_s": 2.0, "rate": 48_000, "samples": told, "mix": "replace", "seed": 5}
    world.end(job, "succeeded", output=output)
    return str(job["id"])
