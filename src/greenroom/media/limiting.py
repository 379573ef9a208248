"""Peaks between the samples, as a converter plays them, and a limiter that holds those down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TRUE_PEAK_LIMIT_DB = -1.0
"""EBU R 128's: no peak of what is played stands above it, in dBTP."""

# The gain moves while peaks are made of several samples, by which some come out up to 0.2 dB higher.
AIM_DB = TRUE_PEAK_LIMIT_DB - 0.2
"""Where peaks are held down to."""

# At 4 places between samples, as BS.1770 asks for at least, a tone near the highest reads up to 0.7 dB low; at 8, 0.2.
_PLACES = 8
# Sound is interpolated as a converter does, by its spectrum, in blocks of which the outer parts are not looked at.
_HOP, _MARGIN = 1024, 512
_BLOCK = _HOP + 2 * _MARGIN
_TOGETHER = 32  # blocks
_PIECE = 1 << 18  # samples: an hour of them takes memory for itself alone
# So many times as high as all samples of a block a place between them can stand at the most.
_MOST = 5.6
# Fast enough for the pulses of a low voice, slow enough not to follow its waveform.
_ATTACK_S, _RELEASE_S = 0.005, 0.025


def heights_of(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """How high sound stands around each sample, in any channel: (channels, n) to (n,)."""
    import numpy as np

    count = samples.shape[1]
    return _heights(np.pad(samples, ((0, 0), (_MARGIN, _MARGIN + _HOP - count % _HOP))), 0.0)[:count]


def true_peak(samples: NDArray[np.float32]) -> float:
    """The highest of all channels, (channels, n), in dBTP; minus infinity for silence."""
    import numpy as np

    if not samples.size or not samples.any():
        return -np.inf
    padded = np.pad(samples, ((0, 0), (_MARGIN, _MARGIN + -samples.shape[1] % _HOP)))
    # What cannot be the highest need not be looked at closely.
    return float(20 * np.log10(_heights(padded, float(np.abs(samples).max())).max()))


def held_down(
    samples: NDArray[np.float32], heights: NDArray[np.float32], rate: int, *, lower: float = 0.0
) -> NDArray[np.float32]:
    """All that a ``Limiter`` makes of sound, (channels, n), whose heights are known. lower: as there."""
    import numpy as np

    depths, held = _Depths(rate, _ceiling(lower)), np.empty(samples.shape, np.float32)
    ahead, done = 2 * depths.half, 0
    for start in range(0, len(heights), _PIECE):
        depths.add(heights[start : start + _PIECE])
        last = start + _PIECE >= len(heights)
        if last:
            depths.add(np.zeros(ahead, np.float32))
        stop = len(heights) if last else start + _PIECE - ahead
        held[:, done:stop] = samples[:, done:stop] * (1 - depths.next(stop - done))
        done = stop
    return held


def _ceiling(lower: float) -> float:
    return float(10 ** ((AIM_DB - lower) / 20))


def _heights(padded: NDArray[np.float32], above: float) -> NDArray[np.float32]:
    """See ``heights_of``. padded: whole hops with a margin at both ends, (channels, n).

    above: where nothing can stand higher than this, the samples' own heights are enough. Gives (n - 2 * _MARGIN,).
    """
    import numpy as np

    heights: NDArray[np.float32] = np.abs(padded[:, _MARGIN:-_MARGIN]).max(axis=0)
    inner = heights.reshape(-1, _HOP)
    turns = 2j * np.pi / _BLOCK / _PLACES * np.arange(_BLOCK // 2 + 1)
    later = [np.exp(turns * place).astype(np.complex64) for place in range(1, _PLACES)]
    for channel in padded:
        blocks = np.lib.stride_tricks.sliding_window_view(channel, _BLOCK)[::_HOP]
        for start in range(0, len(blocks), _TOGETHER):
            near = np.flatnonzero(np.abs(blocks[start : start + _TOGETHER]).max(axis=1) * _MOST > above) + start
            spectra = np.fft.rfft(blocks[near], axis=1)
            for turn in later if len(near) else ():
                between = np.abs(np.fft.irfft(spectra * turn, _BLOCK, axis=1)[:, _MARGIN - 1 : -_MARGIN])
                around = np.maximum(between[:, :-1], between[:, 1:])
                inner[near] = np.maximum(inner[near], around.astype(np.float32, copy=False))
    return heights


@dataclass(slots=True)
class _Depths:
    """How far the gain goes down at each sample, 0 to 1, found piece by piece.

    It is down in time for a peak, stays, and comes back by the same share in each moment.
    """

    rate: int
    ceiling: float
    _last: float = 0.0
    _known: NDArray[np.float64] = field(init=False)  # from the attack before the next sample that is asked for

    def __post_init__(self) -> None:
        import numpy as np

        self._known = np.zeros(2 * self.half)

    @property
    def half(self) -> int:
        """Samples of half an attack."""
        return max(1, round(_ATTACK_S * self.rate / 2))

    def add(self, heights: NDArray[np.float32]) -> None:
        """Learn what comes next."""
        import numpy as np

        wanted = 1 - self.ceiling / np.maximum(heights.astype(np.float64), self.ceiling)
        if not self._last and not wanted.any():
            self._known = np.concatenate([self._known, wanted])
            return
        # What falls by one share a sample is even in logarithms, where the higher of all falls is a running maximum.
        falls = np.arange(1, len(wanted) + 1) / (_RELEASE_S * self.rate)
        with np.errstate(divide="ignore"):
            risen = np.maximum(np.log(wanted) + falls, np.log(self._last))
        depths = np.exp(np.maximum.accumulate(risen) - falls)
        depths[depths < 1e-6] = 0.0
        self._last = float(depths[-1]) if len(depths) else self._last
        self._known = np.concatenate([self._known, depths])

    def next(self, count: int) -> NDArray[np.float64]:
        """Of the next samples; as many more as an attack is long have to be known."""
        import numpy as np

        reach = 2 * self.half
        known = self._known[: count + 2 * reach]
        self._known = self._known[count:]
        if not known.any():
            return np.zeros(count)
        ahead = _highest(known, reach + 1)  # of each and those that follow it, an attack long
        for _ in range(2):
            total = np.concatenate([[0.0], np.cumsum(ahead)])
            ahead = (total[self.half :] - total[: -self.half]) / self.half
        return ahead[-count:] if count else ahead[:0]


def _highest(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Of each ``width`` neighbours, (n - width + 1,)."""
    import numpy as np

    done = 1
    while done < width:
        step = min(done, width - done)
        values = np.maximum(values[:-step], values[step:])
        done += step
    return values


class Limiter:
    """Holds peaks below -1 dBTP, between the samples too, without moving anything in time.

    Feed samples in order with ``push``, shape (n,), or (2, n) of two channels, which are held down together; and take
    what is left with ``flush``. lower: by so many decibels more.
    """

    def __init__(self, rate: int, channels: int = 1, *, lower: float = 0.0) -> None:
        import numpy as np

        self._channels = channels
        self._ceiling = _ceiling(lower)
        self._depths = _Depths(rate, self._ceiling)
        self._kept = np.zeros((channels, _MARGIN), np.float32)  # what was given already, for places behind it
        self._given = _MARGIN  # of what is kept
        self._seen = _MARGIN  # of what is kept, heights are known

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """What can be given of the samples so far."""
        import numpy as np

        if not samples.size:
            return samples
        pushed = samples.reshape(self._channels, -1)
        given: list[NDArray[np.float32]] = []
        for start in range(0, pushed.shape[1], _PIECE):
            self._look(pushed[:, start : start + _PIECE])
            given.append(self._give(self._seen - 2 * self._depths.half))
        return np.concatenate(given, axis=-1)

    def flush(self) -> NDArray[np.float32]:
        """The rest."""
        import numpy as np

        end = self._kept.shape[1]
        self._look(np.zeros((self._channels, _BLOCK + 2 * self._depths.half), np.float32))
        return self._give(end)

    def _look(self, samples: NDArray[np.float32]) -> None:
        """Take what comes next, and learn the heights of whole hops."""
        import numpy as np

        self._kept = np.concatenate([self._kept, samples], axis=1, dtype=np.float32)
        hops = (self._kept.shape[1] - _MARGIN - self._seen) // _HOP
        if hops > 0:
            until = self._seen + hops * _HOP
            self._depths.add(_heights(self._kept[:, self._seen - _MARGIN : until + _MARGIN], self._ceiling))
            self._seen = until

    def _give(self, stop: int) -> NDArray[np.float32]:
        """Of what is kept, until before ``stop``."""
        import numpy as np

        given = self._kept[:, self._given : max(stop, self._given)]
        depths = self._depths.next(given.shape[1])
        made = (given * (1 - depths)).astype(np.float32) if depths.any() else given.astype(np.float32)
        self._given += given.shape[1]
        past = min(self._given, self._seen - _MARGIN)
        self._kept, self._given, self._seen = self._kept[:, past:], self._given - past, self._seen - past
        return made[0] if self._channels == 1 else made
