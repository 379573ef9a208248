"""A video's own sound, and a video with another: its pictures are copied as they are."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from greenroom.errors import FileUnreadable, InputInvalid, quoted
from greenroom.media.audio import Audio
from greenroom.media.video.encoding import container_named
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.muxing import Muxer
from greenroom.media.video.opening import BROKEN, opened, picture_stream
from greenroom.media.video.tracks import LAYOUTS, new_sound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.packet import Packet
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from greenroom.media.video.facts import VideoFacts

_PIECE = 1 << 14  # samples
_GAP_S = Fraction(1, 50)  # times that are off by less are rounded ones


def replace_sound(source: VideoFacts, sound: Audio, path: Path) -> tuple[str, ...]:
    """Write a video with other sound, from its first moment on; pictures keep their bytes, times and rotation.

    Subtitles, chapters and metadata are copied; the sound becomes AAC, or Opus in WebM. Returns notes on what was lost.
    Raises InputInvalid, UnknownName, EncodingImpossible where the container does not hold the pictures, FileUnreadable
    where the source breaks off, OutputUnwritable.
    """
    if len(sound.samples) not in LAYOUTS:
        raise InputInvalid(f"the sound has {len(sound.samples)} channels", mend="mix it down to one or two")
    muxer = Muxer(path, container_named(path.suffix), source.timeline.time_base, source, sound=False)
    with muxer, opened(source.path) as container:
        stream = picture_stream(container, source.path)
        try:
            pictures = muxer.copied_stream(stream)
        except ValueError as error:
            raise _not_held(source, path) from error
        heard = new_sound(muxer.container, sound.rate, len(sound.samples))
        muxer.begin()
        pieces = _pieces(sound)
        done = Fraction(0)
        for packet in _moved(container.demux(stream), source):
            while done <= (packet.dts or packet.pts or 0) * packet.time_base:
                piece = next(pieces, None)
                if piece is None:
                    break
                muxer.write_sound(heard.encode(piece))
                done = Fraction((piece.pts or 0) + piece.samples, sound.rate)
            packet.stream = pictures
            muxer.write(packet)
        for piece in pieces:
            muxer.write_sound(heard.encode(piece))
        muxer.write_sound(heard.encode(None))
    return muxer.notes


def require_held(source: VideoFacts, path: Path) -> None:
    """Refuse now what ``replace_sound`` would refuse: pictures that a container does not hold.

    Raises UnknownName, EncodingImpossible, FileUnreadable.
    """
    form = container_named(path.suffix)
    with opened(source.path) as container, av.open(io.BytesIO(), "w", format=form) as tried:
        try:
            tried.add_stream_from_template(picture_stream(container, source.path), opaque=True)
            tried.start_encoding()
        except (av.error.FFmpegError, ValueError) as error:
            raise _not_held(source, path) from error


def _not_held(source: VideoFacts, path: Path) -> EncodingImpossible:
    return EncodingImpossible(
        f"{path.suffix} does not hold {source.codec}", mend="name the file .mkv, or encode the pictures again"
    )


def own_sound(source: VideoFacts, rate: int) -> Audio | None:
    """A video's first sound track at another rate, in one or two channels; None where it has none.

    It begins with the file's first moment, and is silent where the track holds nothing. Raises FileUnreadable.
    """
    track = next((track for track in source.tracks if track.kind == "audio"), None)
    if track is None:
        return None
    with opened(source.path) as container:
        stream: Any = container.streams[track.index]
        line = _Line("mono" if stream.codec_context.channels == 1 else "stereo", rate)
        try:
            for frame in container.decode(stream):
                time = line.until if frame.pts is None else frame.pts * frame.time_base - source.origin
                line.add(frame, time)
        except BROKEN as error:
            message = f"the sound of {quoted(source.path)} does not decode"
            raise FileUnreadable(message, mend="copy or download it again, or replace its sound") from error
    return Audio(line.samples(), rate)


class _Line:
    """Sound as it comes, at one rate, each piece at its own time.

    until: when the last piece ends, in seconds.
    """

    def __init__(self, layout: str, rate: int) -> None:
        self._layout, self._rate = layout, rate
        self._pieces: list[NDArray[np.float32]] = []
        self._first: int | None = None  # may be before the first moment, as what encoders put in front
        self._count = 0
        self._kind: tuple[str, str, int] | None = None
        self._resampler: Any = None
        self.until = Fraction(0)

    def add(self, frame: av.AudioFrame, time: Fraction) -> None:
        kind = frame.format.name, frame.layout.name, frame.sample_rate
        if self._first is None:
            self._first = round(time * self._rate)
        if self._resampler is None or kind != self._kind or time - self.until > _GAP_S:
            self._flush()
            silent = round(time * self._rate) - self._first - self._count
            if silent > 0:
                self._keep(np.zeros((self._channels, silent), np.float32))
            self._kind = kind
            self._resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=self._rate)
        for made in self._resampler.resample(frame):
            self._keep(made.to_ndarray())
        self.until = time + Fraction(frame.samples, frame.sample_rate)

    def samples(self) -> NDArray[np.float32]:
        """All of it, (channels, n), from the first moment on."""
        self._flush()
        first = self._first or 0
        before = np.zeros((self._channels, max(0, first)), np.float32)
        return np.concatenate([before, *self._pieces], axis=1)[:, max(0, -first) :]

    @property
    def _channels(self) -> int:
        return 1 if self._layout == "mono" else 2

    def _keep(self, samples: NDArray[np.float32]) -> None:
        self._pieces.append(samples)
        self._count += samples.shape[1]

    def _flush(self) -> None:
        if self._resampler is not None:
            for made in self._resampler.resample(None):
                self._keep(made.to_ndarray())


def _moved(packets: Iterator[Packet[VideoStream]], source: VideoFacts) -> Iterator[Packet[VideoStream]]:
    """Packets with times that count from the first moment."""
    try:
        for packet in packets:
            if packet.size:
                shift = round(source.origin / packet.time_base)
                packet.pts = None if packet.pts is None else packet.pts - shift
                packet.dts = None if packet.dts is None else packet.dts - shift
                yield packet
    except BROKEN as error:
        raise FileUnreadable(f"{quoted(source.path)} breaks off", mend="copy or download it again") from error


def _pieces(sound: Audio) -> Iterator[av.AudioFrame]:
    samples: Any = np.ascontiguousarray(sound.samples, np.float32)
    layout = LAYOUTS[len(samples)]
    for start in range(0, samples.shape[1], _PIECE):
        piece = np.ascontiguousarray(samples[:, start : start + _PIECE])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = sound.rate, start, Fraction(1, sound.rate)
        yield frame
