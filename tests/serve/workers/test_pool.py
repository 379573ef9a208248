"""Requests wait for devices: in order, apart from each other, bounded, and none is forgotten at the end."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from pathlib import Path

import pytest

from greenroom.errors import InputInvalid, UnknownName
from greenroom.models.model import Generated
from greenroom.models.registry import find
from greenroom.serve.workers.errors import Busy, ModelUnready
from greenroom.serve.workers.pool import Pool
from tests.serve.workers.pools import PATIENCE_S, Seen, alive, fresh, named, pool_of, state, until

pytestmark = pytest.mark.usefixtures("marks")

# As long as it takes until the mark ``open`` is there.
HELD = {"steps": 1_000_000, "step_s": 0.01, "to_mark": True}


async def said(pool: Pool, text: str, folder: Path, *, urgent: bool = False) -> str:
    made = await pool.run(named("Noop"), {"text": text}, folder, urgent=urgent)
    return str(made.output["echo"]["text"])


def test_a_request_gives_its_output_and_files(tmp_path: Path) -> None:
    async def work() -> Generated:
        async with pool_of("NoopFile", folder=tmp_path) as pool:
            assert state(pool, "NoopFile") == "ready"
            return await pool.run(named("NoopFile"), {"size": 123}, fresh(tmp_path))

    made = asyncio.run(work())
    assert made.output == {"size": 123}
    assert [(file.path.name, file.media_type) for file in made.files] == [("zeros.bin", "application/octet-stream")]
    assert made.files[0].path.read_bytes() == bytes(123)


def test_many_requests_on_two_devices_never_see_each_others_inputs(tmp_path: Path) -> None:
    async def work() -> tuple[list[Generated], set[int]]:
        async with pool_of("Noop", "Sleeper", folder=tmp_path, devices=("cpu", "cpu:1")) as pool:
            folder = fresh(tmp_path)
            texts = [f"text {number}" for number in range(300)]
            assert await asyncio.gather(*(said(pool, text, folder) for text in texts)) == texts
            pids = set(pool.pids().values())
            asked = ({"steps": 1, "step_s": 0.01, "label": str(number)} for number in range(20))
            folders = [fresh(tmp_path) for _ in range(20)]
            runs = (pool.run(named("Sleeper"), inputs, each) for inputs, each in zip(asked, folders, strict=True))
            return await asyncio.gather(*runs), pids

    made, pids = asyncio.run(work())
    assert [each.output["label"] for each in made] == [str(number) for number in range(20)]
    assert {each.output["pid"] for each in made} == pids
    assert len(pids) == 2


def test_urgent_ones_go_first_and_each_kind_in_its_order(tmp_path: Path, marks: Path) -> None:
    async def work() -> list[str]:
        order: list[str] = []

        async def ask(name: str, *, urgent: bool) -> None:
            await pool.run(named("Sleeper"), HELD, fresh(tmp_path), urgent=urgent)
            order.append(name)

        async with pool_of("Sleeper", folder=tmp_path) as pool:
            tasks = [asyncio.create_task(ask("running", urgent=False))]
            await until(pool, lambda: not pool.idle(named("Sleeper")))
            for name in ("p1", "p2", "u1", "u2"):
                tasks.append(asyncio.create_task(ask(name, urgent=name.startswith("u"))))
                await asyncio.sleep(0)
            (marks / "open").touch()
            await asyncio.gather(*tasks)
        return order

    assert asyncio.run(work()) == ["running", "u1", "u2", "p1", "p2"]


def test_urgent_ones_wait_in_bounded_numbers(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Sleeper", folder=tmp_path, max_waiting=2) as pool:
            asked = {"steps": 2, "step_s": 0.05}
            runs = [
                asyncio.create_task(pool.run(named("Sleeper"), asked, fresh(tmp_path), urgent=True)) for _ in range(3)
            ]
            await asyncio.sleep(0)
            with pytest.raises(Busy, match="2 requests wait already") as caught:
                await pool.run(named("Sleeper"), asked, fresh(tmp_path), urgent=True)
            assert caught.value.retryable
            patient = asyncio.create_task(pool.run(named("Sleeper"), asked, fresh(tmp_path)))
            await asyncio.gather(*runs, patient)

    asyncio.run(work())


def test_one_that_leaves_while_it_waits_is_never_begun(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("Sleeper", folder=tmp_path, observer=seen) as pool:
            asked = {"steps": 2, "step_s": 0.05}
            running = asyncio.create_task(pool.run(named("Sleeper"), asked, fresh(tmp_path)))
            left_folder = fresh(tmp_path)
            leaving = asyncio.create_task(pool.run(named("Sleeper"), asked, left_folder))
            await asyncio.sleep(0)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
            await running
            assert list(left_folder.iterdir()) == []
            assert seen.stages.count(("Sleeper", "run")) == 1

    asyncio.run(work())


def test_idle_counts_the_devices_that_could_begin(tmp_path: Path, marks: Path) -> None:
    async def work() -> list[int]:
        counts = []
        async with pool_of("Sleeper", folder=tmp_path, devices=("cpu", "cpu:1")) as pool:
            name = named("Sleeper")
            counts.append(pool.idle(name))
            runs = []
            for _ in range(2):
                runs.append(asyncio.create_task(pool.run(name, HELD, fresh(tmp_path))))
                await asyncio.sleep(0)
                counts.append(pool.idle(name))
            (marks / "open").touch()
            await asyncio.gather(*runs)
            counts.append(pool.idle(name))
        counts.append(pool.idle(name))
        return counts

    assert asyncio.run(work()) == [2, 1, 0, 2, 0]


def test_what_cannot_be_asked_is_refused_before_it_waits(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Noop", folder=tmp_path) as pool:
            with pytest.raises(UnknownName, match="nobody"):
                await pool.run("nobody", {}, tmp_path)
            with pytest.raises(InputInvalid, match="does not stream"):
                await anext(pool.stream(named("Noop"), {}, tmp_path))
            with pytest.raises(InputInvalid, match="no JSON can"):
                await pool.run(named("Noop"), {"text": "half a letter \ud800"}, tmp_path)
            with pytest.raises(UnknownName, match="there is no input 'txt'"):
                await pool.run(named("Noop"), {"txt": "a"}, tmp_path)
            assert await said(pool, "still there", tmp_path) == "still there"

    asyncio.run(work())


def test_a_drain_lets_what_runs_end_and_refuses_the_rest(tmp_path: Path, marks: Path) -> None:
    async def work() -> None:
        async with pool_of("Sleeper", folder=tmp_path) as pool:
            running = asyncio.create_task(pool.run(named("Sleeper"), HELD, fresh(tmp_path)))
            waiting = asyncio.create_task(pool.run(named("Sleeper"), HELD, fresh(tmp_path)))
            await until(pool, lambda: not pool.idle(named("Sleeper")))
            stopping = asyncio.create_task(pool.stop(100 * PATIENCE_S))
            with pytest.raises(ModelUnready, match="the server is stopping"):
                await waiting
            with pytest.raises(ModelUnready, match="the server is stopping"):
                await pool.run(named("Sleeper"), HELD, fresh(tmp_path))
            assert not stopping.done()
            (marks / "open").touch()
            assert (await running).output["steps"] == HELD["steps"]
            await asyncio.wait_for(stopping, PATIENCE_S)  # it ends with what ran, and not with its time
            assert pool.pids() == {}

    asyncio.run(work())


def test_a_drain_ends_in_time_whatever_runs(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Stubborn", "Noop", folder=tmp_path) as pool:
            running = asyncio.create_task(pool.run(named("Stubborn"), {"seconds": 600}, fresh(tmp_path)))
            await until(pool, lambda: not pool.idle(named("Noop")))
            await asyncio.wait_for(pool.stop(0.2), PATIENCE_S)  # of 600
            with pytest.raises(ModelUnready, match="the server is stopping"):
                await running

    asyncio.run(work())


def test_a_pool_may_be_stopped_before_it_is_ready(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("SlowLoad", folder=tmp_path, wait=False) as pool:
            await pool.stop(5)
        async with pool_of("SlowLoad", folder=tmp_path, wait=False) as pool:
            await until(pool, lambda: state(pool, "SlowLoad") == "loading" and bool(pool.pids()))
            await pool.stop(5)

    asyncio.run(work())


def test_a_loop_that_ends_without_a_stop_leaves_no_process(tmp_path: Path) -> None:
    async def work() -> int:
        pool = Pool([find(named("Noop"))], ["cpu"], tmp_path / "pool")
        await pool.start()
        await until(pool, lambda: pool.idle(named("Noop")) == 1)
        pid = pool.pids()["cpu"]
        os.kill(pid, signal.SIGSTOP)  # so that it cannot see that nobody listens any more
        return pid

    assert not alive(asyncio.run(work()))


def test_states_lead_from_loading_over_warming_to_ready(tmp_path: Path, marks: Path) -> None:
    async def work() -> None:
        watched = Seen()
        async with pool_of("SlowLoad", folder=tmp_path, wait=False, observer=watched) as pool:
            await until(pool, lambda: state(pool, "SlowLoad") == "loading")
            (marks / "loads").touch()
            await until(pool, lambda: state(pool, "SlowLoad") == "warming")
            assert pool.idle(named("SlowLoad")) == 0
            (marks / "warms").touch()
            await until(pool, lambda: pool.idle(named("SlowLoad")) == 1)
            assert state(pool, "SlowLoad") == "ready"
        assert watched.stages == [("SlowLoad", "load"), ("SlowLoad", "warm")]

    asyncio.run(work())


def test_nothing_is_left_open(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Noop", "Crasher", folder=tmp_path, devices=("cpu", "cpu:1"), backoff_s=0.01) as pool:
            for pid in pool.pids().values():
                os.kill(pid, 9)
            await until(pool, lambda: pool.idle(named("Noop")) < 2)
            await until(pool, lambda: pool.idle(named("Noop")) == 2)
            await said(pool, "a", tmp_path)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(work())
    before = descriptors()
    asyncio.run(work())
    assert descriptors() == before


def descriptors() -> int:
    """How many files this process has open."""
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
