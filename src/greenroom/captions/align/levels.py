"""Where there is sound and where there is silence, by level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.captions.align.link import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HOP_S = 0.01
_DIGITAL_SILENCE_DB = -120.0

# Between the floor (p10) and the speech (p95), nearer to the floor. In loud noise the two are close, and then the
# threshold must be too.
_FLOOR_PERCENTILE = 10.0
_SPEECH_PERCENTILE = 95.0
_OF_RANGE = 0.3
_LEAST_ABOVE_FLOOR_DB = 3.0
# Pauses below this are as good as silent, whatever is in them.
_MOST_RANGE_DB = 60.0
# With less between floor and speech the sound has no silences, or nothing else.
_LEAST_RANGE_DB = 6.0

# Closures of plosives last up to 150 ms; a pause is longer.
_SHORTEST_PAUSE_S = 0.2
_SHORTEST_SPEECH_S = 0.05


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud sound is, 100 times a second.

    db: shape (frames,), relative to full scale.  hop: seconds from one to the next.  seconds: of the sound.
    """

    db: NDArray[np.float32]
    hop: float
    seconds: float


def levels(samples: NDArray[np.float32], rate: int) -> Levels:
    """Levels of one channel, samples of shape (n,); what is left over at the end counts as a frame."""
    import numpy as np

    hop = max(1, round(rate * _HOP_S))
    whole = len(samples) // hop * hop
    frames = samples[:whole].reshape(-1, hop)
    power = np.einsum("ij,ij->i", frames, frames) / hop
    if whole < len(samples):
        power = np.append(power, np.mean(np.square(samples[whole:])))
    floor = 10 ** (_DIGITAL_SILENCE_DB / 10)
    return Levels((10 * np.log10(np.maximum(power, floor))).astype(np.float32), hop / rate, len(samples) / rate)


def speech(found: Levels) -> list[Span]:
    """Stretches that are not silence, in order; empty if all is silent. Sound without pauses is one stretch."""
    import numpy as np

    if not len(found.db) or found.db.max() <= _DIGITAL_SILENCE_DB:
        return []
    top = float(np.percentile(found.db, _SPEECH_PERCENTILE))
    top = max(top, float(found.db.max()) - _MOST_RANGE_DB)  # a word in an hour of silence
    floor = max(float(np.percentile(found.db, _FLOOR_PERCENTILE)), top - _MOST_RANGE_DB)
    if top - floor < _LEAST_RANGE_DB:
        return [Span(0.0, found.seconds)]
    threshold = floor + max(_LEAST_ABOVE_FLOOR_DB, _OF_RANGE * (top - floor))
    stretches = _closed(_runs(found.db > threshold), round(_SHORTEST_PAUSE_S / found.hop))
    shortest = round(_SHORTEST_SPEECH_S / found.hop)
    return [
        Span(first * found.hop, min(end * found.hop, found.seconds))
        for first, end in stretches
        if end - first >= shortest
    ]


def quietest(found: Levels, start: float, end: float) -> float:
    """The middle of the quietest fifth of a second between two times, in seconds: the best place to cut."""
    import numpy as np

    width = round(_SHORTEST_PAUSE_S / found.hop)
    first, last = int(start / found.hop), int(end / found.hop)
    window = found.db[first:last]
    if len(window) <= width:
        return end
    means = np.convolve(window, np.ones(width) / width, mode="valid")
    return (first + int(means.argmin()) + width / 2) * found.hop


def _runs(loud: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where ``loud`` holds, as (first, end)."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate(([False], loud, [False])).astype(np.int8)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def _closed(runs: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Runs with less than ``gap`` between them joined."""
    joined: list[tuple[int, int]] = []
    for first, end in runs:
        if joined and first - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((first, end))
    return joined
