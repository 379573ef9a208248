"""What a file is: read from its container, in a process that can be lost and that can open nothing else.

``python -m greenroom.media.probe`` reads the file that is its standard input and prints its facts as JSON. A file from
outside may be made to harm whoever reads it; so the process has little memory, little time and no file to reach.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import resource
import sys
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any, Literal

from greenroom.errors import FileUnreadable
from greenroom.media.audio import require_av

if TYPE_CHECKING:
    from collections.abc import Sequence

MediaKind = Literal["audio", "video", "image"]

MEMORY = 1 << 30  # an image of 50 million pixels takes 0.2 GB; Python with FFmpeg maps 0.13 GB
CPU_S = 10

# Formats that hold their own sound or pictures. Playlists (HLS, DASH, concat), scripts and devices are left out: they
# open other files, or addresses.
IMAGES = ("png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe")
MAYBE_MOVING = ("gif", "apng")
FORMATS = (
    *("wav", "w64", "flac", "mp3", "ogg", "aac", "aiff", "caf", "amr", "au"),
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg", "flv"),
    *IMAGES,
    *MAYBE_MOVING,
)

# Names of media types that are not the container's own. For some the first half depends on what is inside.
_TYPES = {
    "mov": "{kind}/mp4", "matroska": "{kind}/x-matroska", "webm": "{kind}/webm", "ogg": "{kind}/ogg",
    "avi": "video/x-msvideo", "mpegts": "video/mp2t", "mpeg": "video/mpeg", "flv": "video/x-flv",
    "mp3": "audio/mpeg", "caf": "audio/x-caf", "w64": "audio/x-w64", "au": "audio/basic",
    "gif": "image/gif", "apng": "image/apng",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Probed:
    """What a file holds. What it has not is 0.

    container: FFmpeg's name of the format.  media_type: as HTTP names it.  seconds: the longest of what the container
    says and what its packets span; 0 for an image.  width and height: pixels.  fps: pictures a second.  frames:
    pictures in all.  channels and rate: of the first sound track, rate in samples a second.
    """

    kind: MediaKind
    container: str
    media_type: str
    seconds: float = 0.0
    width: int = 0
    height: int = 0
    fps: float = 0.0
    frames: int = 0
    channels: int = 0
    rate: int = 0


def probe(file: IO[bytes], max_pixels: int) -> Probed:
    """Read the facts of a file; every packet is looked at and, beyond the first pictures, none is decoded.

    max_pixels: larger pictures are not decoded even for their facts; width and height are then 0 where only the
    picture says them. Raises FileUnreadable.
    """
    av = require_av()
    # The streams of some formats are found late; those fall under the limits of the process alone.
    guarded = [{"max_pixels": str(max_pixels), "threads": "1"}] * 8
    walls = {"protocol_whitelist": "none", "format_whitelist": ",".join(FORMATS)}
    try:
        is_webm = b"webm" in file.read(64)  # Matroska's own header says so, FFmpeg does not
        file.seek(0)
        with av.open(Nameless(file), options=walls, stream_options=guarded, metadata_errors="replace") as container:
            name = container.format.name.split(",")[0]
            return _facts(av, container, "webm" if name == "matroska" and is_webm else name)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise FileUnreadable(
            "it is no sound, video or image that can be read", mend="convert it to WAV, MP4 or PNG"
        ) from error


def _facts(av: Any, container: Any, name: str) -> Probed:
    sound = container.streams.audio[0] if container.streams.audio else None
    # The cover of an album is a picture in a sound file, and does not make it a video.
    cover = av.stream.Disposition.attached_pic
    picture = next((stream for stream in container.streams.video if not stream.disposition & cover), None)
    if picture is None and sound is None:
        raise ValueError("neither sound nor pictures")
    heard: dict[str, Any] = {}
    if sound is not None:
        heard = {"channels": sound.codec_context.channels or 0, "rate": sound.codec_context.sample_rate or 0}
    if picture is None:
        return Probed("audio", name, _type(name, "audio"), _span(container, sound)[0], **heard)
    seen = {"width": picture.codec_context.width, "height": picture.codec_context.height}
    if name in IMAGES:
        return Probed("image", name, _type(name, "image"), **seen, frames=1)
    seconds, frames = _span(container, picture)
    if frames == 1 and sound is None and (name in MAYBE_MOVING or name == "mov"):  # a still GIF; AVIF
        kind_of_type = "image/avif" if name == "mov" else _type(name, "image")
        return Probed("image", name, kind_of_type, **seen, frames=1)
    fps = float(picture.average_rate or 0)
    return Probed("video", name, _type(name, "video"), seconds, **seen, fps=fps, frames=frames, **heard)


def _type(name: str, kind: MediaKind) -> str:
    return _TYPES.get(name, f"{kind}/{name.removesuffix('_pipe')}").format(kind=kind)


def _span(container: Any, counted: Any) -> tuple[float, int]:
    """Seconds of the longest track, and packets of the counted one. A header may say anything; packets are there."""
    end, packets = (container.duration or 0) / 1_000_000, 0
    first: dict[int, float] = {}
    for packet in container.demux():
        if packet.size and packet.stream.index == counted.index:
            packets += 1
        if packet.pts is not None and packet.time_base:
            at = float(packet.pts * packet.time_base)
            begun = first.setdefault(packet.stream.index, at)
            end = max(end, at - begun + float((packet.duration or 0) * packet.time_base))
    return end, packets


class Nameless:
    """A file without its name, which FFmpeg would take for a hint at the format."""

    def __init__(self, file: IO[bytes]) -> None:
        self.read = file.read
        self.seek = file.seek
        self.tell = file.tell


def main(arguments: Sequence[str]) -> int:
    """Print the facts of standard input as JSON, or ``{"error": ...}``. arguments: the most pixels to decode."""
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    # PyAV imports parts of itself when a file needs them. With all of them here, no file and no socket is opened again.
    av = require_av()
    for part in pkgutil.walk_packages(av.__path__, "av."):
        if not part.name.endswith("__main__"):
            importlib.import_module(part.name)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    try:
        file = open(0, "rb", buffering=1 << 18)  # noqa: SIM115 - standard input, for the life of the process
        said: dict[str, Any] = asdict(probe(file, int(arguments[0])))
    except FileUnreadable as error:
        said = {"error": error.message, "mend": error.mend}
    sys.stdout.write(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
