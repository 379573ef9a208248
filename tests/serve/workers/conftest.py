"""What is seen of the pulse of workers."""

from __future__ import annotations

import pytest

from tests.serve.workers.pools import Pulses


@pytest.fixture
def pulses(monkeypatch: pytest.MonkeyPatch) -> Pulses:
    """Of all pools of the test."""
    return Pulses(monkeypatch)
