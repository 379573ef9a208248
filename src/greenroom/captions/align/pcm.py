"""Sound as speech recognisers want it: one channel, 16 kHz, 16 bit."""

from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.media.audio import Audio

RATE = 16_000

# Half of full scale: no resampling filter overshoots into clipping, and quiet sound keeps its bits.
_PEAK = 0.5
# Amplification beyond this only turns a silent recording's hiss into loud noise.
_MOST_GAIN = 100.0
_BLOCK_S = 10


def speech_pcm(audio: Audio) -> NDArray[np.int16]:
    """The mean of the channels at 16 kHz, band-limited, brought to one level; shape (n,).

    Works in blocks of ten seconds, so that an hour of studio sound needs 115 MB beside itself and no more.
    """
    import av
    import numpy as np

    gain = _gain(audio)
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pieces: list[NDArray[np.int16]] = []
    for block in _blocks(audio):
        mono = np.clip(block * gain, -1.0, 1.0).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(mono[None], format="fltp", layout="mono")
        frame.sample_rate = audio.rate
        pieces += [_samples(out) for out in resampler.resample(frame)]
    if pieces or audio.samples.shape[-1]:
        pieces += [_samples(out) for out in resampler.resample(None)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


def wav_bytes(pcm: NDArray[np.int16]) -> bytes:
    """Samples at 16 kHz as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm.astype("<i2").tobytes())
    return file.getvalue()


def _gain(audio: Audio) -> float:
    import numpy as np

    peak = max((float(np.abs(block).max()) for block in _blocks(audio)), default=0.0)
    return min(_PEAK / peak, _MOST_GAIN) if peak > 0 else 1.0


def _blocks(audio: Audio) -> Iterator[NDArray[np.float32]]:
    """The mean of the channels, piece by piece; what is no number, as a model that diverged gives, is silence."""
    import numpy as np

    size = _BLOCK_S * audio.rate
    for first in range(0, audio.samples.shape[-1], size):
        yield np.nan_to_num(audio.samples[:, first : first + size].mean(axis=0), posinf=0.0, neginf=0.0)


def _samples(frame: Any) -> NDArray[np.int16]:
    import numpy as np

    samples: NDArray[np.int16] = frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)
    return samples
