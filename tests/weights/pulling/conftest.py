"""A hub with made-up models, and a machine without weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.weights.hub import HubServer, hub_server
from tests.weights.pulling.pulls import Machine
from tests.weights.recipes import publish, use_catalogue, write_catalogue


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with hub_server() as server:
        publish(server)
        yield server


@pytest.fixture(autouse=True)
def _made_up_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "recipes"))
    # The hub's client looks for a token of whoever runs the tests.
    monkeypatch.setattr("greenroom.weights.pulling.hub._stored_token", lambda: None)


@pytest.fixture
def machine(hub: HubServer, tmp_path: Path) -> Machine:
    return Machine(hub, tmp_path / "machine")
