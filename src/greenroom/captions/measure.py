"""How long a text is to its reader."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal

from wcwidth import iter_graphemes, wcswidth

if TYPE_CHECKING:
    from collections.abc import Callable


def measure(count: Literal["graphemes", "cells"]) -> Callable[[str], int]:
    """A function from text to its length, which remembers what it has seen: most words of a transcript come again."""
    return functools.cache(letters if count == "graphemes" else cells)


def letters(text: str) -> int:
    """Grapheme clusters (Unicode Standard Annex 29): an emoji family or a letter with its accents is one."""
    return len(text) if text.isascii() else sum(1 for _ in iter_graphemes(text))


def cells(text: str) -> int:
    """Columns on a grid, where a wide letter takes two (Unicode Standard Annex 11)."""
    if text.isascii():
        return len(text)
    width = wcswidth(text)
    return width if width >= 0 else sum(max(0, wcswidth(letter)) for letter in iter_graphemes(text))
