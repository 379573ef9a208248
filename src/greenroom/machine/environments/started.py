"""A note that something was served from an environment: until then the older ones stay."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

# What is in an environment that greenroom made; ``folder.py`` says what stands there.
MARKER = "greenroom-environment.json"
_STARTED = "started"


def mark_started(prefix: Path = Path(sys.prefix)) -> None:
    """Note it, if the environment is one of ours; any other prefix is left alone."""
    if (prefix / MARKER).exists():
        with contextlib.suppress(OSError):  # a read-only environment serves as well
            (prefix / _STARTED).touch()


def has_started(prefix: Path) -> bool:
    """Whether something was served from it."""
    return (prefix / _STARTED).exists()
