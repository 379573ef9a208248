"""An account on the fake platform, and deploys to it whose waits cost no time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from greenroom.ship.runpod.client import RunPod
from greenroom.ship.runpod.fake import FakeRunPod, ManualClock, Platform
from greenroom.ship.runpod.transport import Transport
from tests.ship.endpoints.stage import PATIENCE, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A clean account and an empty folder of records."""
    clock = ManualClock()
    with (
        FakeRunPod(Platform(clock)) as fake,
        Transport(fake.url, SecretStr(fake.key), PATIENCE(clock), clock) as transport,
    ):
        yield Stage(fake, clock, RunPod(transport), tmp_path / "data")
