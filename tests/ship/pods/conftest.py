"""An account on the fake platform, and deploys of pods to it whose waits cost no time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from greenroom.ship.pods.door import Door
from greenroom.ship.runpod.client import RunPod
from greenroom.ship.runpod.fake import FakeRunPod, ManualClock, Platform
from greenroom.ship.runpod.transport import Transport
from tests.ship.endpoints.stage import PATIENCE
from tests.ship.pods.stage import PodStage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[PodStage]:
    """A clean account and an empty folder of records."""
    clock = ManualClock()
    with (
        FakeRunPod(Platform(clock)) as fake,
        Transport(fake.url, SecretStr(fake.key), PATIENCE(clock), clock) as transport,
        Door(fake.pod_url) as door,
    ):
        yield PodStage(fake, clock, RunPod(transport), tmp_path / "data", door=door)
