"""Several models on one device: awake while they fit, and the least recently used makes room."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from greenroom.serve.workers.errors import ModelUnready
from greenroom.serve.workers.pool import Pool
from greenroom.serve.workers.protocol import ModelSpec, Setup, State
from greenroom.serve.workers.residents import Residents
from tests.serve.models import MB
from tests.serve.workers.pools import Seen, fresh, named, pool_of, reason, state, until

# Nothing here needs the device: what sleeps leaves every device but the host.
GPU = "cuda:0"


async def ask(pool: Pool, name: str, folder: Path) -> int:
    made = await pool.run(named(name), {}, folder)
    return int(made.output["woken"])


def states(pool: Pool, *names: str, device: str = GPU) -> list[str]:
    return [state(pool, name, device) for name in names]


def test_the_least_recently_used_sleeps_and_wakes_when_asked_for(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        names = ("Heavy", "Light", "Middling")  # 60, 30 and 40 MB, of which 100 MB hold two
        options = {"devices": (GPU,), "observer": seen, "memory": {GPU: 100 * MB}}
        async with pool_of(*names, folder=tmp_path, **options) as pool:  # type: ignore[arg-type]
            folder = fresh(tmp_path)
            assert states(pool, *names) == ["asleep", "ready", "ready"]
            assert await ask(pool, "Heavy", folder) == 1
            assert states(pool, *names) == ["ready", "asleep", "ready"]
            assert await ask(pool, "Middling", folder) == 0
            assert await ask(pool, "Light", folder) == 1
            assert states(pool, *names) == ["asleep", "ready", "ready"]
            # One that cannot sleep is unloaded, and loaded anew.
            assert await ask(pool, "Heavy", folder) == 2
            assert states(pool, *names) == ["ready", "ready", "unloaded"]
            assert await ask(pool, "Middling", folder) == 0
            assert [stage for stage in seen.stages if stage[1] in ("sleep", "wake")] == [
                ("Heavy", "sleep"), ("Light", "sleep"), ("Heavy", "wake"),
                ("Heavy", "sleep"), ("Light", "wake"),
                ("Heavy", "wake"),
                ("Light", "sleep"),
            ]  # fmt: skip

    asyncio.run(work())


def test_on_the_host_itself_one_is_unloaded_since_sleep_would_free_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Heavy", "Light", folder=tmp_path, memory={"cpu": 60 * MB}) as pool:
            assert states(pool, "Heavy", "Light", device="cpu") == ["unloaded", "ready"]
            assert await ask(pool, "Heavy", fresh(tmp_path)) == 0
            assert states(pool, "Heavy", "Light", device="cpu") == ["ready", "unloaded"]

    asyncio.run(work())


def test_one_that_cannot_fit_alone_fails_with_the_numbers_and_the_others_serve(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Heavy", "Light", folder=tmp_path, wait=False, memory={"cpu": 50 * MB}) as pool:
            await until(pool, lambda: pool.idle(named("Light")) == 1)
            said = f"{named('Heavy')} needs 0.06 GB of memory; cpu has 0.05 GB for models"
            assert state(pool, "Heavy") == "failed"
            assert reason(pool, "Heavy").startswith(f"{said}; ")  # and what to do
            with pytest.raises(ModelUnready, match=r"needs 0\.06 GB"):
                await ask(pool, "Heavy", fresh(tmp_path))
            assert await ask(pool, "Light", fresh(tmp_path)) == 0

    asyncio.run(work())


def test_one_that_nobody_asks_for_is_unloaded_and_comes_back(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("Light", "Middling", folder=tmp_path, observer=seen, idle_unload_s=0.2) as pool:
            await until(pool, lambda: states(pool, "Light", "Middling", device="cpu") == ["unloaded", "unloaded"])
            assert pool.idle(named("Light")) == 1
            assert await ask(pool, "Light", fresh(tmp_path)) == 0
            # It may be unloaded again by now: what was done for the request is what counts.
            assert [seen.stages.count((name, "load")) for name in ("Light", "Middling")] == [2, 1]

    asyncio.run(work())


def test_one_that_does_not_wake_is_failed_then_loaded_again(tmp_path: Path) -> None:
    async def work() -> None:
        options = {"devices": (GPU,), "memory": {GPU: 60 * MB}, "retry_s": 0.1}
        async with pool_of("Sleepless", "Light", folder=tmp_path, **options) as pool:  # type: ignore[arg-type]
            assert states(pool, "Sleepless", "Light") == ["asleep", "ready"]
            with pytest.raises(ModelUnready, match=r"it does not load \(RuntimeError\)"):
                await ask(pool, "Sleepless", fresh(tmp_path))
            await until(pool, lambda: state(pool, "Sleepless", GPU) == "ready")
            assert await ask(pool, "Sleepless", fresh(tmp_path)) == 0

    asyncio.run(work())


def test_a_model_of_one_device_is_not_put_on_several(tmp_path: Path) -> None:
    said: list[object] = []
    name = named("Light")
    spec = ModelSpec(name, name)
    residents = Residents(Setup("cpu+cpu", (spec,), str(tmp_path), None, None, (), logging.INFO), said.append)
    residents.prepare_all()
    assert State(name, "loading", "") in said
    failed = said[-1]
    assert isinstance(failed, State)
    assert (failed.state, failed.reason.partition(";")[0]) == (
        "failed", f"{name} runs on one device, not on cpu+cpu together"
    )  # fmt: skip
