"""Amounts as people say them."""

from __future__ import annotations

# Beyond so many, the next larger unit says as much.
_SECONDS_UNTIL, _MINUTES_UNTIL = 90, 90


def counted(count: int, thing: str) -> str:
    """``1 cue``, ``2 cues``, ``1,200 cues``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """``27 s``, ``12 min``, ``2 h 5 min``; what is shorter than a second is one."""
    if seconds < _SECONDS_UNTIL:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < _MINUTES_UNTIL else f"{minutes // 60} h {minutes % 60} min"
