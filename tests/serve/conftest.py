"""One server for all tests of a process that only ask it, and change nothing that others would see."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.serve.servers import RunningServer, running_server

# For this process, and for those that tests/forked.py begins.
sys.path.insert(0, str(Path(__file__).with_name("instead")))
SERVED = ("voice-joe", "Noop", "NoopFile", "Sleeper", "Streamer", "Speaker", "Broken", "TakesMedia", "Mirror")


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server without keys, warm: the embedded voice and models that do little."""
    limits = {"GREENROOM_MAX_UPLOAD_MB": "2", "GREENROOM_MAX_MEGAPIXELS": "1", "GREENROOM_ALLOW_PRIVATE_URLS": "1"}
    with running_server(tmp_path_factory.mktemp("live"), *SERVED, env=limits) as server:
        yield server


@pytest.fixture
def mark(live: RunningServer) -> Iterator[Path]:
    """What lets those end that are held on that server; it is not there yet."""
    live.mark.unlink(missing_ok=True)
    yield live.mark
    live.mark.touch()


@pytest.fixture
def http(live: RunningServer) -> Iterator[httpx.Client]:
    """A client of that server."""
    with live.client() as client:
        yield client
