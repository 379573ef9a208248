"""A video's own sound, and a video with another: its pictures are copied as they are."""

from __future__ import annotations

import contextlib
import io
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from greenroom.errors import FileUnreadable, InputInvalid, quoted
from greenroom.media.audio import Audio, decoded
from greenroom.media.video.encoding import container_named
from greenroom.media.video.errors import EncodingImpossible, TimesMissing
from greenroom.media.video.muxing import Muxer
from greenroom.media.video.opening import BROKEN, opened, picture_stream
from greenroom.media.video.tracks import LAYOUTS, new_sound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from greenroom.media.video.facts import VideoFacts

_PIECE = 1 << 14  # samples
_GAP_S = Fraction(1, 50)  # times that are off by less are rounded ones
_CONTAINERS = (".mkv", ".mov", ".mp4", ".webm")  # that may hold what another does not
_LEAD_S = Fraction(1, 2)  # that decoders and filters hear before what is kept
_SEEKS = ("mp4", "matroska")  # these find what they are sent to, or what lies before it
_COARSE = 8000  # samples a second, of sound that nobody keeps
_NONSENSE = 8.0  # times full scale: what does not fail to decode, and is no sound


def replace_sound(source: VideoFacts, sound: Audio, path: Path) -> tuple[str, ...]:
    """Write a video with other sound, from its first moment on; pictures keep their bytes, times and rotation.

    Subtitles, chapters and metadata are copied; the sound becomes AAC, or Opus in WebM. Returns notes on what was lost.
    Raises InputInvalid, UnknownName, EncodingImpossible where the container does not hold the pictures, TimesMissing,
    FileUnreadable where the source breaks off, OutputUnwritable.
    """
    _require_times(source)
    if len(sound.samples) not in LAYOUTS:
        raise InputInvalid(f"the sound has {len(sound.samples)} channels", mend="mix it down to one or two")
    muxer = Muxer(path, container_named(path.suffix), source.timeline.time_base, source, sound=False)
    with muxer, opened(source.path) as container:
        stream = picture_stream(container, source.path)
        try:
            pictures = muxer.copied_stream(stream)
        except ValueError as error:
            raise _not_held(source, path, stream) from error
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
    return (*muxer.notes, *others_left_out(source))


def as_heard(sound: Audio, path: Path) -> Audio:
    """What is left of sound in a video that ``replace_sound`` would write: its codec is a lossy one."""
    file = io.BytesIO()
    with av.open(file, "w", format=container_named(path.suffix)) as container:
        stream = new_sound(container, sound.rate, len(sound.samples))
        for piece in (*_pieces(sound), None):
            container.mux(stream.encode(piece))
    file.seek(0)
    return decoded(file)


def require_held(source: VideoFacts, path: Path) -> None:
    """Refuse now what ``replace_sound`` would refuse: pictures that a container does not hold.

    Raises UnknownName, EncodingImpossible, TimesMissing, FileUnreadable.
    """
    _require_times(source)
    with opened(source.path) as container:
        stream = picture_stream(container, source.path)
        if not _holds(path.suffix, stream):
            raise _not_held(source, path, stream)


def _require_times(source: VideoFacts) -> None:
    if source.counted:
        raise TimesMissing(
            f"{quoted(source.path)} does not tell when each of its pictures is shown, so that they cannot be copied",
            mend="encode them again, such as with ffmpeg -i IN OUT.mkv, or name the result .wav",
        )


def _holds(suffix: str, stream: VideoStream) -> bool:
    with av.open(io.BytesIO(), "w", format=container_named(suffix)) as tried:
        try:
            tried.add_stream_from_template(stream, opaque=True)
            tried.start_encoding()
        except (av.error.FFmpegError, ValueError):
            return False
    return True


def _not_held(source: VideoFacts, path: Path, stream: VideoStream) -> EncodingImpossible:
    other = next((suffix for suffix in _CONTAINERS if suffix != path.suffix.lower() and _holds(suffix, stream)), None)
    names = f"{other}, or .wav" if other else ".wav"
    return EncodingImpossible(
        f"{path.suffix} does not hold {source.codec}",
        mend=f"name the file {names} for the sound alone, or encode the pictures again",
    )


