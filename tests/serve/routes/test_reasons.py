"""Why a server is not ready, for those who have no key: in words, and without the places of its files."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from greenroom.errors import GreenroomError
from greenroom.serve.routes import health
from greenroom.serve.workers.state import ModelState

REASON = "'/srv/ann lee/voices/joe.onnx' cannot be read, nor /srv/other/joe.json"


class Unready:
    """What the route asks of a server."""

    stopping = asyncio.Event()

    def __init__(self) -> None:
        state = ModelState("voice-joe", "failed", "cpu", REASON)
        self.pool, self.jobs = SimpleNamespace(states=lambda: (state,)), self

    def unready(self) -> dict[str, str]:
        return {"voice-joe": REASON}

    async def ping(self) -> None:
        raise GreenroomError("/srv/data/jobs.sqlite is locked")


@pytest.fixture
def said() -> dict[str, Any]:
    app = FastAPI()
    app.include_router(health.router)
    app.state.server = Unready()
    answer = TestClient(app).get("/readyz")
    assert answer.status_code == 503
    found: dict[str, Any] = answer.json()
    return found


def test_reasons_name_files_and_not_their_places(said: dict[str, Any]) -> None:
    words = "'joe.onnx' cannot be read, nor joe.json"
    assert said["not_ready"] == {"voice-joe": words}
    assert said["models"][0]["reason"] == words
    assert said["database"] == "jobs.sqlite is locked"
