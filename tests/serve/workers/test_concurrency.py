"""One worker does several requests of a model at once: they overlap, and none suffers for another."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from greenroom.serve.workers.errors import DeviceLost, ModelFailed, WorkerFailure
from tests.serve.workers.parties import PARTY, Party, errors, labels
from tests.serve.workers.pools import Seen, fresh, pool_of

pytestmark = pytest.mark.usefixtures("marks")


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
