"""A store and the made-up models that may be in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.weights.store.places import Places, Store
from tests.weights.recipes import use_catalogue, write_catalogue


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Places:
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "recipes"))
    return Places(None, (tmp_path / "hf" / "hub",))


@pytest.fixture
def store(places: Places) -> Store:
    return places.stores[0]
