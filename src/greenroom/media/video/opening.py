"""Media files opened by what they hold: no name is taken for a hint, and no file opens another."""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING

import av
from av.stream import Disposition

from greenroom.errors import FileUnreadable, quoted
from greenroom.media.audio import require_file
from greenroom.media.probe import FORMATS, IMAGES, MAYBE_MOVING, Nameless

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream

# Besides what may be uploaded: what cameras, editors and older recorders write, and what is written here. They hold
# their own pictures, too. Streams without a container tell no times; those have to be given one.
_FORMATS = (*FORMATS, "nut", "mxf", "dv", "asf", "yuv4mpegpipe")
_WALLS = {"protocol_whitelist": "none", "format_whitelist": ",".join(_FORMATS)}
_BARE = ("h264", "hevc", "vvc", "obu", "mpegvideo", "m4v", "h261", "h263", "vc1", "dirac", "cavsvideo", "mjpeg")
_BOX = 8  # bytes of a box's length and name
_BUFFER = 1 << 18  # bytes; every refill goes through Python
# What PyAV raises over a file that is not as it should be: the last where a broadcast begins a stream on its way.
BROKEN = (av.error.FFmpegError, ValueError, IndexError)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """A media file, open for reading. Raises FileUnreadable."""
    require_file(path)
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            # Titles in other letters than UTF-8 are no reason to refuse a video.
            container = av.open(Nameless(file), "r", options=_WALLS, metadata_errors="replace", buffer_size=_BUFFER)
            stack.enter_context(container)
        except BROKEN as error:
            raise _unread(path) from error
        except OSError as error:
            message = f"{quoted(path)} cannot be read: {error.strerror or error}"
            raise FileUnreadable(message, mend="check its rights") from error
        yield container


def _unread(path: Path) -> FileUnreadable:
    """Why FFmpeg makes nothing of a file."""
    if not path.stat().st_size:
        return FileUnreadable(f"{quoted(path)} is empty", mend="copy or download it again")
    if _lacks_index(path):
        return FileUnreadable(
            f"{quoted(path)} is cut off: it is an MP4 or MOV without its index, which as a rule comes last",
            mend="copy or download it again",
        )
    if _is_bare(path):
        return FileUnreadable(
            f"{quoted(path)} is a bare stream, which tells no times",
            mend="give it some, at the rate that it was made for, such as with ffmpeg -framerate 25 -i IN OUT.mkv",
        )
    return FileUnreadable(
        f"{quoted(path)} is no video or picture that can be read",
        mend="convert it to PNG, or to MKV, such as with ffmpeg -i IN OUT.mkv",
    )


def _is_bare(path: Path) -> bool:
    """Whether a file is pictures of one codec without a container."""
    walls = {**_WALLS, "format_whitelist": ",".join(_BARE)}
    with path.open("rb") as file, contextlib.suppress(*BROKEN), av.open(Nameless(file), "r", options=walls):
        return True
    return False


def _lacks_index(path: Path) -> bool:
    """Whether a file is an MP4 or MOV (ISO 14496-12) whose boxes end before the one that tells what they hold."""
    place, length = 0, path.stat().st_size
    with path.open("rb") as file:
        while place < length:
            file.seek(place)
            size, name = struct.unpack(">I4s", file.read(_BOX).ljust(_BOX, b"\0"))
            if size == 1:  # a larger one stands behind
                (size,) = struct.unpack(">Q", file.read(8).ljust(8, b"\0"))
            if name == b"moov" or (not place and name != b"ftyp") or 0 < size < _BOX:
                return False
            place += size or length  # none means until the end
    return True


def is_still(path: Path) -> bool:
    """Whether a file holds one picture that does not move, whatever its name says. Raises FileUnreadable."""
    with opened(path) as container:
        name = container.format.name
        if name not in MAYBE_MOVING:
            return name in IMAGES
        packets = container.demux(picture_stream(container, path))
        return sum(1 for packet in packets if packet.size) == 1


def picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first stream of moving pictures; the cover of an album is none. Raises FileUnreadable."""
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic:
            continue
        if stream.codec_context is None:
            raise FileUnreadable(
                f"{quoted(path)} holds video of a codec that is not known here", mend="convert it to H.264"
            )
        return stream
    held = "sound only" if container.streams.audio else "no pictures"
    raise FileUnreadable(f"{quoted(path)} is no video: it holds {held}", mend="give a file with pictures")
