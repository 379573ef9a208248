"""A fake account and a client of it whose waits cost no time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from greenroom.ship.runpod.client import RunPod
from greenroom.ship.runpod.fake import FakeRunPod, ManualClock, Platform
from greenroom.ship.runpod.transport import Transport
from greenroom.weights.transfer.patience import Patience


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def fake(clock: ManualClock) -> Iterator[FakeRunPod]:
    with FakeRunPod(Platform(clock)) as started:
        yield started


@pytest.fixture
def patience(clock: ManualClock) -> Patience:
    return Patience(
        connect_s=60, stall_s=60, tries=4, backoff_s=1, most_retry_after_s=120, pause=clock.pause, draw=lambda: 1.0
    )


@pytest.fixture
def runpod(fake: FakeRunPod, patience: Patience, clock: ManualClock) -> Iterator[RunPod]:
    with Transport(fake.url, SecretStr(fake.key), patience, clock) as transport:
        yield RunPod(transport)
