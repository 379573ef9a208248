"""Files from outside are looked at before a model gets them, in a process of their own that can be lost."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import ExtraMissing, GreenroomError, InputInvalid
from greenroom.media.probe import Probed

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.inputs import Inputs, Media

# As many files are looked at at once; each takes a core, and memory within its bounds.
_AT_ONCE = 2
_slots: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = weakref.WeakKeyDictionary()

# Up to here a picture may be decoded for its facts: the process has the memory, and the answer has the numbers.
_DECODED_PIXELS = 50_000_000

_WORDS: dict[Media, str] = {
    "audio": "sound",
    "video": "a video",
    "image": "an image",
    "video-or-image": "a video or an image",
}


class MediaInvalid(InputInvalid):
    """A file is not of the kind that is wanted, or beyond a limit."""

    code = "media-invalid"


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What a file may be at most. pixels: of one picture.  fps: pictures a second.  probe_s: time to look at it."""

    size: int = 2_000_000_000
    seconds: float = 3600.0
    pixels: int = 50_000_000
    fps: float = 240.0
    probe_s: float = 10.0


async def look_at(path: Path, limits: MediaLimits | None = None) -> Probed:
    """Look at a file, and hold it against the limits. path: the server's own name of it.

    Raises MediaInvalid, with the numbers.
    """
    limits = limits or MediaLimits()
    size = path.stat().st_size
    if size > limits.size:
        raise MediaInvalid(f"the file has {size:,} bytes", mend=f"give one of {limits.size:,} bytes or fewer")
    probed = await _probed(path, limits)
    _check_bounds(probed, limits)
    return probed


async def check_media(path: Path, kind: Media, limits: MediaLimits | None = None) -> Probed:
    """As ``look_at``, and hold it against the kind that is wanted; ``audio`` takes the sound of a video, too."""
    probed = await look_at(path, limits)
    _check_kind(probed, kind)
    return probed


def check_result(inputs: Inputs, probed: Probed, limits: MediaLimits) -> None:
    """Hold the pictures that would be made from a file against the limits, too. Raises MediaInvalid."""
    pixels = inputs.pixels_from(probed.width, probed.height) if probed.kind != "audio" else None
    if pixels is not None and pixels > limits.pixels:
        raise MediaInvalid(
            f"a picture of the result would have {pixels:,} pixels, from {probed.width} x {probed.height}",
            mend=f"ask for a smaller one, of {limits.pixels:,} pixels or fewer",
        )


async def _probed(path: Path, limits: MediaLimits) -> Probed:
    slots = _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))
    async with slots:
        with path.open("rb") as file:
            # Only what finds Python: the process has no business with our keys.
            environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "greenroom.media.probe", str(_decoded(limits))),
                stdin=file,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment,
            )
        try:
            async with asyncio.timeout(limits.probe_s):
                out, _ = await process.communicate()
        except TimeoutError:
            raise MediaInvalid(
                f"the file could not be understood within {limits.probe_s:g} s",
                mend="convert it, or give a shorter one",
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return _answer(out, process.returncode)


def _decoded(limits: MediaLimits) -> int:
    return max(limits.pixels, _DECODED_PIXELS)


def _answer(out: bytes, code: int | None) -> Probed:
    if code == 1:  # Python ended by an exception: ours, and not the file's fault
        _say_what_is_missing()
    if code != 0:
        raise MediaInvalid("the file breaks whoever reads it", mend="convert it to WAV, MP4 or PNG")
    said = json.loads(out)
    if "error" in said:
        raise MediaInvalid(f"the file cannot be used: {said['error']}", mend=said["mend"])
    return Probed(**said)


def _say_what_is_missing() -> None:
    import importlib.util

    if importlib.util.find_spec("av") is None:
        raise ExtraMissing("PyAV, which reads sound, videos and images,", "captions")
    raise GreenroomError("the file could not be looked at", mend="try again; the server's log says more")


def _check_kind(probed: Probed, kind: Media) -> None:
    fits = {
        "audio": probed.channels > 0,
        "video": probed.kind == "video",
        "image": probed.kind == "image",
        "video-or-image": probed.kind in ("video", "image"),
    }
    if not fits[kind]:
        found = "a video without sound" if probed.kind == "video" else _WORDS[probed.kind]
        raise MediaInvalid(f"the file is {found} ({probed.container}), not {_WORDS[kind]}", mend=f"give {_WORDS[kind]}")


def _check_bounds(probed: Probed, limits: MediaLimits) -> None:
    if probed.seconds > limits.seconds:
        raise MediaInvalid(
            f"the {probed.kind} lasts {probed.seconds:,.1f} s", mend=f"give {limits.seconds:,.0f} s or less"
        )
    if probed.kind == "audio":
        return
    pixels = probed.width * probed.height
    if not pixels:
        raise MediaInvalid(
            f"the {probed.kind} is broken, or has more than {_decoded(limits):,} pixels",
            mend=f"give {limits.pixels:,} pixels or fewer",
        )
    if pixels > limits.pixels:
        raise MediaInvalid(
            f"the {probed.kind} has {probed.width} x {probed.height} = {pixels:,} pixels",
            mend=f"give {limits.pixels:,} pixels or fewer",
        )
    if probed.kind == "video":
        most = limits.fps * max(probed.seconds, 1.0)
        if probed.frames > most:
            raise MediaInvalid(
                f"the video has {probed.frames:,} pictures in {probed.seconds:.1f} s",
                mend=f"give {limits.fps:g} pictures a second or fewer",
            )
