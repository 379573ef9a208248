"""Jobs from their acceptance to their end."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from greenroom.jobs import attempts as attempts_module
from greenroom.jobs.errors import IdempotencyMismatch, JobConflict, JobUnknown
from greenroom.jobs.history import Asked
from greenroom.jobs.job import NewJob, Webhook
from greenroom.jobs.signing import verify_webhook
from tests.jobs.service import PATIENCE_S, Receiver, ScriptedRunner, progressed, running, until

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.jobs.job import Event
    from greenroom.jobs.service import Jobs


async def _followed(jobs: Jobs, job_id: str, after: int = 0) -> list[Event]:
    return [event async for event in jobs.follow(job_id, after) if event is not None]


def test_a_job_gives_its_output_and_its_files(tmp_path: Path) -> None:
    """What it made is hashed, stored, and listed."""

    async def check() -> None:
        async with running(tmp_path) as here:
            job, is_new = await here.jobs.accept(NewJob("model", {"number": 7, "files": {"a.txt": "hello"}}))
            assert is_new
            assert job.status == "queued"
            job = await here.jobs.wait(job.id, PATIENCE_S)
            assert (job.status, job.output, job.attempts, job.error) == ("succeeded", {"number": 7}, 1, None)
            (artifact,) = job.artifacts
            assert (artifact.name, artifact.size) == ("a.txt", 5)
            assert artifact.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
            assert (tmp_path / "artifacts" / artifact.key).read_text() == "hello"
            assert list((tmp_path / "work").iterdir()) == []

    asyncio.run(check())


def test_events_tell_the_whole_story_and_go_on_where_one_left_off(tmp_path: Path) -> None:
    """Numbers have no holes; a follower that comes back gets the rest and nothing twice."""

    async def check() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"steps": 20, "step_s": 0, "gate": True}))
            await progressed(here, job.id)
            here.runner.open_gate.set()
            told = await _followed(here.jobs, job.id)
            assert [event.number for event in told] == list(range(1, len(told) + 1))
            kinds = [event.kind for event in told]
            assert kinds[:2] == ["queued", "started"]
            assert kinds[-1] == "succeeded"
            assert "progress" in kinds
            assert await _followed(here.jobs, job.id, 2) == told[2:]

    asyncio.run(check())


def test_one_key_is_one_job(tmp_path: Path) -> None:
    """However often and however concurrently it is sent; for another request the key is refused."""

    async def check() -> None:
        async with running(tmp_path) as here:
            new = NewJob("model", {"number": 1}, idempotency_key="once")
            answers = await asyncio.gather(*(here.jobs.accept(new) for _ in range(8)))
            assert len({job.id for job, _ in answers}) == 1
            assert sum(is_new for _, is_new in answers) == 1
            with pytest.raises(IdempotencyMismatch, match="once"):
                await here.jobs.accept(NewJob("model", {"number": 2}, idempotency_key="once"))
            other, is_new = await here.jobs.accept(NewJob("model", {"number": 2}, owner="b", idempotency_key="once"))
            assert is_new
            await here.jobs.wait(other.id, PATIENCE_S)
            assert len(here.runner.ran) == 2

    asyncio.run(check())


def test_the_more_urgent_goes_first_and_the_older_before_the_younger(tmp_path: Path) -> None:
    """Places in the queue say the same as the order in which jobs run."""

    async def check() -> None:
        async with running(tmp_path) as here:
            first, _ = await here.jobs.accept(NewJob("model", {"gate": True, "number": 0}))
            await until(lambda: here.runner.busy == 1)
            accepted = {}
            for number, priority in ((1, 0), (2, -5), (3, 100), (4, 0), (5, 100)):
                job, _ = await here.jobs.accept(NewJob("model", {"number": number}, priority=priority))
                accepted[number] = job.id
                await asyncio.sleep(0.005)
            places = {number: (await here.jobs.get(job_id)).queue_position for number, job_id in accepted.items()}
            assert places == {3: 0, 5: 1, 1: 2, 4: 3, 2: 4}
            here.runner.open_gate.set()
            await here.jobs.wait(accepted[2], PATIENCE_S)
            assert [inputs["number"] for inputs in here.runner.ran] == [0, 3, 5, 1, 4, 2]
            assert (await here.jobs.get(first.id)).status == "succeeded"

    asyncio.run(check())


def test_no_more_jobs_begin_than_devices_are_free(tmp_path: Path) -> None:
    """Others stay queued, and say so."""

    async def check() -> None:
        async with running(tmp_path, runner=ScriptedRunner(devices=2)) as here:
            for number in range(5):
                await here.jobs.accept(NewJob("model", {"gate": True, "number": number}))
            await until(lambda: here.runner.busy == 2)
            await asyncio.sleep(0.7)
            assert await here.jobs.counts() == {"running": 2, "queued": 3}
            here.runner.open_gate.set()
            await until(lambda: len(here.runner.ran) == 5)
            assert here.runner.most == 2

    asyncio.run(check())


def test_cancel_ends_what_waits_at_once_and_what_runs_within_a_step(tmp_path: Path) -> None:
    """A cancelled job that waited never runs; one that has ended stays as it is."""

    async def check() -> None:
        async with running(tmp_path) as here:
            runs, _ = await here.jobs.accept(NewJob("model", {"steps": 1000}))
            waits, _ = await here.jobs.accept(NewJob("model", {"number": 2}))
            await until(lambda: here.runner.busy == 1)
            assert (await here.jobs.cancel(waits.id)).status == "cancelled"
            assert (await here.jobs.cancel(runs.id)).cancel_requested
            stopped = await here.jobs.wait(runs.id, PATIENCE_S)
            assert stopped.status == "cancelled"
            assert stopped.error is not None
            assert stopped.error["code"] == "cancelled"
            assert here.runner.busy == 0
            assert (await here.jobs.cancel(runs.id)) == stopped
            after, _ = await here.jobs.accept(NewJob("model", {"number": 3}))
            await here.jobs.wait(after.id, PATIENCE_S)
            assert [inputs.get("number") for inputs in here.runner.ran] == [None, 3]

    asyncio.run(check())


def test_what_runs_too_long_times_out(tmp_path: Path) -> None:
    """And frees its device."""

    async def check() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"steps": 1000}, timeout_s=0.2))
            job = await here.jobs.wait(job.id, PATIENCE_S)
            assert job.status == "timed_out"
            assert job.error is not None
            assert (job.error["code"], here.runner.busy) == ("job-timeout", 0)

    asyncio.run(check())


def test_what_waits_too_long_times_out_unrun(tmp_path: Path) -> None:
    """Its time to live is over; others wait on."""

    async def check() -> None:
        async with running(tmp_path) as here:
            await here.jobs.accept(NewJob("model", {"gate": True}))
            await until(lambda: here.runner.busy == 1)
            short, _ = await here.jobs.accept(NewJob("model", {"number": 1}, ttl_s=0.5))
            long, _ = await here.jobs.accept(NewJob("model", {"number": 2}, ttl_s=3600))
            short = await here.jobs.wait(short.id, PATIENCE_S)
            assert short.status == "timed_out"
            assert short.error is not None
            assert short.error["code"] == "queue-timeout"
            here.runner.open_gate.set()
            assert (await here.jobs.wait(long.id, PATIENCE_S)).status == "succeeded"

    asyncio.run(check())


def test_a_clock_that_jumps_ends_no_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours forward and back: what waits still waits, what runs still runs."""

    async def check() -> None:
        async with running(tmp_path) as here:
            runs, _ = await here.jobs.accept(NewJob("model", {"gate": True}, timeout_s=3600))
            await until(lambda: here.runner.busy == 1)
            waits, _ = await here.jobs.accept(NewJob("model", {"number": 2}, ttl_s=3600))
            await asyncio.sleep(1.2)
            real = __import__("time").time
            for jump in (72_000, -72_000):
                monkeypatch.setattr("time.time", lambda jump=jump: real() + jump)
                await asyncio.sleep(1.2)
                assert (await here.jobs.get(waits.id)).status == "queued"
                assert (await here.jobs.get(runs.id)).status == "running"
            here.runner.open_gate.set()
            assert (await here.jobs.wait(runs.id, PATIENCE_S)).status == "succeeded"
            assert (await here.jobs.wait(waits.id, PATIENCE_S)).status == "succeeded"

    asyncio.run(check())


