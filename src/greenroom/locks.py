"""Locks that last as long as their process: the system lets go of them however it ends."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def hold(path: Path) -> int:
    """Make a file and hold its lock; gives the handle, whose closing lets go. Raises OSError when another holds it."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


def take_left(path: Path) -> int | None:
    """Hold a lock whose file is there and which nobody holds; gives the handle, or None for any other."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def was_left(path: Path) -> bool:
    """Whether a lock's file is there and nobody holds it: its process has died."""
    handle = take_left(path)
    if handle is not None:
        os.close(handle)
    return handle is not None
