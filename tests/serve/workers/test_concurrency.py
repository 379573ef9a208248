"""One worker does several requests of a model at once: they overlap, and none suffers for another."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from greenroom.models.model import Generated
from greenroom.serve.workers.errors import DeviceLost, ModelFailed, ModelUnready, WorkerFailure
from greenroom.serve.workers.pool import Pool
from tests.serve.models import MARKS, MB
from tests.serve.workers.pools import FROZEN_S, Pulses, Seen, eventually, fresh, named, pool_of, state, until

PARTY, NOOP, HEAVY = named("Party"), named("Noop"), named("Heavy")
Asked = asyncio.Task[Generated]


@pytest.fixture(autouse=True)
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file ``open`` lets go of who holds."""
    folder = tmp_path / "marks"
    folder.mkdir()
    monkeypatch.setenv(MARKS, str(folder))
    return folder


class Party:
    """Requests for the model Party. together: those that have met whom they wait for."""

    def __init__(self, pool: Pool, folder: Path, model: str = PARTY) -> None:
        self._pool, self._folder, self._model = pool, folder, model
        self.together: set[str] = set()

    def ask(self, label: str, *, urgent: bool = False, **inputs: Any) -> Asked:
        """One more, under its label's name."""

        def step(stage: str, *_: float) -> None:
            if stage != "arriving":
                self.together.add(label)

        asked = {"label": label, **inputs}
        run = self._pool.run(self._model, asked, fresh(self._folder), step=step, urgent=urgent, request=label)
        return asyncio.create_task(run)

    async def met(self, *labels: str) -> None:
        """Wait until these have met."""
        await eventually(lambda: self.together >= set(labels))


def labels(made: Sequence[Generated]) -> list[str]:
    """Of the results, each with a file that says the same."""
    for each in made:
        assert each.files[0].path.read_text() == each.output["label"]
    return [str(each.output["label"]) for each in made]


async def errors(*asked: Asked) -> list[BaseException | Generated]:
    return await asyncio.gather(*asked, return_exceptions=True)