def test_an_attempt_that_was_lost_with_others_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows whether it was this job; it is tried again as if it had not begun."""
    monkeypatch.setattr(attempts_module, "_FIRST_PAUSE_S", 0.01)

    async def check() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"lost": 3}, max_attempts=2))
            job = await here.jobs.wait(job.id, PATIENCE_S)
            assert (job.status, job.attempts) == ("succeeded", 1)
            kinds = [event.kind for event in await _followed(here.jobs, job.id)]
            assert kinds.count("requeued") == 3

    asyncio.run(check())


def test_a_failure_worth_a_retry_is_retried_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the job's own number of attempts; then it fails with the last reason."""
    monkeypatch.setattr(attempts_module, "_FIRST_PAUSE_S", 0.05)

    async def check() -> None:
        async with running(tmp_path) as here:
            healed, _ = await here.jobs.accept(NewJob("model", {"fails": 2}))
            healed = await here.jobs.wait(healed.id, PATIENCE_S)
            assert (healed.status, healed.attempts) == ("succeeded", 3)
            kinds = [event.kind for event in await _followed(here.jobs, healed.id)]
            assert kinds.count("requeued") == 2
            hopeless, _ = await here.jobs.accept(NewJob("model", {"fails": 9}, max_attempts=2))
            hopeless = await here.jobs.wait(hopeless.id, PATIENCE_S)
            assert (hopeless.status, hopeless.attempts) == ("failed", 2)
            assert hopeless.error is not None
            assert hopeless.error["code"] == "flaky"
            final, _ = await here.jobs.accept(NewJob("model", {"refuses": True}))
            final = await here.jobs.wait(final.id, PATIENCE_S)
            assert (final.status, final.attempts) == ("failed", 1)

    asyncio.run(check())


