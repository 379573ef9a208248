"""Ready is what would begin a job, on any device; failed on all of them is the end of the worker."""

from __future__ import annotations

import asyncio

import pytest

from greenroom.serve.runpod.background import Background
from greenroom.serve.runpod.errors import ModelLost
from greenroom.serve.runpod.readiness import Readiness
from greenroom.serve.workers.state import ModelState, Standing
from tests.serve.runpod.platform import wait_for


class Pool:
    """Goes through states of two devices, one pair at a time."""

    def __init__(self, *pairs: tuple[Standing, Standing]) -> None:
        self._pairs = list(pairs)

    def states(self) -> tuple[ModelState, ...]:
        first, second = self._pairs[0]
        return (
            ModelState("mine", first, "cuda:0", "no weights" if first == "failed" else ""),
            ModelState("mine", second, "cuda:1"),
            ModelState("another", "ready", "cuda:0"),
        )

    async def changed(self) -> None:
        await asyncio.sleep(0)
        del self._pairs[0]

    async def rouse(self, within_s: float) -> None:
        await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("first", "ready"), [("loading", False), ("warming", False), ("ready", True), ("asleep", True)]
)
def test_ready_is_what_would_begin_a_job(first: Standing, ready: bool) -> None:
    assert Readiness(Pool((first, "loading")), "mine", Background()).ready() is ready


def test_one_device_is_enough() -> None:
    assert Readiness(Pool(("failed", "ready")), "mine", Background()).ready()
    assert not Readiness(Pool(("failed", "loading")), "mine", Background()).ready()


def test_failed_on_all_devices_is_said_with_the_reason() -> None:
    with pytest.raises(ModelLost, match="mine is out of use: no weights"):
        Readiness(Pool(("failed", "failed")), "mine", Background()).ready()


def test_waiting_ends_with_ready_or_with_failed() -> None:
    asyncio.run(
        Readiness(
            Pool(("loading", "loading"), ("warming", "loading"), ("ready", "loading")), "mine", Background()
        ).until_ready()
    )
    with pytest.raises(ModelLost):
        asyncio.run(Readiness(Pool(("loading", "loading"), ("failed", "failed")), "mine", Background()).until_ready())


def test_after_a_pause_nothing_is_ready_until_the_processes_have_answered() -> None:
    with Background() as background:
        readiness = Readiness(Pool(("ready", "ready")), "mine", background)
        readiness.rouse()
        assert not readiness.ready()
        wait_for(readiness.ready)
