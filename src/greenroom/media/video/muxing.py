"""A video file that is being put together: whole or absent, with all that comes with its pictures."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import av

from greenroom.files import Publication, writing_to
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.opening import opened
from greenroom.media.video.tracks import Tracks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction
    from types import TracebackType

    from av.packet import Packet
    from av.video.stream import VideoStream

    from greenroom.media.video.declaring import DeclaringEncoder
    from greenroom.media.video.facts import VideoFacts

_MOVIES = ("mp4", "mov")
_MATROSKA = ("matroska", "webm")
_FINE = 48_000  # units a second, in which a pause before sound begins is told without being heard


class Muxer:
    """Writes one file beside its place; on leaving the block it is flushed to disk and renamed.

    >>> with Muxer(path, "mp4", time_base, source) as muxer:
    ...     stream = muxer.container.add_stream(...)
    ...     muxer.begin()
    ...     muxer.write(packet)

    source: a video whose subtitles, chapters, metadata and, if wanted, sound are copied.  notes: sentences on what was
    lost. Raises OutputUnwritable, EncodingImpossible where FFmpeg refuses, and FileUnreadable for the source. An
    exception leaves no file.
    """

    def __init__(
        self, path: Path, container: str, time_base: Fraction, source: VideoFacts | None, *, sound: bool = True
    ) -> None:
        self._notes: list[str] = []
        self._path = path
        self._form = container
        self._time_base = time_base
        self._source = source
        self._sound = sound
        self._tracks: Tracks | None = None
        self._stack = contextlib.ExitStack()
        if container in _MATROSKA and (1000 * time_base).denominator != 1:
            self._notes.append("Matroska keeps whole milliseconds: times of frames move by half of one at most")
        if container == "nut":
            self._notes.append("nut keeps no tags of colours: players take those that are usual for its size")

    @property
    def notes(self) -> tuple[str, ...]:
        """What was changed or lost so far."""
        return (*self._notes, *(self._tracks.notes if self._tracks else ()))

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            publication = stack.enter_context(Publication(self._path.parent))
            with publication.open(self._path.name) as file:
                staged = Path(file.name)
            with self._writing():
                self.container = av.open(str(staged), "w", format=self._form, container_options=self._options())
            self._stack = stack.pop_all()
        return self

    def _options(self) -> dict[str, str]:
        if self._form not in _MOVIES:
            return {}
        # The index comes first, so that a browser plays at once. Where a track begins later than others, its pause is
        # counted in the movie's own units, which by default are milliseconds.
        units = self._time_base.denominator
        return {"movflags": "+faststart", "movie_timescale": str(units * max(1, -(-_FINE // units)))}

    def tag(self, stream: VideoStream) -> None:
        """Call H.265 in an MP4 what Apple's players know it by; FFmpeg's own name for it they do not play."""
        if self._form in _MOVIES and stream.codec_context.name in ("libx265", "hevc"):
            stream.codec_context.codec_tag = "hvc1"

    def copied_stream(self, template: VideoStream) -> VideoStream:
        """A stream that takes packets of another as they are."""
        stream = self.container.add_stream_from_template(template, opaque=True)
        stream.time_base = template.time_base
        if template.sample_aspect_ratio:  # which a container may say, and the codec not
            stream.codec_context.sample_aspect_ratio = template.sample_aspect_ratio
        if template.codec_context.name == "prores":  # its kinds differ by this name alone
            stream.codec_context.codec_tag = template.codec_context.codec_tag
        self.tag(stream)
        return stream

    def closing(self, helper: DeclaringEncoder) -> None:
        """Close something with the file."""
        self._stack.callback(helper.close)

    def begin(self) -> None:
        """Write the header, once the stream of pictures is there."""
        if self._source is not None:
            source = self._stack.enter_context(opened(self._source.path))
            self._tracks = Tracks(source, self._source, self.container, sound=self._sound)
        with self._writing():
            self.container.start_encoding()

    def write_sound(self, packets: Sequence[Packet[Any]]) -> None:
        """Write packets of sound that is not the source's own."""
        with self._writing():
            self.container.mux(packets)

    def write(self, packet: Packet[VideoStream]) -> None:
        """Write a packet of pictures, after everything else that begins before it."""
        stamp = packet.dts if packet.dts is not None else packet.pts
        with self._writing():
            if self._tracks is not None:
                self._tracks.copy_until((stamp or 0) * packet.time_base)
            self.container.mux(packet)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """What FFmpeg says while it writes, in our words."""
        try:
            with writing_to(self._path):
                yield
        except (av.error.FFmpegError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise EncodingImpossible(
                f"{self._form} cannot be written like this: {reason}", mend="choose another codec or container"
            ) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            # First the file goes: closing would sort it to its end, which for a long one takes a while.
            self._stack.__exit__(kind, error, trace)
            with contextlib.suppress(av.error.FFmpegError, OSError, ValueError):
                self.container.close()
            return
        with self._stack, self._writing():
            try:
                if self._tracks is not None:
                    self._tracks.finish()
            finally:
                self.container.close()