def test_a_fault_of_ours_fails_the_job_without_its_words(tmp_path: Path) -> None:
    """No path, no traceback."""

    async def check() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"breaks": True}))
            job = await here.jobs.wait(job.id, PATIENCE_S)
            assert job.status == "failed"
            assert "secret" not in json.dumps(job.error)

    asyncio.run(check())


def test_a_stopped_server_gives_its_jobs_back_without_counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one runs them, at once: it need not wait until the first is taken for lost."""
    monkeypatch.setattr("greenroom.jobs.hosts.LOST_AFTER_S", 3600.0)

    async def check() -> None:
        async with running(tmp_path, grace_s=0.1) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"gate": True, "number": 5}))
            await until(lambda: here.runner.busy == 1)
        async with running(tmp_path) as here:
            here.runner.open_gate.set()
            job = await here.jobs.wait(job.id, PATIENCE_S)
            assert (job.status, job.attempts, job.output) == ("succeeded", 1, {"number": 5})

    asyncio.run(check())


def test_a_job_that_ended_badly_runs_again_under_its_name(tmp_path: Path) -> None:
    """One that succeeded does not, nor one that is still under way."""

    async def check() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"fails": 1}, max_attempts=1))
            assert (await here.jobs.wait(job.id, PATIENCE_S)).status == "failed"
            await here.jobs.again(job.id)
            job = await here.jobs.wait(job.id, PATIENCE_S)
            assert (job.status, job.error) == ("succeeded", None)
            with pytest.raises(JobConflict, match="succeeded"):
                await here.jobs.again(job.id)

    asyncio.run(check())


def test_callers_see_their_own_jobs(tmp_path: Path) -> None:
    """Another's job is not there."""

    async def check() -> None:
        async with running(tmp_path) as here:
            mine, _ = await here.jobs.accept(NewJob("model", {"number": 1}, owner="a"))
            await here.jobs.wait(mine.id, PATIENCE_S)
            assert (await here.jobs.get(mine.id, "a")).id == mine.id
            for ask in (here.jobs.get, here.jobs.cancel, here.jobs.again, here.jobs.delete):
                with pytest.raises(JobUnknown):
                    await ask(mine.id, "b")
            assert (await here.jobs.page(Asked(owner="b"))).jobs == ()
            assert [job.id for job in (await here.jobs.page(Asked(owner="a"))).jobs] == [mine.id]

    asyncio.run(check())


