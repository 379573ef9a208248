"""What tests of machines share."""

from __future__ import annotations

import pytest

from tests.machine.hosts import as_long_as_it_takes


@pytest.fixture(autouse=True)
def _as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    as_long_as_it_takes(monkeypatch)
