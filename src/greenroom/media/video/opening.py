"""Media files opened by what they hold: no name is taken for a hint, and no file opens another."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import av
from av.stream import Disposition

from greenroom.errors import FileUnreadable, quoted
from greenroom.media.audio import require_file
from greenroom.media.probe import FORMATS, Nameless

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream

# Besides what may be uploaded: the container of parts (joining.py).
_FORMATS = (*FORMATS, "nut")
_WALLS = {"protocol_whitelist": "none", "format_whitelist": ",".join(_FORMATS)}
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
            raise FileUnreadable(
                f"{quoted(path)} is no video or picture that can be read", mend="convert it to MP4 or PNG"
            ) from error
        except OSError as error:
            message = f"{quoted(path)} cannot be read: {error.strerror or error}"
            raise FileUnreadable(message, mend="check its rights") from error
        yield container


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
