"""A model at which several requests run at once, beside other models, in idleness, and at the end of the server."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from greenroom.serve.workers.errors import ModelUnready
from tests.serve.models import MB
from tests.serve.workers.parties import PARTY, Party, errors, labels
from tests.serve.workers.pools import FROZEN_S, Pulses, Seen, fresh, named, pool_of, state, until

pytestmark = pytest.mark.usefixtures("marks")
NOOP, HEAVY = named("Noop"), named("Heavy")


def test_models_take_turns_and_never_run_beside_each_other(tmp_path: Path, marks: Path) -> None:
    async def work() -> None:
        order: list[str] = []
        async with pool_of("Party", "Noop", folder=tmp_path) as pool:
            party = Party(pool, tmp_path)
            held = [party.ask(label, then="hold") for label in "ab"]
            await party.met(*"ab")
            # Whoever asks for the other model gets the next turn; until then the first takes nothing more.
            assert (pool.free(NOOP), pool.idle(NOOP)) == (0, 1)
            assert (pool.free(PARTY), pool.idle(PARTY)) == (2, 2)
            other = asyncio.create_task(pool.run(NOOP, {}, fresh(tmp_path), request="other"))
            later = party.ask("later")
            other.add_done_callback(lambda _: order.append("other"))
            later.add_done_callback(lambda _: order.append("later"))
            await asyncio.sleep(0.1)
            assert (pool.idle(NOOP), pool.idle(PARTY), pool.running(PARTY)) == (0, 0, 2)
            (marks / "open").touch()
            await asyncio.gather(*held, other, later)
            assert order == ["other", "later"]
            assert (pool.idle(NOOP), pool.idle(PARTY)) == (1, 4)

    asyncio.run(work())


def test_one_that_waits_for_a_turn_and_leaves_keeps_nobody_waiting(tmp_path: Path, marks: Path) -> None:
    async def work() -> None:
        async with pool_of("Party", "Noop", folder=tmp_path) as pool:
            party = Party(pool, tmp_path)
            held = party.ask("held", then="hold")
            await party.met("held")
            other = asyncio.create_task(pool.run(NOOP, {}, fresh(tmp_path)))
            await asyncio.sleep(0)
            later = party.ask("later", guests=2)
            await asyncio.sleep(0.05)
            assert not later.done()
            other.cancel()
            assert (await later).output["met"] == 2
            (marks / "open").touch()
            await held

    asyncio.run(work())


def test_a_model_at_work_is_neither_sent_to_sleep_nor_unloaded(tmp_path: Path, marks: Path) -> None:
    gpu = "cuda:0"  # what sleeps leaves every device but the host

    async def work() -> None:
        options: dict[str, Any] = {"devices": (gpu,), "memory": {gpu: 100 * MB}}
        async with pool_of("Heavy", "HeavyParty", folder=tmp_path, **options) as pool:
            party = Party(pool, tmp_path, named("HeavyParty"))
            held = [party.ask(label, guests=4, then="hold") for label in "abcd"]
            await party.met(*"abcd")
            other = asyncio.create_task(pool.run(HEAVY, {}, fresh(tmp_path)))
            await asyncio.sleep(0.1)
            assert [state(pool, name, gpu) for name in ("Heavy", "HeavyParty")] == ["asleep", "ready"]
            (marks / "open").touch()
            assert labels(await asyncio.gather(*held)) == list("abcd")
            await other
            assert [state(pool, name, gpu) for name in ("Heavy", "HeavyParty")] == ["ready", "asleep"]
            made = await asyncio.gather(*(party.ask(label, guests=4) for label in "abcd"))
            assert {each.output["met"] for each in made} == {4}

    asyncio.run(work())


def test_a_model_is_idle_from_the_end_of_its_last_request(tmp_path: Path, marks: Path) -> None:
    async def work() -> None:
        idle_s = 0.3
        async with pool_of("Party", folder=tmp_path, idle_unload_s=idle_s, wait=False) as pool:
            await until(pool, lambda: pool.idle(PARTY) == 4)
            party = Party(pool, tmp_path)
            held = party.ask("held", then="hold")
            await party.met("held")
            await asyncio.sleep(idle_s + 0.2)
            assert state(pool, "Party") == "ready"
            assert (await party.ask("short")).output["met"] == 2
            let_go = time.monotonic()
            (marks / "open").touch()
            await held
            await until(pool, lambda: state(pool, "Party") == "unloaded")
            assert time.monotonic() - let_go >= idle_s
            made = await asyncio.gather(*(party.ask(label, guests=4) for label in "abcd"))
            assert {each.output["met"] for each in made} == {4}

    asyncio.run(work())


def test_a_drain_lets_all_of_them_end(tmp_path: Path, marks: Path) -> None:
    async def work() -> None:
        async with pool_of("Party", folder=tmp_path) as pool:
            party = Party(pool, tmp_path)
            held = [party.ask(label, then="hold") for label in "abcd"]
            waiting = party.ask("waiting")
            await party.met(*"abcd")
            stopping = asyncio.create_task(pool.stop(600))
            with pytest.raises(ModelUnready, match="the server is stopping"):
                await waiting
            held[0].cancel()
            with pytest.raises(asyncio.CancelledError):
                await held[0]
            assert not stopping.done()
            (marks / "open").touch()
            assert labels(await asyncio.gather(*held[1:])) == list("bcd")
            await stopping
            assert pool.pids() == {}

    asyncio.run(work())


def test_a_drain_ends_in_time_and_fails_all_that_run(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Party", folder=tmp_path) as pool:
            party = Party(pool, tmp_path)
            asked = [party.ask(label, guests=2, then="sleep") for label in "ab"]
            await party.met(*"ab")
            await pool.stop(0.1)
            assert [type(error) for error in await errors(*asked)] == [ModelUnready, ModelUnready]

    asyncio.run(work())


def test_a_worker_that_is_silent_at_work_is_left_alone_and_found_when_idle(
    tmp_path: Path, marks: Path, pulses: Pulses
) -> None:
    async def work() -> None:
        seen = Seen()
        options: dict[str, Any] = {"ping_interval_s": 0.02, "ping_timeout_s": FROZEN_S, "backoff_s": 0.01}
        async with pool_of("Party", folder=tmp_path, observer=seen, **options) as pool:
            party = Party(pool, tmp_path)
            held = [party.ask(label, then="hold") for label in "ab"]
            await party.met(*"ab")
            pid, asked = pool.pids()["cpu"], pulses.asked
            os.kill(pid, signal.SIGSTOP)
            await pulses.beat(10)
            assert (pulses.asked, seen.restarts) == (asked, [])
            os.kill(pid, signal.SIGCONT)
            (marks / "open").touch()
            await asyncio.gather(*held)
            os.kill(pid, signal.SIGSTOP)
            await until(pool, lambda: bool(seen.restarts))
            assert "it was idle and did not answer" in seen.restarts[0][1]

    asyncio.run(work())
