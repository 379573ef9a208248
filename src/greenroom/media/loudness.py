"""How loud sound is to a listener, and making it as loud as asked (EBU R 128, ITU-R BS.1770-4)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from greenroom.media.audio import Audio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# BS.1770 measures in blocks of 400 ms; shorter sound is repeated to fill some.
_SHORTEST_S = 1.0
# The measure's own floor: nothing above the absolute gate.
_SILENCE_LUFS = -70.0
# EBU R 128 allows -1 dBTP. The limiter looks at samples; between those of speech at 22 kHz stand up to 0.2 dB more.
TRUE_PEAK_LIMIT_DB = -1.0
_SAMPLE_LIMIT = 10 ** (-1.4 / 20)
# Fast enough for the pulses of a low voice, slow enough not to follow its waveform.
_ATTACK_MS, _RELEASE_MS = 5, 50
# A limiter takes loudness away with the peaks; the gain is raised for it, and found this close in so many rounds.
_CLOSE_LU = 0.1
_ROUNDS = 6
# Beyond this much limiting speech sounds pressed: rather stay below the target.
_MOST_LIMITED_DB = 12.0


@dataclass(frozen=True, slots=True)
class Loudness:
    """integrated: LUFS over the whole, None for silence.  true_peak: dBTP, between the samples too."""

    integrated: float | None
    true_peak: float


def measure(audio: Audio) -> Loudness:
    """Integrated loudness and true peak of the first two channels (FFmpeg's ebur128 filter)."""
    import numpy as np

    samples = audio.samples[:2]
    count = samples.shape[-1]
    if not count or not samples.any():
        return Loudness(None, -np.inf)
    shortest = int(_SHORTEST_S * audio.rate)
    if count < shortest:
        samples = np.tile(samples, -(-shortest // count))
    meter = _Filter(audio.rate, len(samples), "ebur128", "metadata=1:peak=true")
    said: dict[str, str] = {}
    for frame in (*meter.push(samples), *meter.flush()):
        said.update(frame.metadata)
    integrated = float(said["lavfi.r128.I"])
    peak = max(float(value) for name, value in said.items() if name.startswith("lavfi.r128.true_peaks_ch"))
    return Loudness(
        integrated if integrated > _SILENCE_LUFS else None, float(20 * np.log10(peak)) if peak > 0 else -np.inf
    )


class Limiter:
    """Holds peaks below -1 dBTP without moving anything in time (FFmpeg's alimiter, which looks ahead).

    Feed samples in order with ``push``, shape (n,), or (2, n) of two channels, which are held down together; and take
    what is left with ``flush``.
    """

    def __init__(self, rate: int, channels: int = 1) -> None:
        said = f"limit={_SAMPLE_LIMIT:.4f}:level=false:attack={_ATTACK_MS}:release={_RELEASE_MS}:latency=true"
        self._channels = channels
        self._filter = _Filter(rate, channels, "alimiter", said)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """What can be given of the samples so far."""
        return self._joined(self._filter.push(samples.reshape(self._channels, -1))) if samples.size else samples

    def flush(self) -> NDArray[np.float32]:
        """The rest."""
        return self._joined(self._filter.flush())

    def _joined(self, frames: list[Any]) -> NDArray[np.float32]:
        import numpy as np

        pieces = [frame.to_ndarray().reshape(self._channels, -1) for frame in frames]
        joined = np.concatenate([*pieces, np.zeros((self._channels, 0), np.float32)], axis=1)
        samples: NDArray[np.float32] = (joined[0] if self._channels == 1 else joined).astype(np.float32, copy=False)
        return samples


def limited(audio: Audio, gain: float) -> Audio:
    """Sound of one or two channels times ``gain``, its peaks held below -1 dBTP."""
    import numpy as np

    channels = len(audio.samples)
    limiter = Limiter(audio.rate, channels)
    pieces = limiter.push(audio.samples * np.float32(gain)), limiter.flush()
    return Audio(np.concatenate([piece.reshape(channels, -1) for piece in pieces], axis=1), audio.rate)


def gain_for(audio: Audio, lufs: float) -> float:
    """The factor that, limited, brings sound of one or two channels to ``lufs``; 1 for silence.

    Sound whose peaks would have to be held down by more than 12 dB stays below the target.
    """
    measured = measure(audio)
    if measured.integrated is None:
        return 1.0
    most = TRUE_PEAK_LIMIT_DB - measured.true_peak + _MOST_LIMITED_DB
    decibels = min(lufs - measured.integrated, most)
    for _ in range(_ROUNDS):
        reached = measure(limited(audio, _factor(decibels))).integrated
        missing = 0.0 if reached is None else lufs - reached
        if abs(missing) < _CLOSE_LU or (missing > 0 and decibels == most):
            break
        decibels = min(decibels + missing, most)
    return _factor(decibels)


def _factor(decibels: float) -> float:
    return float(10 ** (decibels / 20))


class _Filter:
    """One of FFmpeg's audio filters, fed with planar float samples, shape (channels, n)."""

    def __init__(self, rate: int, channels: int, name: str, options: str) -> None:
        from av.filter import Graph

        self._rate = rate
        self._layout = {1: "mono", 2: "stereo"}[channels]
        self._fed = 0
        self._graph = Graph()
        source = self._graph.add_abuffer(
            sample_rate=rate, format="fltp", layout=self._layout, time_base=Fraction(1, rate)
        )
        chain = [source, self._graph.add(name, options), self._graph.add("aformat", "sample_fmts=fltp")]
        chain.append(self._graph.add("abuffersink"))
        for one, other in pairwise(chain):
            one.link_to(other)
        self._graph.configure()

    def push(self, samples: NDArray[np.float32]) -> list[Any]:
        import av
        import numpy as np

        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, np.float32), format="fltp", layout=self._layout
        )
        frame.sample_rate, frame.pts = self._rate, self._fed
        self._fed += samples.shape[-1]
        self._graph.push(frame)
        return self._pulled()

    def flush(self) -> list[Any]:
        self._graph.push(None)
        return self._pulled()

    def _pulled(self) -> list[Any]:
        import av

        frames: list[Any] = []
        while True:
            try:
                frames.append(self._graph.pull())
            except (av.error.EOFError, av.error.BlockingIOError):
                return frames
