"""Sound that was made for a video beside the video's own, or instead of it, as loud as asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from greenroom.media.audio import Audio
from greenroom.media.loudness import Levelled, levelled, measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Mix = Literal["replace", "under", "ducked"]

UNDER_LU = 10.0
"""By so much what was made is quieter than the video's own sound where it lies under it."""

DUCKED_DB = 15.0
"""By so much what was made, else as loud as the video's own sound, is held down while that is heard."""

_BLOCK_S = 0.01
_HEARD_LU = 20.0  # below the loudness of the whole, pauses begin
_BEFORE, _AFTER = 5, 30  # blocks: it goes down before something is heard, and comes back a while after
_SMOOTHED = 11  # blocks over which it goes down or comes back


def mixed(
    made: Audio,
    own: Audio | None,
    mix: Mix,
    lufs: float,
    *,
    channels: int = 1,
    coded: Callable[[Audio], Audio] | None = None,
) -> Levelled:
    """What is heard of both, brought to ``lufs`` with its peaks below -1 dBTP (EBU R 128).

    made: of one channel.  own: of one or two, at the same rate; None where the video has none, which then is as silence
    is.  channels: of the result at least; it has as many as ``own`` where that is heard, and lasts as long as the
    longer of both.  coded: see ``levelled``.
    """
    heard = None if own is None or mix == "replace" else measure(own).integrated
    both = made if own is None or heard is None else _added(made, own, mix, heard)
    if len(both.samples) < channels:
        both = Audio(np.repeat(both.samples, channels, axis=0), both.rate)
    return levelled(both, lufs, coded)


def _added(made: Audio, own: Audio, mix: Mix, heard: float) -> Audio:
    """The two in one, before it is made loud. heard: the loudness of the own sound, in LUFS."""
    length = max(made.samples.shape[1], own.samples.shape[1])
    both = np.zeros((len(own.samples), length), np.float32)
    both[:, : own.samples.shape[1]] = own.samples
    loudness = measure(made).integrated
    if loudness is None:
        return Audio(both, own.rate)
    target = heard - UNDER_LU if mix == "under" else heard
    if len(own.samples) == 2:  # heard from both sides, one channel is 3 LU louder
        target -= 3.0
    added = made.samples[0] * np.float32(10 ** ((target - loudness) / 20))
    if mix == "ducked":
        added *= _ducking(own, heard, len(added))
    both[:, : len(added)] += added
    return Audio(both, own.rate)


def _ducking(own: Audio, heard: float, length: int) -> NDArray[np.float32]:
    """Factors, (length,), that hold something down while the own sound is heard."""
    block = round(_BLOCK_S * own.rate)
    count = -(-length // block)
    there = np.zeros(count * block, np.float32)
    mono = own.mono[: len(there)]
    there[: len(mono)] = mono
    power = np.square(there.reshape(count, block)).mean(axis=1)
    active = power > 10 ** ((heard - _HEARD_LU) / 10)
    reach = np.ones(_BEFORE + 1 + _AFTER)
    wide = np.convolve(active, reach)[_BEFORE : _BEFORE + count] > 0
    padded = np.pad(wide.astype(np.float64), _SMOOTHED // 2, mode="edge")
    share = np.convolve(padded, np.ones(_SMOOTHED) / _SMOOTHED, mode="valid")
    places = (np.arange(count) + 0.5) * block
    decibels = np.interp(np.arange(length), places, -DUCKED_DB * share)
    factors: NDArray[np.float32] = (10 ** (decibels / 20)).astype(np.float32)
    return factors
