"""Bytes as people read them; light, unlike recipes themselves."""

from __future__ import annotations


def readable(count: int) -> str:
    """Bytes in decimal units, three digits: ``54.4 MB``, ``1.35 GB``."""
    amount, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, larger
    if unit == "B":
        return f"{count} B"
    decimals = 2 if amount < 9.995 else 1 if amount < 99.95 else 0
    return f"{amount:.{decimals}f} {unit}"