def others_left_out(source: VideoFacts) -> tuple[str, ...]:
    """What becomes of sound tracks behind the first, in a sentence; nothing where there are none."""
    count = sum(1 for track in source.tracks if track.kind == "audio")
    if count < 2:
        return ()
    numbers = [str(number) for number in range(2, count + 1)]
    if len(numbers) == 1:
        return ("sound track 2 of the video is left out",)
    return (f"sound tracks {', '.join(numbers[:-1])} and {numbers[-1]} of the video are left out",)


def sound_beside(source: VideoFacts, rate: int, end: Fraction) -> tuple[Audio | None, tuple[str, ...]]:
    """A video's own sound, see ``own_sound``, until ``end``, in seconds, and what is lost of it, in sentences.

    Raises FileUnreadable.
    """
    own = own_sound(source, rate)
    if own is None:
        return None, ()
    count = round(end * rate)
    behind = own.samples[:, count:]
    notes: tuple[str, ...] = others_left_out(source)
    if behind.shape[1] > rate / source.timeline.average and behind.any():
        notes = (f"the last {behind.shape[1] / rate:.2f} s of its own sound, behind its pictures, are cut", *notes)
    within = own.samples[:, :count]
    return Audio(np.pad(within, ((0, 0), (0, count - within.shape[1]))), rate), notes


def own_sound(
    source: VideoFacts, rate: int, start: Fraction = Fraction(0), stop: Fraction | None = None
) -> Audio | None:
    """A video's first sound track at another rate, in one or two channels; None where it has none.

    It begins with the file's first moment, and is silent where the track holds nothing. start and stop: of what is
    wanted, in seconds from there; the rest is not decoded, as far as the container allows. Raises FileUnreadable, also
    for what decodes to numbers that are no sound.
    """
    track = next((track for track in source.tracks if track.kind == "audio"), None)
    if track is None:
        return None
    with opened(source.path) as container:
        stream: Any = container.streams[track.index]
        line = _Line("mono" if stream.codec_context.channels == 1 else "stereo", rate)
        try:
            for frame, time in _timed(container, stream, source, start):
                if stop is not None and time >= stop + _LEAD_S:
                    break
                line.add(frame, time - start)
        except BROKEN as error:
            raise _broken(source, "does not decode") from error
    samples = line.samples()
    sound = Audio(samples if stop is None else samples[:, : round((stop - start) * rate)], rate)
    peak = float(np.abs(sound.samples).max(initial=0))
    if not peak <= _NONSENSE:  # what is no number is neither
        raise _broken(source, f"is broken: it decodes to {peak:.0f} times full scale")
    return sound


def _timed(
    container: InputContainer, stream: Any, source: VideoFacts, start: Fraction
) -> Iterator[tuple[av.AudioFrame, Fraction]]:
    """Frames from a little before a moment on, each with when it is heard."""
    frames: Iterator[Any]  # PyAV types them as if none had a time
    far = start > 2 * _LEAD_S and any(name in source.container for name in _SEEKS)
    frames = _sought(container, stream, start + source.origin) if far else container.decode(stream)
    until = Fraction(0)
    for frame in frames:
        time = until if frame.pts is None else frame.pts * frame.time_base - source.origin
        until = time + Fraction(frame.samples, frame.sample_rate)
        if not start or until > start - _LEAD_S:
            yield frame, time


def _sought(container: InputContainer, stream: Any, start: Fraction) -> Iterator[Any]:
    """Frames from before a moment of the container on; all of them where it does not find that."""
    with contextlib.suppress(av.error.FFmpegError):
        container.seek(int((start - 2 * _LEAD_S) / stream.time_base), stream=stream)
    frames = container.decode(stream)
    first = next(frames, None)
    if first is None or first.pts is None or first.pts * first.time_base > start - _LEAD_S:
        container.seek(-(1 << 40), stream=stream)
        return container.decode(stream)
    return chain([first], frames)


def require_sound(source: VideoFacts) -> None:
    """Refuse now what ``own_sound`` would refuse. Raises FileUnreadable."""
    own_sound(source, _COARSE)


def _broken(source: VideoFacts, how: str) -> FileUnreadable:
    mend = "take --mix replace, or copy or download it again"
    return FileUnreadable(f"the sound of {quoted(source.path)} {how}", mend=mend)


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
