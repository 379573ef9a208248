"""How far sounds are from each other, and whether one changes where its windows meet: in numbers, for nobody's ears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_FLOOR = 1e-4  # of a magnitude, against a full scale of 1: about 16 bits
_FRAME, _HOP = 1024, 240  # samples; a hop is 5 ms at 48 kHz
_TINY = 1e-20


def apart(sound: NDArray[np.floating[Any]], other: NDArray[np.floating[Any]]) -> dict[str, float]:
    """In decibels. signal_to_difference: of power.  spectra: root mean square distance of logarithmic magnitudes."""
    difference = float(np.mean((sound - other) ** 2))
    return {
        "signal_to_difference_db": round(
            10 * np.log10(max(float(np.mean(sound**2)), _TINY) / max(difference, _TINY)), 1
        ),
        "spectra_db": round(float(np.sqrt(np.mean((levels(sound) - levels(other)) ** 2))), 3),
    }


def levels(sound: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Magnitudes of short spectra in decibels, (frames, frequencies). sound: (samples,)."""
    count = 1 + (len(sound) - _FRAME) // _HOP
    frames = np.lib.stride_tricks.sliding_window_view(sound, _FRAME)[::_HOP][:count]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1)) / _FRAME
    return 20 * np.log10(np.maximum(spectra, _FLOOR))


def changes(sound: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """How much a spectrum differs from the next one that shares no sample with it, in decibels, one a hop."""
    found, beside = levels(sound), -(-_FRAME // _HOP)
    return np.asarray(np.sqrt(np.mean((found[beside:] - found[:-beside]) ** 2, axis=1)))


def shares(
    changes: NDArray[np.floating[Any]], joins: Iterable[tuple[int, int]], *, per: float = 1.0, reach: int = 0
) -> list[float]:
    """Of each join, the share of other places whose largest change is as large as its own, or larger.

    Where joins are like any other place, shares are spread evenly over 0 to 1, 0.5 in the mean; where they are seams,
    shares are near 0.

    joins: first and last unit of each place; places that are compared are as long.  per: units of a change.  reach:
    units beyond a place from which a change in it can come.
    """
    places = [(max(0, int((first - reach) / per)), int(np.ceil((last + reach) / per))) for first, last in joins]
    free = np.ones(len(changes), bool)
    for first, last in places:
        free[first:last] = False
    found: list[float] = []
    for first, last in places:
        length = last - first
        windows = np.lib.stride_tricks.sliding_window_view(changes, length)
        alone = np.lib.stride_tricks.sliding_window_view(free, length).all(axis=1)
        found.append(round(float(np.mean(windows[alone].max(axis=1) >= changes[first:last].max())), 4))
    return found


def in_sound(sound: NDArray[np.floating[Any]], joins: Iterable[tuple[int, int]]) -> list[float]:
    """``shares`` of a sound's spectra. joins: in samples."""
    return shares(changes(sound), joins, per=_HOP, reach=2 * _FRAME)


def in_latents(latents: NDArray[np.floating[Any]], joins: Iterable[tuple[int, int]]) -> list[float]:
    """``shares`` of the steps from one latent to the next. latents: (channels, length).  joins: in latents."""
    return shares(np.sqrt(np.mean(np.diff(latents, axis=1) ** 2, axis=0)), joins, reach=1)
