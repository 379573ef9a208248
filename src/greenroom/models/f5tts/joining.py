"""Chunks of speech become one wave: each as loud as the reference was, and faded into the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

CROSS_FADE_S = 0.15
"""The published overlap."""


def restored(samples: NDArray[np.float32], reference_rms: float, target_rms: float) -> NDArray[np.float32]:
    """Speech as quiet as the reference was before it was raised to ``target_rms``; a louder one was left alone."""
    return samples * np.float32(reference_rms / target_rms) if reference_rms < target_rms else samples


class Joiner:
    """Joins chunks as they come. What no later chunk can change is handed on at once.

    overlap: samples in which one chunk fades out while the next fades in, on straight lines from 1 to 0 and from 0 to
    1; less where a chunk, or all that is joined so far, is shorter.

    >>> joiner = Joiner(overlap=2)
    >>> [*joiner.push(np.ones(4, np.float32)), *joiner.push(np.ones(3, np.float32)), *joiner.flush()]
    [1.0, 1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, overlap: int) -> None:
        self._overlap = max(overlap, 0)
        self._kept: NDArray[np.float32] = np.zeros(0, np.float32)

    def push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """Join a chunk, float32, shape (n,); gives the samples that are final now, all but the last ``overlap``."""
        joined = cross_faded(self._kept, chunk, self._overlap)
        final = max(len(joined) - self._overlap, 0)
        self._kept = joined[final:]
        return joined[:final]

    def flush(self) -> NDArray[np.float32]:
        """The samples that were kept back; what comes after is not faded into them."""
        kept, self._kept = self._kept, np.zeros(0, np.float32)
        return kept


def cross_faded(before: NDArray[np.float32], after: NDArray[np.float32], overlap: int) -> NDArray[np.float32]:
    """Two waves with an overlap, or as much of it as both have."""
    overlap = min(overlap, len(before), len(after))
    if overlap <= 0:
        return np.concatenate([before, after])
    rising = np.linspace(0.0, 1.0, overlap)
    falling = np.linspace(1.0, 0.0, overlap)
    mixed = before[-overlap:] * falling + after[:overlap] * rising
    return np.concatenate([before[:-overlap], mixed.astype(np.float32), after[overlap:]])


def join(chunks: Iterable[NDArray[np.float32]], overlap: int) -> NDArray[np.float32]:
    """All chunks as one wave."""
    joiner = Joiner(overlap)
    parts = [joiner.push(chunk) for chunk in chunks]
    return np.concatenate([*parts, joiner.flush()])
