"""Plans for tests, small and quick."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.plan.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty folder with a plan in it, as far as anyone asks."""
    return Place.of(tmp_path / "PLAN.md")
