"""Silence in sound of 16 bits: found, cut out, shortened.

What is left of a recording decides how long the model speaks, so every number is the published tool's (pydub 0.25.1,
which works in milliseconds on 16-bit samples): its lengths, its rounding, its whole-numbered levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FULL_SCALE = 32_768

_STEP_MS = 10
_LEAST_RATE = 11_025
"""Silence is made at this rate, and what it is joined to is raised to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Pcm:
    """Sound of 16 bits. samples: int16, shape (n, channels).  rate: samples a second."""

    samples: NDArray[np.int16]
    rate: int

    @property
    def frames(self) -> int:
        """Samples of each channel."""
        return len(self.samples)

    @property
    def milliseconds(self) -> int:
        """How long it lasts, rounded."""
        return round(1000 * (self.frames / self.rate))

    def position(self, milliseconds: int) -> int:
        """The sample at a time; it may lie behind the end, as lengths are rounded."""
        return int(milliseconds * (self.rate / 1000.0))

    def part(self, start: int, end: int) -> Pcm:
        """From one time to another, in ms; silence stands for the few samples that rounding finds behind the end."""
        start, end = (self.position(min(time, self.milliseconds)) for time in (start, end))
        samples = self.samples[start:end]
        missing = end - start - len(samples)
        if missing > 0 and len(samples):
            samples = np.concatenate([samples, np.zeros((missing, samples.shape[1]), np.int16)])
        return Pcm(samples, self.rate)

    def levels(self, starts: NDArray[np.int64], length: int) -> NDArray[np.int64]:
        """The level (whole-numbered RMS over all channels) of windows that begin at ``starts``, all in ms."""
        squares = np.square(self.samples.astype(np.int64)).sum(axis=1)
        upto = np.concatenate([np.zeros(1, np.int64), np.cumsum(squares)])
        begin, end = (
            (np.minimum(times, self.milliseconds) * (self.rate / 1000.0)).astype(np.int64)
            for times in (starts, starts + length)
        )
        energy = upto[np.minimum(end, self.frames)] - upto[np.minimum(begin, self.frames)]
        count = np.maximum((end - begin) * self.samples.shape[1], 1)
        levels: NDArray[np.int64] = np.sqrt(energy / count).astype(np.int64)
        return levels


def silence(milliseconds: int) -> Pcm:
    """Silence of one channel."""
    return Pcm(np.zeros((int(_LEAST_RATE * (milliseconds / 1000.0)), 1), np.int16), _LEAST_RATE)


def joined(parts: Sequence[Pcm]) -> Pcm:
    """Sounds one after another, at the highest rate and with the most channels of them, silence of no length among
    them; one after another too in how rates are raised."""
    whole = silence(0)
    for part in parts:
        rate = max(whole.rate, part.rate)
        channels = max(whole.samples.shape[1], part.samples.shape[1])
        both = [_channels(at_rate(sound, rate).samples, channels) for sound in (whole, part)]
        whole = Pcm(np.concatenate(both), rate)
    return whole


def _channels(samples: NDArray[np.int16], channels: int) -> NDArray[np.int16]:
    return samples if samples.shape[1] == channels else np.repeat(samples, channels, axis=1)


