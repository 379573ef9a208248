"""Processes die, hang and go deaf; the server goes on, and says what is so."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any, cast

import pytest

from greenroom.errors import Cancelled
from greenroom.serve.workers.errors import DeviceLost, ModelUnready, WorkerFailure, WorkerSilent
from greenroom.serve.workers.life import Life
from greenroom.serve.workers.observer import Observer
from greenroom.serve.workers.options import PoolOptions
from greenroom.serve.workers.supervisor import Supervisor
from tests.serve.workers.pools import FROZEN_S, Pulses, Seen, eventually, fresh, named, pool_of, reason, state, until

pytestmark = pytest.mark.usefixtures("marks")


def test_an_idle_worker_that_is_killed_comes_back(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("Noop", folder=tmp_path, observer=seen, backoff_s=0.05) as pool:
            pid = pool.pids()["cpu"]
            os.kill(pid, signal.SIGKILL)
            await until(pool, lambda: not pool.idle(named("Noop")))
            assert state(pool, "Noop") == "loading"
            assert "its worker was lost and starts again: its process was killed (SIGKILL" in reason(pool, "Noop")
            made = await pool.run(named("Noop"), {"text": "waited"}, tmp_path)
            assert made.output == {"echo": {"text": "waited"}}
            assert pool.pids()["cpu"] != pid
            assert [device for device, _ in seen.restarts] == ["cpu"]

    asyncio.run(work())


def test_a_crash_fails_its_request_at_once_and_the_others_wait(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Crasher", "Noop", folder=tmp_path, backoff_s=0.3) as pool:
            crashing = asyncio.create_task(pool.run(named("Crasher"), {"times": 1}, fresh(tmp_path)))
            waiting = asyncio.create_task(pool.run(named("Noop"), {"text": "waited"}, fresh(tmp_path)))
            with pytest.raises(WorkerFailure, match="SIGKILL") as caught:
                await crashing
            assert pool.idle(named("Noop")) == 0  # its worker is not back yet
            assert caught.value.retryable
            assert not waiting.done()
            assert (await waiting).output == {"echo": {"text": "waited"}}
            assert (await pool.run(named("Crasher"), {"times": 1}, fresh(tmp_path))).output == {"attempt": 2}

    asyncio.run(work())


def test_a_storm_of_crashes_is_a_failure_with_its_reason_until_one_run_is_good(tmp_path: Path) -> None:
    async def work() -> None:
        options: dict[str, Any] = {"backoff_s": 0.01, "max_restarts": 3, "retry_s": 0.5}
        async with pool_of("Crasher", "Noop", folder=tmp_path, **options) as pool:
            for _ in range(3):
                waiting = asyncio.create_task(pool.run(named("Crasher"), {"times": 3}, fresh(tmp_path)))
                with pytest.raises(WorkerFailure):
                    await waiting
            await until(pool, lambda: state(pool, "Noop") == "failed")
            assert "lost again and again: its process was killed (SIGKILL" in reason(pool, "Crasher")
            for urgent in (True, False):
                with pytest.raises(ModelUnready, match="lost again and again") as caught:
                    await pool.run(named("Noop"), {}, fresh(tmp_path), urgent=urgent)
                assert caught.value.retryable
            await until(pool, lambda: pool.idle(named("Crasher")) == 1)
            assert (await pool.run(named("Crasher"), {"times": 3}, fresh(tmp_path))).output == {"attempt": 4}
            os.kill(pool.pids()["cpu"], signal.SIGKILL)
            await until(pool, lambda: not pool.idle(named("Noop")))
            assert state(pool, "Noop") == "loading"

    asyncio.run(work())


def test_who_waits_hears_that_the_device_failed(tmp_path: Path) -> None:
    async def work() -> None:
        options: dict[str, Any] = {"backoff_s": 0.01, "max_restarts": 2, "retry_s": 60.0}
        async with pool_of("DiesLoading", folder=tmp_path, wait=False, **options) as pool:
            with pytest.raises(ModelUnready, match="lost again and again"):
                await pool.run(named("DiesLoading"), {}, fresh(tmp_path))
            assert state(pool, "DiesLoading") == "failed"

    asyncio.run(work())


def test_a_model_that_falls_silent_is_ended_and_the_next_attempt_is_done(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("Mute", "Noop", folder=tmp_path, observer=seen, backoff_s=0.05) as pool:
            with pytest.raises(WorkerSilent, match=r"Mute said nothing for 3 s while it did this") as caught:
                await pool.run(named("Mute"), {}, fresh(tmp_path))
            assert caught.value.retryable
            assert not caught.value.blameless
            assert [reason.partition(":")[2] for _, reason in seen.restarts] == ["Mute said nothing for 3 s"]
            await until(pool, lambda: pool.idle(named("Mute")) == 1)
            assert (await pool.run(named("Mute"), {}, fresh(tmp_path))).output == {}

    asyncio.run(work())


def test_a_cancel_is_obeyed_within_a_step_and_the_worker_stays(tmp_path: Path) -> None:
    async def work() -> None:
        steps: list[tuple[str, float, float]] = []
        async with pool_of("Sleeper", folder=tmp_path) as pool:
            pid = pool.pids()["cpu"]
            folder = fresh(tmp_path)
            asked = {"steps": 1000, "step_s": 0.05}
            running = asyncio.create_task(
                pool.run(named("Sleeper"), asked, folder, step=lambda *said: steps.append(said))
            )
            await eventually(lambda: len(steps) > 2)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert pool.idle(named("Sleeper")) == 1
            assert pool.pids()["cpu"] == pid  # one that did not obey would have been killed
            assert steps[-1][1] < 1000
            assert steps[0] == ("sleeping", 0.0, 1000.0)
            assert list(folder.iterdir()) == []

    asyncio.run(work())


def test_one_that_does_not_stop_is_killed_and_that_is_no_crash(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        options: dict[str, Any] = {"cancel_grace_s": 0.2, "backoff_s": 30.0}
        async with pool_of("Stubborn", folder=tmp_path, observer=seen, **options) as pool:
            deaf = asyncio.Event()
            running = asyncio.create_task(
                pool.run(named("Stubborn"), {"seconds": 60}, fresh(tmp_path), step=lambda *_: deaf.set())
            )
            await deaf.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert seen.restarts == [("cpu", "it did not stop within 0.2 s of being told")]
            await until(pool, lambda: pool.idle(named("Stubborn")) == 1)

    asyncio.run(work())


def test_a_timeout_of_the_caller_ends_a_run_that_hangs(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Stubborn", folder=tmp_path, cancel_grace_s=0.1) as pool:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await pool.run(named("Stubborn"), {"seconds": 60}, fresh(tmp_path))
            await until(pool, lambda: pool.idle(named("Stubborn")) == 1)

    asyncio.run(work())


def test_a_worker_that_is_frozen_while_idle_is_found_and_replaced(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        options: dict[str, Any] = {"ping_interval_s": 0.05, "ping_timeout_s": FROZEN_S, "backoff_s": 0.05}
        async with pool_of("Noop", folder=tmp_path, observer=seen, **options) as pool:
            pid = pool.pids()["cpu"]
            os.kill(pid, signal.SIGSTOP)
            await until(pool, lambda: bool(seen.restarts))
            assert seen.restarts == [("cpu", f"it was idle and did not answer for {FROZEN_S:g} s")]
            await pool.run(named("Noop"), {}, tmp_path)
            assert pool.pids()["cpu"] != pid

    asyncio.run(work())


def test_a_worker_that_is_silent_at_work_is_left_alone(tmp_path: Path, marks: Path, pulses: Pulses) -> None:
    async def work() -> None:
        seen = Seen()
        options: dict[str, Any] = {"ping_interval_s": 0.02, "ping_timeout_s": FROZEN_S}
        async with pool_of("Sleeper", folder=tmp_path, observer=seen, **options) as pool:
            pid = pool.pids()["cpu"]
            begun = asyncio.Event()
            asked = {"steps": 1_000_000, "to_mark": True}
            running = asyncio.create_task(
                pool.run(named("Sleeper"), asked, fresh(tmp_path), step=lambda *_: begun.set())
            )
            await begun.wait()
            before = pulses.asked
            os.kill(pid, signal.SIGSTOP)
            await pulses.beat(10)
            assert pulses.asked == before
            os.kill(pid, signal.SIGCONT)
            (marks / "open").touch()
            assert (await running).output["pid"] == pid
            assert seen.restarts == []

    asyncio.run(work())


def test_a_lost_device_gets_a_new_process_and_its_request_may_be_tried_again(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("StickyCuda", "Noop", folder=tmp_path, observer=seen, backoff_s=0.05) as pool:
            with pytest.raises(DeviceLost, match="stopped answering") as caught:
                await pool.run(named("StickyCuda"), {}, fresh(tmp_path))
            assert caught.value.retryable
            assert pool.idle(named("Noop")) == 0
            await pool.run(named("Noop"), {}, tmp_path)
            assert seen.restarts == [("cpu", "its device stopped answering")]

    asyncio.run(work())


def test_a_model_that_does_not_load_leaves_the_others_alone_and_is_tried_again(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("BadLoad", "Noop", folder=tmp_path, wait=False, observer=seen, retry_s=0.2) as pool:
            await until(pool, lambda: pool.idle(named("Noop")) == 1)
            said = "the weights are not there; greenroom weights pull"
            assert (state(pool, "BadLoad"), reason(pool, "BadLoad")) == ("failed", said)
            with pytest.raises(ModelUnready, match="the weights are not there"):
                await pool.run(named("BadLoad"), {}, fresh(tmp_path))
            await pool.run(named("Noop"), {}, tmp_path)
            (tmp_path / "marks" / "weights").touch()
            await until(pool, lambda: state(pool, "BadLoad") == "ready")
            await pool.run(named("BadLoad"), {}, tmp_path)
            assert seen.restarts == []

    asyncio.run(work())


def test_a_model_that_says_cancelled_by_itself_is_no_cancelled_task(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Quitter", folder=tmp_path) as pool:
            with pytest.raises(Cancelled):
                await pool.run(named("Quitter"), {}, tmp_path)

    asyncio.run(work())


def test_a_kill_that_comes_too_late_forgives_nothing(tmp_path: Path) -> None:
    kills: list[str] = []

    class Dying:
        def kill(self) -> None:
            kills.append("killed")

    async def work() -> None:
        supervisor = Supervisor([], "cpu", tmp_path, PoolOptions(), Observer(), lambda: None)
        supervisor._life = cast("Life", Dying())
        supervisor._kill("its device stopped answering")
        supervisor._kill_forgiven("it did not stop within 5 s of being told")
        assert kills == ["killed"]
        assert not supervisor._forgiven

    asyncio.run(work())
