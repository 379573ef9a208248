"""Times as whole numbers of what the formats can write."""

from __future__ import annotations


def milliseconds(seconds: float | None) -> int:
    """Seconds in whole milliseconds, the finest that any caption format writes; 0 for a time that nobody knows."""
    # Rounded before it is multiplied: 0.4445 * 1000 is 444.5 and would go down, where three decimals say 0.445.
    return round(round(seconds or 0.0, 3) * 1000)


def hundredths(ms: int) -> int:
    """Milliseconds in whole hundredths of a second, as ASS writes them; times 10 ms apart stay apart."""
    return (ms + 5) // 10


def fields(ms: int) -> tuple[int, int, int, int]:
    """Hours, minutes, seconds and milliseconds."""
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return hours, minutes, seconds, ms