def test_as_many_as_the_model_does_run_at_once_in_threads_of_their_own(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Party", folder=tmp_path) as pool:
            party = Party(pool, tmp_path)
            assert pool.idle(PARTY) == pool.free(PARTY) == 4
            made = []
            for four in ("abcd", "efgh"):
                made += await asyncio.gather(*(party.ask(label, guests=4) for label in four))
            assert labels(made) == list("abcdefgh")
            assert {each.output["met"] for each in made} == {4}
            # A thread that has answered may not be free yet when the next four come.
            assert [len({each.output["thread"] for each in four}) for four in (made[:4], made[4:])] == [4, 4]
            assert {each.output["pid"] for each in made} == set(pool.pids().values())

    asyncio.run(work())


def test_places_are_counted_and_the_urgent_take_the_next(tmp_path: Path, marks: Path) -> None:
    async def work() -> None:
        async with pool_of("Party", folder=tmp_path) as pool:
            party = Party(pool, tmp_path)
            places = []
            held = []
            for label in "abcd":
                held.append(party.ask(label, then="hold"))
                await asyncio.sleep(0)
                places.append((pool.running(PARTY), pool.idle(PARTY), pool.free(PARTY)))
            assert places == [(1, 3, 3), (2, 2, 2), (3, 1, 1), (4, 0, 0)]
            await party.met(*"abcd")
            patient = party.ask("patient")
            urgent = party.ask("urgent", urgent=True, then="hold")
            await asyncio.sleep(0)
            held[2].cancel()
            await party.met("urgent")
            assert not patient.done()
            (marks / "open").touch()
            assert labels(await asyncio.gather(held[0], held[1], held[3], urgent, patient))[3:] == ["urgent", "patient"]
            assert pool.idle(PARTY) == 4

    asyncio.run(work())


def test_requests_spread_over_devices(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Party", folder=tmp_path, devices=("cpu", "cpu:1")) as pool:
            party = Party(pool, tmp_path)
            made = await asyncio.gather(*(party.ask(label, guests=2) for label in "abcd"))
            assert Counter(each.output["pid"] for each in made) == Counter(dict.fromkeys(pool.pids().values(), 2))

    asyncio.run(work())


def test_each_ends_in_its_own_way(tmp_path: Path) -> None:
    """One fails, one runs out of memory, one streams, one is cancelled: nobody else notices."""

    async def work() -> None:
        seen = Seen()
        async with pool_of("Party", folder=tmp_path, observer=seen) as pool:
            party = Party(pool, tmp_path)
            fails = party.ask("fails", guests=4, then="fail")
            shrinks = party.ask("shrinks", guests=4, then="shrink")
            leaves = party.ask("leaves", guests=4, then="hold")
            asked = {"label": "streams", "guests": 4, "then": "stream"}
            stream = pool.stream(PARTY, asked, fresh(tmp_path))
            heard = b"".join([data async for data in stream])
            assert heard == b"".join(f"streams-{place} ".encode() * 1000 for place in range(200))
            with pytest.raises(ModelFailed):
                await fails
            assert (await shrinks).output["small"]
            assert seen.short == [PARTY]
            assert not leaves.done()
            leaves.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaves
            assert seen.restarts == []
            assert pool.idle(PARTY) == 4

    asyncio.run(work())


def test_a_slow_reader_holds_its_own_request_alone(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Party", folder=tmp_path, paused_at=50_000) as pool:
            party = Party(pool, tmp_path)
            slow, other = (
                pool.stream(PARTY, {"label": label, "then": "stream"}, fresh(tmp_path)) for label in ("slow", "other")
            )
            got = await anext(slow)
            assert len(b"".join([data async for data in other])) > 1_000_000
            assert (await party.ask("a")).output["met"] == 2
            got += b"".join([data async for data in slow])
            assert got == b"".join(f"slow-{place} ".encode() * 1000 for place in range(200))
            # One that is held hears that nobody reads any more.
            left = pool.stream(PARTY, {"label": "left", "then": "stream"}, fresh(tmp_path))
            await anext(left)
            await asyncio.sleep(0.1)
            await left.aclose()
            assert pool.idle(PARTY) == 4

    asyncio.run(work())


def test_what_is_said_is_said_by_the_one_who_said_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "greenroom.worker")

    async def work() -> None:
        async with pool_of("Party", folder=tmp_path) as pool:
            party = Party(pool, tmp_path)
            await asyncio.gather(*(party.ask(label, guests=4, then="speak") for label in "abcd"))

    asyncio.run(work())
    for label in "abcd":
        said = [each.getMessage() for each in caplog.records if each.__dict__.get("request") == label]
        lines = [f"{label} {place}" for place in range(20)]
        assert [line for line in said if line.startswith("party: ")] == [f"party: {line}" for line in lines]
        printed = [line for line in said if line.startswith("stdout: ")]
        assert printed == [f"stdout: {line}" for line in [*lines, f"{label} leaves"]]


def test_a_killed_worker_fails_all_it_did_without_blame_and_each_next_attempt_runs_alone(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Party", folder=tmp_path, backoff_s=0.01) as pool:
            party = Party(pool, tmp_path)
            asked = [party.ask(label, guests=4, then="die" if label == "d" else "sleep") for label in "abcd"]
            lost = await errors(*asked)
            for error in lost:
                assert isinstance(error, WorkerFailure)
                assert error.retryable
                assert error.blameless
                assert "did this and more: its process was killed (SIGKILL" in error.message
            again = [party.ask(label, guests=4, patience_s=0.1) for label in "abc"]
            guilty = party.ask("d", then="die")
            (error,) = await errors(guilty)
            assert isinstance(error, WorkerFailure)
            assert not error.blameless
            assert [each.output["met"] for each in await asyncio.gather(*again)] == [1, 1, 1]
            # Who has shown what it is runs with others again; the guilty one does not.
            guilty = party.ask("d", guests=2, patience_s=0.1)
            others = [party.ask(label, guests=3) for label in "abc"]
            assert [each.output["met"] for each in await asyncio.gather(guilty, *others)] == [1, 3, 3, 3]

    asyncio.run(work())


def test_a_lost_device_takes_all_along_and_blames_nobody(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("Party", folder=tmp_path, observer=seen, backoff_s=0.01) as pool:
            party = Party(pool, tmp_path)
            lost = await errors(
                *(party.ask(label, guests=4, then="lose" if label in "ab" else "sleep") for label in "abcd")
            )
            assert isinstance(lost[0], DeviceLost) or isinstance(lost[1], DeviceLost)
            for error in lost:
                assert isinstance(error, DeviceLost | WorkerFailure)
                assert error.retryable
                assert error.blameless
            assert seen.restarts == [("cpu", "its device stopped answering")]
            (alone,) = await errors(party.ask("a", then="lose"))
            assert isinstance(alone, DeviceLost)
            assert not alone.blameless

    asyncio.run(work())


def test_one_that_does_not_stop_takes_the_others_along_and_they_are_no_suspects(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        options: dict[str, Any] = {"cancel_grace_s": 0.2, "backoff_s": 30.0}
        async with pool_of("Party", folder=tmp_path, observer=seen, **options) as pool:
            party = Party(pool, tmp_path)
            deaf = party.ask("deaf", guests=3, then="sleep")
            others = [party.ask(label, guests=3, then="hold") for label in "ab"]
            await party.met("deaf", "a", "b")
            deaf.cancel()
            with pytest.raises(asyncio.CancelledError):
                await deaf
            for error in await errors(*others):
                assert isinstance(error, WorkerFailure)
                assert error.blameless
            assert seen.restarts == [("cpu", "it did not stop within 0.2 s of being told")]
            assert [made.output["met"] for made in await asyncio.gather(*(party.ask(a, guests=2) for a in "ab"))] == [
                2,
                2,
            ]

    asyncio.run(work())


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