def test_history_is_searched_and_paged(tmp_path: Path) -> None:
    """By words of the inputs, whatever their case and alphabet; the newest first, no job twice."""

    async def check() -> None:
        async with running(tmp_path) as here:
            for number in range(7):
                await here.jobs.accept(NewJob("model", {"number": number, "text": f"Grüße Nr{number} 100%"}))
            seen: list[str] = []
            page = await here.jobs.page(Asked(limit=3))
            while True:
                seen += [job.id for job in page.jobs]
                if not page.has_more:
                    break
                page = await here.jobs.page(Asked(limit=3, after=seen[-1]))
            assert len(seen) == len(set(seen)) == 7
            found = await here.jobs.page(Asked(search="GRÜSSE nr3"))
            assert [job.input["number"] for job in found.jobs] == [3]
            assert (await here.jobs.page(Asked(search="100%"))).jobs
            assert not (await here.jobs.page(Asked(search="1_0"))).jobs
            await here.jobs.wait(seen[0], PATIENCE_S)
            assert await here.jobs.counts() == {"succeeded": 7}

    asyncio.run(check())


def test_what_was_purged_leaves_no_entry_in_the_queue(tmp_path: Path) -> None:
    """Else each would be claimed for nothing before the next job."""

    async def check() -> None:
        async with running(tmp_path) as here:
            await here.jobs.accept(NewJob("model", {"gate": True}))
            await until(lambda: here.runner.busy == 1)
            for number in range(3):
                await here.jobs.accept(NewJob("model", {"number": number}))
            assert await here.jobs.purge(None) == 3
            queued = sa.text("SELECT count(*) FROM workflow_status WHERE status = 'ENQUEUED'")
            assert await here.database.read(lambda connection: connection.execute(queued).scalar()) == 0
            here.runner.open_gate.set()

    asyncio.run(check())


def test_deleting_forgets_the_job_and_its_files(tmp_path: Path) -> None:
    """Nothing of it is left."""

    async def check() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"files": {"a.txt": "x"}}))
            await here.jobs.wait(job.id, PATIENCE_S)
            await here.jobs.delete(job.id)
            with pytest.raises(JobUnknown):
                await here.jobs.get(job.id)
            assert not [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]

    asyncio.run(check())


def test_old_jobs_are_forgotten(tmp_path: Path) -> None:
    """With the days that the setting gives."""

    async def check() -> None:
        async with running(tmp_path) as here:
            job, _ = await here.jobs.accept(NewJob("model", {"files": {"a.txt": "x"}}))
            await here.jobs.wait(job.id, PATIENCE_S)
            await asyncio.sleep(0.01)
        async with running(tmp_path, history_days=1e-9) as here:
            async with asyncio.timeout(PATIENCE_S):
                while (await here.jobs.page(Asked())).jobs:
                    await asyncio.sleep(0.05)

    asyncio.run(check())


def test_webhooks_are_signed_and_sent_once_for_each_event(tmp_path: Path) -> None:
    """The receiver can check who sent them, and that nobody changed them."""

    async def check() -> None:
        async with running(tmp_path) as here:
            secret = "whsec_" + "c2VjcmV0" * 4
            hook = Webhook("http://there/hook", secret, ("started", "succeeded"))
            job, _ = await here.jobs.accept(NewJob("model", {"number": 1, "files": {"a.txt": "x"}}, webhook=hook))
            await until(lambda: len(here.receiver.got) == 2)
            messages = {}
            for url, body, headers in here.receiver.got:
                assert url == hook.url
                verify_webhook([secret], headers, body)
                message = json.loads(body)
                messages[message["type"]] = message["data"]
            assert messages.keys() == {"job.started", "job.succeeded"}
            assert messages["job.succeeded"]["id"] == job.id
            assert messages["job.succeeded"]["artifacts"][0]["url"].startswith("http://here/v1/artifacts/art_")

    asyncio.run(check())


def test_a_receiver_that_is_down_gets_its_webhook_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Off the job's path, and across a restart of the server."""
    monkeypatch.setattr("greenroom.jobs.webhooks._PAUSES_S", (0.1,) * 1000)

    async def check() -> None:
        receiver = Receiver(down=1000)
        async with running(tmp_path, receiver=receiver) as here:
            job, _ = await here.jobs.accept(NewJob("model", {}, webhook=Webhook("http://there/hook")))
            assert (await here.jobs.wait(job.id, PATIENCE_S)).status == "succeeded"
            await until(lambda: receiver.down < 1000)
        receiver.down = 1
        async with running(tmp_path, receiver=receiver):
            await until(lambda: len(receiver.got) == 1)
            await asyncio.sleep(0.5)
            assert len(receiver.got) == 1

    asyncio.run(check())
