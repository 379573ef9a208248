"""Damaged files: put aside under another name, so that nobody loads them and somebody may look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.weights.store.records import led_to

if TYPE_CHECKING:
    from pathlib import Path

ENDING = ".damaged"


def quarantine(file: Path) -> Path:
    """Put a file aside; gives its new path. A link to it goes, since it leads nowhere now. Raises OSError."""
    real = led_to(file)
    aside = real.with_name(f"{real.name}{ENDING}")
    real.replace(aside)
    if file != real:
        file.unlink()
    return aside
