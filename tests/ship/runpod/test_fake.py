"""The fake platform behaves as the real one is documented to: rolling releases, scaling, quotas, refusals."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from typing import Any

import pytest

from greenroom.ship.runpod.client import RunPod
from greenroom.ship.runpod.errors import RequestRefused
from greenroom.ship.runpod.fake import Behaviour, FakeRunPod, ManualClock, Platform, ScaledClock
from tests.ship.runpod.bodies import endpoint


def states(platform: Platform, identity: str = "ep1") -> list[tuple[str, bool]]:
    platform.advance()
    found = platform.endpoints[identity]
    return [(worker.status, found.is_stale(worker)) for worker in found.workers]


def test_idle_workers_are_replaced_at_once_and_busy_ones_behind_their_job() -> None:
    clock = ManualClock()
    platform = Platform(clock)
    platform.behave = {"i:1": Behaviour(boot_s=1, job_s=100), "i:2": Behaviour(boot_s=1)}
    made = platform.create_endpoint(endpoint(workers={"min": 2, "max": 2}))
    clock.advance(2)
    platform.advance()
    platform.hand_in(made, {})
    platform.change_endpoint(made, {"image": "i:2"})
    assert states(platform) == [("RUNNING", True), ("INITIALIZING", False)]
    clock.advance(2)
    assert states(platform) == [("RUNNING", True), ("IDLE", False)]
    clock.advance(100)
    assert states(platform) == [("IDLE", False), ("INITIALIZING", False)] or not any(
        stale for _, stale in states(platform)
    )


def test_workers_come_for_jobs_and_go_when_idle() -> None:
    clock = ManualClock()
    platform = Platform(clock)
    made = platform.create_endpoint(endpoint(workers={"min": 0, "max": 2, "idleTimeout": 5}))
    assert states(platform) == []
    for _ in range(3):
        platform.hand_in(made, {})
    assert len(states(platform)) == 2, "no more than max"
    clock.advance(4.5)
    platform.advance()
    assert {job.status for job in made.jobs.values()} == {"COMPLETED"}
    clock.advance(6)
    assert states(platform) == []


def test_workers_wait_where_no_gpu_is_free() -> None:
    clock = ManualClock()
    platform = Platform(clock)
    platform.has_capacity = False
    platform.create_endpoint(endpoint())
    clock.advance(60)
    assert states(platform) == [("THROTTLED", False)]
    assert list(platform.running()) == []
    platform.has_capacity = True
    platform.advance()
    clock.advance(60)
    assert states(platform) == [("IDLE", False)]


def test_scaling_acts_at_once_and_is_no_release() -> None:
    platform = Platform()
    made = platform.create_endpoint(endpoint(workers={"min": 2, "max": 3}))
    platform.change_endpoint(made, {"workers": {"min": 0, "max": 0}, "timeout": 5})
    assert states(platform) == []
    assert (made.version, len(made.releases)) == (1, 1)


def test_a_copy_has_a_life_of_its_own() -> None:
    platform = Platform()
    platform.create_endpoint(endpoint())
    other = platform.copy()
    other.endpoints.clear()
    assert list(platform.endpoints) == ["ep1"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"cpu": [{}]}, "exactly one of gpu or cpu"),
        ({"gpu": {"pools": ["X"], "allowedCudaVersions": ["12.8"], "minCudaVersion": "12.8"}}, "mutually exclusive"),
        ({"gpu": {"excludedTypes": ["X"]}}, "requires pools"),
        ({"gpu": {"types": ["X"]}}, "gpu.types is not a field"),
        ({"workers": {"min": 4, "max": 2}}, "above workers.max"),
        ({"scaling": None}, "scaling is required"),
        ({"image": ""}, "image is required"),
        ({"colour": "red"}, "colour is not a field"),
    ],
)
def test_requests_that_the_platform_refuses(runpod: RunPod, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestRefused, match=words):
        runpod.endpoints.create(endpoint(**changed))


def test_a_scaled_clock_goes_faster() -> None:
    slow, fast = ScaledClock(1.0), ScaledClock(1e6)
    while not fast() > 1000:
        pass
    assert slow() < 100


def test_it_runs_from_the_console() -> None:
    words = [sys.executable, "-m", "greenroom.ship.runpod.fake", "--port", "0", "--speed", "100"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            with urllib.request.urlopen(f"{said.split()[-1]}/readyz", timeout=60) as answer:
                assert answer.status == 200
        finally:
            process.terminate()
        assert process.wait(60) == 0


def test_requests_are_seen(runpod: RunPod, fake: FakeRunPod) -> None:
    runpod.endpoints.list()
    assert [(seen.method, seen.path, seen.status) for seen in fake.seen] == [("GET", "/v2/serverless", 200)]
