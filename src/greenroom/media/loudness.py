"""How loud sound is to a listener, and making it as loud as asked (EBU R 128, ITU-R BS.1770-4)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from greenroom.media.audio import Audio
from greenroom.media.limiting import AIM_DB, TRUE_PEAK_LIMIT_DB, Limiter, heights_of, held_down, true_peak

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

# BS.1770 measures in blocks of 400 ms; shorter sound is repeated to fill some.
_SHORTEST_S = 1.0
_PIECE = 1 << 18  # samples: an hour of them takes memory for itself alone
# The measure's own floor: nothing above the absolute gate.
_SILENCE_LUFS = -70.0
# A limiter takes loudness away with the peaks; the gain is raised for it, and found this close in so many rounds.
_CLOSE_LU = 0.1
_ROUNDS = 6
# Beyond this much limiting speech sounds pressed: rather stay below the target.
_MOST_LIMITED_DB = 12.0
# A codec's own peaks fall elsewhere when its sound is another; what it takes away is corrected so often.
_SPARE_DB = 0.1
_CORRECTIONS = 2


@dataclass(frozen=True, slots=True)
class Loudness:
    """integrated: LUFS over the whole, None for silence.  true_peak: dBTP, between the samples too."""

    integrated: float | None
    true_peak: float


def measure(audio: Audio) -> Loudness:
    """Integrated loudness and true peak of the first two channels."""
    samples = audio.samples[:2]
    return Loudness(_integrated(Audio(samples, audio.rate)), true_peak(samples))


def _integrated(audio: Audio) -> float | None:
    """In LUFS (FFmpeg's ebur128 filter), None for silence."""
    import numpy as np

    samples, count = audio.samples, audio.samples.shape[-1]
    if not count or not samples.any():
        return None
    shortest = int(_SHORTEST_S * audio.rate)
    if count < shortest:
        samples = np.tile(samples, -(-shortest // count))
    meter = _Filter(audio.rate, len(samples), "ebur128", "metadata=1")
    said: dict[str, str] = {}
    for start in range(0, samples.shape[-1], _PIECE):
        for frame in meter.push(samples[:, start : start + _PIECE]):
            said.update(frame.metadata)
    for frame in meter.flush():
        said.update(frame.metadata)
    integrated = float(said["lavfi.r128.I"])
    return integrated if integrated > _SILENCE_LUFS else None


def limited(audio: Audio, gain: float, *, lower: float = 0.0) -> Audio:
    """Sound of one or two channels times ``gain``, its peaks held below -1 dBTP. lower: by so many decibels more."""
    import numpy as np

    channels = len(audio.samples)
    limiter = Limiter(audio.rate, channels, lower=lower)
    pieces = limiter.push(audio.samples * np.float32(gain)), limiter.flush()
    return Audio(np.concatenate([piece.reshape(channels, -1) for piece in pieces], axis=1), audio.rate)


def gain_for(audio: Audio, lufs: float, *, lower: float = 0.0) -> float:
    """The factor that, limited, brings sound of one or two channels to ``lufs``; 1 for silence. lower: see ``limited``.

    Sound whose peaks would have to be held down by more than 12 dB stays below the target.
    """
    import numpy as np

    loudness = _integrated(audio)
    if loudness is None:
        return 1.0
    heights = heights_of(audio.samples)
    free = AIM_DB - lower - 20 * float(np.log10(heights.max()))
    most = free + _MOST_LIMITED_DB
    decibels = min(lufs - loudness, most)
    for _ in range(_ROUNDS if decibels > free else 0):
        gain = np.float32(_factor(decibels))
        held = held_down(audio.samples * gain, heights * gain, audio.rate, lower=lower)
        reached = _integrated(Audio(held, audio.rate))
        missing = 0.0 if reached is None else lufs - reached
        if abs(missing) < _CLOSE_LU or (missing > 0 and decibels == most):
            break
        decibels = min(decibels + missing, most)
    return _factor(decibels)


@dataclass(frozen=True, slots=True)
class Levelled:
    """Sound made as loud as asked. held: what a file of it holds, which a lossy codec changes."""

    audio: Audio
    held: Loudness


def levelled(audio: Audio, lufs: float, coded: Callable[[Audio], Audio] | None = None) -> Levelled:
    """Sound of one or two channels brought to ``lufs`` with peaks below -1 dBTP, see ``gain_for``.

    coded: what a lossy codec leaves of sound; where it is audibly quieter, or has other peaks, gain and limit are
    corrected for it.
    """
    made = limited(audio, gain_for(audio, lufs))
    held = measure(coded(made) if coded else made)
    wanted, lower = lufs, 0.0
    for _ in range(_CORRECTIONS if coded else 0):
        over = held.true_peak - TRUE_PEAK_LIMIT_DB
        if held.integrated is None or (over <= 0 and abs(lufs - held.integrated) < _CLOSE_LU):
            break
        wanted += lufs - held.integrated
        lower += over + _SPARE_DB if over > 0 else 0.0
        made = limited(audio, gain_for(audio, wanted, lower=lower), lower=lower)
        held = measure(coded(made) if coded else made)
    return Levelled(made, held)


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
