"""Sound as samples, read from and written to files and pipes (FFmpeg's libraries, through PyAV)."""

from __future__ import annotations

import io
import stat
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal, Self, get_args

from greenroom.errors import ExtraMissing, FileUnreadable, UnknownName, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

AudioFormat = Literal["wav", "flac", "mp3", "opus", "aac", "pcm"]
AUDIO_FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)


@dataclass(frozen=True, slots=True)
class Audio:
    """Sound in memory.

    samples: float32, shape (channels, n), nominally within -1..1.  rate: samples a second.
    """

    samples: NDArray[np.float32]
    rate: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return float(self.samples.shape[-1] / self.rate)

    @property
    def mono(self) -> NDArray[np.float32]:
        """The mean of the channels, shape (n,)."""
        mixed: NDArray[np.float32] = self.samples[0] if len(self.samples) == 1 else self.samples.mean(axis=0)
        return mixed


@dataclass(frozen=True, slots=True)
class _Encoding:
    container: str
    codec: str
    media_type: str
    rate: int | None = None  # where the codec takes only some rates
    bit_rate: int | None = None  # a channel


# 64 kbit/s a channel is where listening tests put Opus speech beyond complaint; MP3 and AAC need half as much again.
# Samples without a header are what OpenAI's clients play as they come: 24 kHz, 16 bits, little-endian.
_ENCODINGS: dict[AudioFormat, _Encoding] = {
    "wav": _Encoding("wav", "pcm_s16le", "audio/wav"),
    "flac": _Encoding("flac", "flac", "audio/flac"),
    "mp3": _Encoding("mp3", "libmp3lame", "audio/mpeg", bit_rate=96_000),
    "opus": _Encoding("ogg", "libopus", "audio/ogg", rate=48_000, bit_rate=64_000),
    "aac": _Encoding("adts", "aac", "audio/aac", bit_rate=96_000),
    "pcm": _Encoding("s16le", "pcm_s16le", "audio/pcm", rate=24_000),
}


_LAYOUTS = {1: "mono", 2: "stereo"}


def audio_format(name: str) -> AudioFormat:
    """The format of a name or file ending, with or without its dot. Raises UnknownName."""
    wanted = name.lower().removeprefix(".")
    wanted = {"ogg": "opus", "wave": "wav"}.get(wanted, wanted)
    for known in AUDIO_FORMATS:
        if wanted == known:
            return known
    raise UnknownName("audio format", name, AUDIO_FORMATS)


def media_type(form: AudioFormat) -> str:
    """What HTTP calls a format: ``audio/wav``."""
    return _ENCODINGS[form].media_type


def is_lossy(form: AudioFormat) -> bool:
    """Whether a file holds other sound than what was written to it."""
    return _ENCODINGS[form].bit_rate is not None


def as_heard(sound: Audio, form: AudioFormat) -> Audio:
    """What is left of sound in a file."""
    file = io.BytesIO()
    with AudioWriter(file, form, sound.rate, channels=len(sound.samples)) as writer:
        writer.write(sound.samples)
    file.seek(0)
    return decoded(file)


class AudioWriter:
    """Encodes sound piece by piece into a file or a pipe; what is written can be heard at once.

    >>> with AudioWriter(file, "mp3", rate=22_050) as out:
    ...     out.write(samples)  # float32, shape (n,); values beyond -1..1 are clipped

    streamed: never go back in the file, which may be a pipe, or hold something before the sound.  channels: 1 or 2.
    """

    def __init__(
        self, file: IO[bytes], form: AudioFormat, rate: int, *, streamed: bool = False, channels: int = 1
    ) -> None:
        av = require_av()
        encoding = _ENCODINGS[form]
        self._file = _Sink(file, seeks=not streamed)
        self._container = av.open(self._file, "w", format=encoding.container)
        # PyAV types a stream by the codec's name where that is a literal; here it comes from the table.
        stream: Any = self._container.add_stream(encoding.codec, rate=encoding.rate or rate, layout=_LAYOUTS[channels])
        if encoding.bit_rate:
            stream.bit_rate = encoding.bit_rate * channels
        self._stream = stream
        self._rate = rate
        self._layout = _LAYOUTS[channels]
        self._written = 0
        self._container.start_encoding()

    def write(self, samples: NDArray[np.float32]) -> None:
        """Append samples, shape (n,), or (channels, n)."""
        import av
        import numpy as np

        if not samples.size:
            return
        whole = np.round(np.clip(samples, -1.0, 1.0) * 32_767.0).astype(np.int16)
        # Of several channels a sample of each lies beside those of the others.
        frame = av.AudioFrame.from_ndarray(whole.T.reshape(1, -1), format="s16", layout=self._layout)
        frame.sample_rate = self._rate
        frame.pts = self._written
        self._written += samples.shape[-1]
        self._container.mux(self._stream.encode(frame))
        self._file.check()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        if error is None:
            self._file.check()


