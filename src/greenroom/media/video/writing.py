"""Pictures into a video file."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

from av.codec.context import Flags
from av.error import FFmpegError

from greenroom.errors import InputInvalid
from greenroom.media.video.colour import frame_of
from greenroom.media.video.declaring import DeclaringEncoder
from greenroom.media.video.encoding import Encoding, PictureFormat, container_of, encoder_for
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.muxing import Muxer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame

    from greenroom.media.video.colour import Pixels
    from greenroom.media.video.facts import VideoFacts

_MATROSKA = ("matroska", "webm")
_WITHOUT_ASPECT = ("av1", "prores", "ffv1")  # codecs that say nothing of the shape of pixels, or their encoders do not
FINEST_RATE = 1 << 16
"""The largest part of a rate: encoders keep them in 32 bits."""

NARROWEST_H265 = 64
"""Pixels of a row: below it libx265 writes past its own memory, whatever its blocks' size."""
# Of no more frames than this, libx265 takes the times of decoding from memory that it never wrote to.
_UNTIMED_H265 = 2


class VideoWriter:
    """Encodes pictures into a file that is whole or absent.

    >>> with VideoWriter(Path("out.mp4"), PictureFormat.like(facts), Encoding("h265"), source=facts) as out:
    ...     for frame in reader.frames():
    ...         out.write(frame.pixels, frame.time, frame.duration)

    The container is what the name says. Where chroma is kept at half, an odd size loses its last row or column.
    source: a video whose sound, subtitles, chapters and metadata are copied.  notes: sentences on what was changed or
    lost.  frames: written so far.

    Raises EncodingImpossible, UnknownName and InputInvalid before anything is written; OutputUnwritable.
    """

    def __init__(
        self, path: Path, pictures: PictureFormat, encoding: Encoding, *, source: VideoFacts | None = None
    ) -> None:
        container = container_of(path.suffix, encoding.codec)
        self._encoder, self._codec = encoder_for(encoding, pictures), encoding.codec
        if encoding.chroma == "rgb":
            pictures = replace(pictures, colour=replace(pictures.colour, matrix="rgb", full_range=True))
        if encoding.codec == "prores":  # which has no word for the full range of numbers
            pictures = replace(pictures, colour=replace(pictures.colour, full_range=False))
        self._declares = self._codec in ("prores", "ffv1") and bool(pictures.mastering or pictures.light)
        self._pictures = pictures
        self._time_base = Fraction(1, pictures.time_base.denominator)
        self._muxer = Muxer(path, container, self._time_base, source)
        self._last: Fraction | None = None
        self._durations: dict[int, int] = {}  # of frames that the encoder holds, by their times
        self._notes: list[str] = []
        self.frames = 0
        self._width, self._height = _kept_size(pictures, encoding)
        if (self._width, self._height) != (pictures.width, pictures.height):
            cut = f"{pictures.width}x{pictures.height} is cut to {self._width}x{self._height}"
            self._notes.append(f"{cut}: {encoding.codec} {encoding.chroma} has no odd sizes")
        if pictures.sample_aspect != 1 and container in _MATROSKA and self._codec in _WITHOUT_ASPECT:
            # PyAV 18 gives a stream no shape of pixels, but for what its encoder says.
            self._notes.append(
                f"pixels {pictures.sample_aspect.numerator}:{pictures.sample_aspect.denominator} wide become square: "
                f"{path.suffix} is not told by {self._codec}; h264 and h265 say it themselves, .mp4 and .mov keep it"
            )
        if encoding.quality == "lossless" and encoding.chroma != "rgb":
            self._notes.append("lossless keeps planes of luma and chroma as they are; RGB was rounded to those")

    @property
    def notes(self) -> tuple[str, ...]:
        """What was changed or lost."""
        return (*self._notes, *self._muxer.notes)

    def __enter__(self) -> Self:
        self._muxer.__enter__()
        try:
            self._encode = self._new_stream()
            self._muxer.begin()
        except BaseException as error:
            self._muxer.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def _new_stream(self) -> Callable[[VideoFrame | None], Iterable[Packet[Any]]]:
        """Add the stream of pictures; gives what encodes for it."""
        encoder, pictures = self._encoder, self._pictures
        if encoder.encoder == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "1")  # it would tell its settings on stderr
        try:
            if not self._declares:
                stream = self._encoding_stream(self._muxer.container)
                self._muxer.tag(stream)
                packets: Callable[[VideoFrame | None], Iterable[Packet[Any]]] = stream.encode
                return packets
            container = {"prores": "mov", "ffv1": "mp4"}[self._codec]
            beside = DeclaringEncoder(container, self._encoding_stream, pictures.mastering, pictures.light)
        except FFmpegError as error:
            raise EncodingImpossible(
                f"{self._codec} cannot be written like this: {error.strerror}", mend="choose another codec"
            ) from error
        except ValueError as error:
            raise EncodingImpossible(f"this FFmpeg has no {encoder.encoder}", mend="choose another codec") from error
        self._muxer.closing(beside)
        told = self._muxer.copied_stream(beside.template)

        def encode(frame: VideoFrame | None) -> Iterator[Packet[Any]]:
            for packet in beside.encode(frame):
                packet.stream = told
                yield packet

        return encode

    def _encoding_stream(self, container: OutputContainer) -> Any:
        encoder, pictures = self._encoder, self._pictures
        # PyAV types a stream by the codec's name where that is a literal; here it comes from a table.
        stream: Any = container.add_stream(
            encoder.encoder, rate=pictures.rate.limit_denominator(FINEST_RATE), options=dict(encoder.options)
        )
        context = stream.codec_context
        context.width, context.height = self._width, self._height
        context.pix_fmt = encoder.pixel_format
        context.time_base = self._time_base
        context.sample_aspect_ratio = pictures.sample_aspect
        context.thread_type = "AUTO"
        context.flags |= Flags.frame_duration
        pictures.colour.tag(context)
        return stream

    def write(self, pixels: Pixels, time: Fraction, duration: Fraction | None = None) -> None:
        """Append a picture: RGB, (height, width, 3), uint8 or uint16 with white at 65 535.

        time: when it is shown, seconds; later than that of the one before, and a whole number of the time base. A video
        that begins after 0 keeps its pause.  duration: how long, where the rate does not tell.
        """
        pictures = self._pictures
        if pixels.shape != (pictures.height, pictures.width, 3):
            raise InputInvalid(
                f"a picture has the shape {pixels.shape}, in a video of {pictures.width}x{pictures.height} in RGB",
                mend="give all pictures the video's size",
            )
        stamp = time / self._time_base
        if stamp.denominator != 1 or (self._last is not None and time <= self._last):
            raise InputInvalid(
                f"frame {self.frames} has the time {time} s after {self._last} s",
                mend=f"give times that grow, in whole numbers of {self._time_base} s",
            )
        frame = frame_of(pixels[: self._height, : self._width], self._encoder.pixel_format, pictures.colour)
        frame.pts, frame.time_base = int(stamp), self._time_base
        frame.duration = round((duration or 1 / pictures.rate) / self._time_base)
        self._durations[int(stamp)] = frame.duration
        for packet in self._encode(frame):
            self._put(packet)
        self._last = time
        self.frames += 1

    def _put(self, packet: Packet[Any]) -> None:
        # SVT-AV1 takes every frame to be as long as the rate says, also the last, whose end nothing else tells.
        packet.duration = self._durations.pop(packet.pts or 0, packet.duration or 0)
        self._muxer.write(packet)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            try:
                for packet in self._encode(None):
                    if self.frames <= _UNTIMED_H265:
                        packet.dts = packet.pts  # so few frames are decoded in the order in which they are shown
                    self._put(packet)
            except BaseException as failure:
                self._muxer.__exit__(type(failure), failure, failure.__traceback__)
                raise
        self._muxer.__exit__(kind, error, trace)


def _kept_size(pictures: PictureFormat, encoding: Encoding) -> tuple[int, int]:
    """Width and height without what chroma at half cannot have."""
    width = pictures.width - (pictures.width % 2 if encoding.chroma in ("420", "422") else 0)
    height = pictures.height - (pictures.height % 2 if encoding.chroma == "420" else 0)
    if not width or not height:
        raise EncodingImpossible(
            f"{pictures.width}x{pictures.height} has not two pixels for one of chroma", mend="choose chroma 444"
        )
    if encoding.codec == "h265" and width < NARROWEST_H265:
        raise EncodingImpossible(
            f"{pictures.width}x{pictures.height} is narrower than the {NARROWEST_H265} pixels that h265 begins with",
            mend="choose h264, av1 or ffv1",
        )
    return width, height
