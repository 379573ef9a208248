"""Sound written by us is read back by FFmpeg, and read by us whoever wrote it."""

from __future__ import annotations

import io
import os
import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.errors import FileUnreadable, UnknownName
from greenroom.media.audio import (
    AUDIO_FORMATS,
    Audio,
    AudioFormat,
    AudioWriter,
    _resampled,
    as_heard,
    audio_format,
    is_lossy,
    media_type,
    read_audio,
    require_file,
)

RATE = 22_050


def tone(seconds: float = 1.0, hertz: float = 440.0, rate: int = RATE, level: float = 0.5) -> NDArray[np.float32]:
    samples: NDArray[np.float32] = (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(
        np.float32
    )
    return samples


def write(path: Path, form: AudioFormat, samples: NDArray[np.float32], piece: int = 5000) -> Path:
    with path.open("wb") as file, AudioWriter(file, form, RATE) as out:
        for start in range(0, len(samples), piece):
            out.write(samples[start : start + piece])
    return path


def with_header(path: Path, form: AudioFormat) -> Path:
    """The file, or for bare samples a WAV of them."""
    if form != "pcm":
        return path
    with wave.open(str(path.with_suffix(".wav")), "wb") as out:
        out.setparams((1, 2, 24_000, 0, "NONE", ""))
        out.writeframes(path.read_bytes())
    return path.with_suffix(".wav")


def loudest(samples: NDArray[np.float32], rate: int) -> float:
    """The frequency with most energy, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.fft.rfftfreq(len(samples), 1 / rate)[spectrum.argmax()])


@pytest.mark.parametrize("form", AUDIO_FORMATS)
def test_what_is_written_is_heard(tmp_path: Path, form: AudioFormat) -> None:
    audio = read_audio(with_header(write(tmp_path / f"x.{form}", form, tone(2.0)), form))
    # ADTS has no place to say how long the encoder's run-up and the padding of the last frame are.
    assert audio.seconds == pytest.approx(2.0, abs=0.1 if form == "aac" else 0.06)
    assert loudest(audio.mono, audio.rate) == pytest.approx(440, abs=2)
    # AAC overshoots where a tone begins out of nothing.
    assert np.abs(audio.samples[:, 4000:]).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("form", ["wav", "flac"])
def test_lossless_formats_keep_every_sample(tmp_path: Path, form: AudioFormat) -> None:
    samples = tone(0.7)
    audio = read_audio(write(tmp_path / "x", form, samples))
    np.testing.assert_allclose(audio.mono, samples, atol=1 / 32_768)
    assert audio.rate == RATE


def test_beyond_full_scale_is_clipped_and_does_not_wrap(tmp_path: Path) -> None:
    audio = read_audio(write(tmp_path / "x.wav", "wav", 3 * tone(0.1, level=1.0)))
    assert np.abs(np.diff(audio.mono)).max() < 0.5


@pytest.mark.parametrize("form", AUDIO_FORMATS)
def test_a_pipe_gets_sound_before_the_end(tmp_path: Path, form: AudioFormat) -> None:
    class Pipe(io.RawIOBase):
        """Cannot seek, as a pipe cannot."""

        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]
            return len(bytes(data))  # type: ignore[call-overload]

    pipe = Pipe()
    with AudioWriter(pipe, form, RATE) as out:  # type: ignore[arg-type]
        for _ in range(20):
            out.write(tone(0.5))
        assert len(pipe.data) > 1000
    (tmp_path / "x").write_bytes(pipe.data)
    assert read_audio(with_header(tmp_path / "x", form)).seconds == pytest.approx(10, abs=0.1)


def test_an_empty_wav_is_still_a_wav(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", "wav", np.zeros(0, np.float32))
    assert path.read_bytes()[:4] == b"RIFF"


def test_a_stereo_file_keeps_both_channels(tmp_path: Path) -> None:
    left, right = tone(0.2, 300), tone(0.2, 600)
    body = np.stack([left, right], axis=1)
    whole = (body * 32_767).astype("<i2").tobytes()
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(whole),
        b"WAVE",
        b"fmt ",
        16,
        1,
        2,
        RATE,
        RATE * 4,
        4,
        16,
        b"data",
        len(whole),
    )
    (tmp_path / "x.wav").write_bytes(header + whole)
    audio = read_audio(tmp_path / "x.wav")
    assert audio.samples.shape == (2, len(left))
    np.testing.assert_allclose(audio.mono, (left + right) / 2, atol=1e-4)


def test_a_stream_that_changes_on_its_way_keeps_the_first_rate_and_layout() -> None:
    """As chained recordings of radio do."""
    frames = []
    for rate, layout in ((RATE, "mono"), (48_000, "stereo"), (RATE, "mono")):
        samples = np.tile(tone(1.0, rate=rate), ({"mono": 1, "stereo": 2}[layout], 1))
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate = rate
        frames.append(frame)
    planes = [frame.to_ndarray() for frame in _resampled(av, frames, RATE)]
    joined = np.concatenate(planes, axis=1)
    assert joined.shape[0] == 1
    assert joined.shape[1] == pytest.approx(3 * RATE, abs=100)
    assert loudest(joined[0], RATE) == pytest.approx(440, abs=2)


def test_a_stream_after_other_bytes_leaves_them_alone(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file:
        file.write(b"HEADER")
        with AudioWriter(file, "wav", RATE, streamed=True) as out:
            out.write(tone(0.1))
    data = (tmp_path / "x").read_bytes()
    assert data[:10] == b"HEADERRIFF"
    (tmp_path / "y.wav").write_bytes(data[6:])
    assert read_audio(tmp_path / "y.wav").seconds == pytest.approx(0.1)


def test_bare_samples_are_what_openai_clients_play(tmp_path: Path) -> None:
    """16 bits, little-endian, 24 kHz, and no header."""
    data = write(tmp_path / "x.pcm", "pcm", tone(1.0)).read_bytes()
    samples = np.frombuffer(data, "<i2").astype(np.float32)
    assert len(samples) == pytest.approx(24_000, abs=50)
    assert loudest(samples, 24_000) == pytest.approx(440, abs=2)


def test_aac_stands_alone_frame_by_frame(tmp_path: Path) -> None:
    """ADTS: each frame begins with its own header, so that a stream can be entered anywhere."""
    data = write(tmp_path / "x.aac", "aac", tone(1.0)).read_bytes()
    place = frames = 0
    while place < len(data):
        assert data[place] == 0xFF
        assert data[place + 1] >> 4 == 0xF
        place += (data[place + 3] & 3) << 11 | data[place + 4] << 3 | data[place + 5] >> 5
        frames += 1
    assert frames > 20


def test_every_format_has_a_media_type_of_its_own() -> None:
    types = {form: media_type(form) for form in AUDIO_FORMATS}
    assert len(set(types.values())) == len(AUDIO_FORMATS)
    assert (types["wav"], types["mp3"], types["aac"]) == ("audio/wav", "audio/mpeg", "audio/aac")


def test_formats_are_found_by_name_and_ending() -> None:
    assert audio_format("WAV") == "wav"
    assert audio_format(".ogg") == "opus"
    with pytest.raises(UnknownName, match="'flca'") as caught:
        audio_format("flca")
    assert "did you mean flac?" in caught.value.mend


@pytest.mark.parametrize("content", [b"", b"RIFF", b"<html></html>", os.urandom(5000)])
def test_what_is_not_sound_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(FileUnreadable, match=r"x\.wav"):
        read_audio(tmp_path / "x.wav")


def test_absent_sound_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="there is no file"):
        read_audio(tmp_path / "absent.wav")
    with pytest.raises(FileUnreadable, match="is a folder"):
        read_audio(tmp_path)


@pytest.mark.parametrize(
    ("name", "says", "mend"),
    [
        ("absent.wav", "there is no file", "check the path"),
        ("x" * 5000, "there is no file", "check the path"),
        ("a\0b", "there is no file", "check the path"),
        (".", "is a folder", "name a file in it"),
        ("pipe", "is a device or a pipe, and no file", "write it into a file first"),
        ("/dev/zero", "'/dev/zero' is a device or a pipe, and no file", "write it into a file first"),
    ],
)
def test_what_is_no_file_is_said_to_be_what_it_is(tmp_path: Path, name: str, says: str, mend: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileUnreadable) as refused:
        require_file(tmp_path / name)
    assert says in refused.value.message
    assert refused.value.mend == mend


@pytest.mark.parametrize("form", AUDIO_FORMATS)
def test_only_lossy_formats_hold_other_sound(form: AudioFormat) -> None:
    assert is_lossy(form) == (form in ("mp3", "opus", "aac"))


@pytest.mark.parametrize("form", ["wav", "mp3", "opus", "aac"])
@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_heard_of_sound_is_what_a_file_holds(tmp_path: Path, form: AudioFormat, channels: int) -> None:
    sound = Audio(np.tile(tone(rate=48_000), (channels, 1)), 48_000)
    with (tmp_path / "x").open("wb") as file, AudioWriter(file, form, 48_000, channels=channels) as out:
        out.write(sound.samples)
    np.testing.assert_array_equal(as_heard(sound, form).samples, read_audio(tmp_path / "x").samples)
