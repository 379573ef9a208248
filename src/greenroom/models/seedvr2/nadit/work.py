"""How a clip goes through the transformer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """How a clip is gone through. The answer does not depend on it, but for rounding.

    most: tokens that a block works on at once, or one window where that is larger; None for all.  on_host: the stream
    lies on the host between blocks, and parts of it go back and forth.
    """

    most: int | None = None
    on_host: bool = False


WHOLE = Work()