class _Sink:
    """A file for FFmpeg that keeps the system's error for us.

    Through FFmpeg's layers an error loses its reason, and its clean-up would meet it again; so after the first one the
    sink only pretends, and ``check`` raises it.
    """

    def __init__(self, file: IO[bytes], *, seeks: bool) -> None:
        self._file = file
        self._error: OSError | None = None
        if seeks and file.seekable():
            self.seek, self.tell = self._seek, self._tell

    def write(self, data: bytes) -> int:
        if self._error is None:
            try:
                self._file.write(data)
            except OSError as error:
                self._error = error
        return len(data)

    def check(self) -> None:
        if self._error is not None:
            raise self._error

    def _seek(self, offset: int, whence: int = 0) -> int:
        if self._error is None:
            try:
                return self._file.seek(offset, whence)
            except OSError as error:
                self._error = error
        return offset

    def _tell(self) -> int:
        return 0 if self._error is not None else self._file.tell()


def require_file(path: Path) -> None:
    """Refuse a path that leads to no file, before anything slow is done for it. Raises FileUnreadable."""
    try:
        mode = path.stat().st_mode
    except PermissionError:
        raise FileUnreadable(f"{quoted(path)} cannot be read", mend="check the rights of its folder") from None
    except (OSError, ValueError):  # also where no file can have such a name
        raise FileUnreadable(f"there is no file {quoted(path)}", mend="check the path") from None
    if stat.S_ISDIR(mode):
        raise FileUnreadable(f"{quoted(path)} is a folder", mend="name a file in it")
    if not stat.S_ISREG(mode):
        raise FileUnreadable(f"{quoted(path)} is a device or a pipe, and no file", mend="write it into a file first")


def read_audio(path: Path) -> Audio:
    """The whole first sound track of an audio or video file, at its own rate and channels.

    Raises FileUnreadable when there is no such file, no sound in it, or it does not decode.
    """
    av = require_av()
    shown = quoted(path)
    require_file(path)
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            if not container.streams.audio:
                raise FileUnreadable(f"{shown} has no sound", mend="give an audio file, or a video with a sound track")
            sound = _first_track(av, container)
    except (av.error.FFmpegError, ValueError) as error:
        message = f"{shown} is not sound that can be read ({_reason(error)})"
        raise FileUnreadable(message, mend="convert it to WAV") from error
    except OSError as error:
        raise FileUnreadable(f"{shown} cannot be read: {error.strerror or error}", mend="check its rights") from error
    if not sound.samples.size:
        raise FileUnreadable(f"{shown} holds no sound at all", mend="record or export it again")
    return sound


def decoded(file: IO[bytes]) -> Audio:
    """The whole first sound track of a file that was written here."""
    av = require_av()
    with av.open(file) as container:
        return _first_track(av, container)


def _first_track(av: Any, container: Any) -> Audio:
    import numpy as np

    stream = container.streams.audio[0]
    pieces = [_planar(frame) for frame in _resampled(av, container.decode(stream), stream.rate)]
    empty = np.zeros((len(pieces[0]) if pieces else 1, 0), np.float32)
    return Audio(np.concatenate([empty, *pieces], axis=1), stream.rate)


def require_av() -> Any:
    """PyAV. Raises ExtraMissing."""
    try:
        import av
    except ImportError as error:
        raise ExtraMissing("PyAV, which reads and writes sound and video,", "captions") from error
    return av


def _resampled(av: Any, frames: Iterable[Any], rate: int) -> Iterator[Any]:
    """Frames as planar floats at one rate and layout: a stream may change both on its way."""
    resampler, layout, given = None, None, None
    for frame in frames:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or kind != given:
            yield from resampler.resample(None) if resampler else ()
            layout, given = layout or frame.layout.name, kind
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
        yield from resampler.resample(frame)
    yield from resampler.resample(None) if resampler else ()


def _planar(frame: Any) -> NDArray[np.float32]:
    planes: NDArray[np.float32] = frame.to_ndarray()
    return planes


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or error).split(":")[0].lower()
