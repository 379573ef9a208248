"""What is seen of the pulse of workers, and marks for their models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serve.models import MARKS
from tests.serve.workers.pools import Pulses


@pytest.fixture
def pulses(monkeypatch: pytest.MonkeyPatch) -> Pulses:
    """Of all pools of the test."""
    return Pulses(monkeypatch)


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file ``open`` lets go of who holds."""
    folder = tmp_path / "marks"
    folder.mkdir()
    monkeypatch.setenv(MARKS, str(folder))
    return folder