def at_rate(sound: Pcm, rate: int) -> Pcm:
    """The sound with more samples a second, on straight lines between its samples."""
    if rate == sound.rate or not sound.frames:
        return Pcm(sound.samples, rate)
    divisor = int(np.gcd(sound.rate, rate))
    slow, fast = sound.rate // divisor, rate // divisor
    count = (sound.frames - 1) * fast // slow + 1
    # The k-th new sample lies ``behind``/fast before the sample that it is led to; a silent one stands at the start.
    places = np.arange(count, dtype=np.int64) * slow
    ahead = -(-places // fast)
    behind = ahead * fast - places
    # 16 bits are worked on as the upper half of 32, as the published tool does; the lower half is then cut off.
    wide = np.concatenate([np.zeros_like(sound.samples[:1]), sound.samples]).astype(np.float64) * 65_536
    left, right = wide[ahead], wide[ahead + 1]
    mixed = (left * behind[:, None] + right * (fast - behind)[:, None]) / fast
    return Pcm((mixed.astype(np.int64) >> 16).astype(np.int16), rate)


def split_at_silence(sound: Pcm, *, least_ms: int, below_db: float, keep_ms: int) -> list[Pcm]:
    """The parts of a sound between its silences, each with ``keep_ms`` of them on either side.

    A silence lasts ``least_ms`` and is nowhere louder than ``below_db`` (of full scale) in windows of that length.
    Where two kept margins meet, each part gets half. A sound that is all silence has no part.
    """
    whole = sound.milliseconds
    parts = [[start - keep_ms, end + keep_ms] for start, end in _sounding(sound, least_ms, below_db)]
    for before, after in pairwise(parts):
        if after[0] < before[1]:
            before[1] = after[0] = (before[1] + after[0]) // 2
    return [sound.part(max(start, 0), min(end, whole)) for start, end in parts]


def _sounding(sound: Pcm, least_ms: int, below_db: float) -> list[tuple[int, int]]:
    """What lies between the silences, in ms."""
    whole = sound.milliseconds
    silences = _silences(sound, least_ms, below_db)
    if not silences:
        return [(0, whole)]
    if silences[0] == (0, whole):
        return []
    edges = [0, *(edge for stretch in silences for edge in stretch), whole]
    between = list(zip(edges[::2], edges[1::2], strict=True))
    if between[-1] == (whole, whole):
        between.pop()
    return between[1:] if between[0] == (0, 0) else between


def _silences(sound: Pcm, least_ms: int, below_db: float) -> list[tuple[int, int]]:
    last = sound.milliseconds - least_ms
    if last < 0:
        return []
    starts = np.arange(0, last + 1, _STEP_MS, dtype=np.int64)
    if last % _STEP_MS:
        starts = np.append(starts, last)
    quiet = starts[sound.levels(starts, least_ms) <= _level(below_db)]
    if not len(quiet):
        return []
    # Windows further apart than their own length belong to two silences.
    apart = np.flatnonzero(np.diff(quiet) > max(least_ms, _STEP_MS))
    begins = quiet[np.append(0, apart + 1)]
    ends = quiet[np.append(apart, len(quiet) - 1)] + least_ms
    return [(int(begin), int(end)) for begin, end in zip(begins, ends, strict=True)]


def _level(decibels: float) -> float:
    return float(10 ** (decibels / 20) * FULL_SCALE)


def without_silent_ends(sound: Pcm, below_db: float) -> Pcm:
    """The sound without what is quieter than ``below_db`` at its start and end, in steps of 10 ms."""
    sound = sound.part(_silent_start(sound, below_db), sound.milliseconds)
    tail = _silent_start(Pcm(sound.samples[::-1], sound.rate), below_db)
    return sound.part(0, sound.milliseconds - tail) if tail else sound


def _silent_start(sound: Pcm, below_db: float) -> int:
    starts = np.arange(0, sound.milliseconds, _STEP_MS, dtype=np.int64)
    loud = np.flatnonzero(sound.levels(starts, _STEP_MS) >= _level(below_db))
    return int(starts[loud[0]]) if len(loud) else sound.milliseconds


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A reference cut to length. sound: what is left.  cuts: by which rules, of 1 (at a pause of a second), 2 (at a
    pause of a tenth) and 3 (in the middle of speech), something was left out at the end."""

    sound: Pcm
    cuts: tuple[int, ...]


LONGEST_MS = 12_000
"""What a recording is cut to."""

_ENOUGH_MS = 6_000
TAIL_MS = 50
"""Silence that is put behind every clip."""

QUIETEST_DB = -42
"""What is quieter, of full scale, is trimmed from both ends."""


def clip_reference(sound: Pcm) -> Clip:
    """Cut a recording to about 12 s at a pause, shorten its silences, trim its ends; the published rule.

    A recording of silence leaves what is put behind every clip.
    """
    cuts: list[int] = []
    whole = _packed(split_at_silence(sound, least_ms=1000, below_db=-50, keep_ms=1000), 1, cuts)
    if whole.milliseconds > LONGEST_MS:
        whole = _packed(split_at_silence(sound, least_ms=100, below_db=-40, keep_ms=1000), 2, cuts)
    if whole.milliseconds > LONGEST_MS:
        whole = whole.part(0, LONGEST_MS)
        cuts.append(3)
    return Clip(joined([without_silent_ends(whole, QUIETEST_DB), silence(TAIL_MS)]), tuple(cuts))


def _packed(parts: Sequence[Pcm], rule: int, cuts: list[int]) -> Pcm:
    """Parts in order, up to the first that would make it too long when there is enough already."""
    whole = silence(0)
    for part in parts:
        longer = joined([whole, part])
        if whole.milliseconds > _ENOUGH_MS and longer.milliseconds > LONGEST_MS:
            cuts.append(rule)
            break
        whole = longer
    return whole


def without_long_silences(sound: Pcm) -> Pcm:
    """A result with every silence of a second and more shortened to one of at most a second; the published rule."""
    return joined(split_at_silence(sound, least_ms=1000, below_db=-50, keep_ms=500))
