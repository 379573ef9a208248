"""A lock is held by one, and who does not get it keeps nothing open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from greenroom.locks import hold, was_left


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_who_does_not_get_a_lock_keeps_no_handle(tmp_path: Path) -> None:
    handle = hold(tmp_path / "lock")
    before = open_files()
    for _ in range(3):
        with pytest.raises(BlockingIOError):
            hold(tmp_path / "lock")
    assert open_files() == before
    assert not was_left(tmp_path / "lock")
    os.close(handle)
    assert was_left(tmp_path / "lock")
