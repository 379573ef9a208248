"""What happens inside a worker: memory, mistakes, and its end when the server's comes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.errors import GreenroomError
from greenroom.serve.workers.errors import ModelFailed, OutOfMemory
from tests.serve.models import MARKS
from tests.serve.workers.pools import Seen, alive, eventually, fresh, named, pool_of

ROOT = Path(__file__).parents[3]
# A server that starts one worker, says which, and waits; it is killed from outside.
SERVER = """
import asyncio, sys
from pathlib import Path
from greenroom.models.registry import find
from greenroom.serve.workers.pool import Pool

async def serve():
    pool = Pool([find("tests.serve.models:Stubborn")], ["cpu"], Path(sys.argv[1]))
    await pool.start()
    while not pool.idle("tests.serve.models:Stubborn"):
        await pool.changed()
    print(pool.pids()["cpu"], flush=True)
    if sys.argv[2] == "busy":
        await pool.run("tests.serve.models:Stubborn", {"seconds": 600}, Path(sys.argv[1]))
    await asyncio.sleep(600)

asyncio.run(serve())
"""


def test_what_does_not_fit_is_done_by_the_smaller_plan_in_an_empty_folder(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("OutOfMem", folder=tmp_path, observer=seen) as pool:
            made = await pool.run(named("OutOfMem"), {}, fresh(tmp_path))
            assert made.output == {"small": True, "left": []}
            assert seen.short == [named("OutOfMem")]

    asyncio.run(work())


def test_what_never_fits_fails_with_the_numbers_and_the_worker_stays(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("TooLarge", "Noop", folder=tmp_path, observer=seen) as pool:
            pid = pool.pids()["cpu"]
            with pytest.raises(
                OutOfMemory, match=r"ran out of memory: its plan is 0\.01 GB, .* GB were free"
            ) as caught:
                await pool.run(named("TooLarge"), {}, fresh(tmp_path))
            assert not caught.value.retryable
            await pool.run(named("Noop"), {}, tmp_path)
            assert pool.pids()["cpu"] == pid
            assert seen.short == [named("TooLarge")]
            assert seen.restarts == []

    asyncio.run(work())


def test_that_memory_ran_out_is_said_where_no_smaller_plan_fits(tmp_path: Path) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("Cramped", folder=tmp_path, observer=seen) as pool:
            with pytest.raises(OutOfMemory, match="ran out of memory, and a smaller plan did not help"):
                await pool.run(named("Cramped"), {}, fresh(tmp_path))
            assert seen.short == [named("Cramped")]

    asyncio.run(work())


def test_a_mistake_of_a_model_shows_neither_its_words_nor_a_path(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with pool_of("Broken", folder=tmp_path) as pool:
            with pytest.raises(ModelFailed) as caught:
                await pool.run(named("Broken"), {"text": "private"}, tmp_path, request="job_7")
            assert caught.value.message == f"{named('Broken')} failed (ValueError)"
            assert not caught.value.retryable

    asyncio.run(work())
    (record,) = [record for record in caplog.records if "/secret/place private" in record.getMessage()]
    assert "Traceback" in record.getMessage()
    assert record.__dict__["request"] == "job_7"


def test_a_failure_that_may_pass_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "marks").mkdir()
    monkeypatch.setenv(MARKS, str(tmp_path / "marks"))

    async def work() -> None:
        async with pool_of("Flaky", folder=tmp_path) as pool:
            with pytest.raises(GreenroomError, match="attempt 1 failed") as caught:
                await pool.run(named("Flaky"), {"times": 1}, tmp_path)
            assert caught.value.as_dict() == {"code": "try-again", "message": "attempt 1 failed", "mend": "try again"}
            assert caught.value.retryable
            assert (await pool.run(named("Flaky"), {"times": 1}, tmp_path)).output == {"attempt": 2}

    asyncio.run(work())


@pytest.mark.parametrize(
    ("how", "says"),
    [("object", "its output is no JSON"), ("outside", "is not in the folder of the request"), ("exit", "SystemExit")],
)
def test_what_a_model_may_not_do_is_its_failure(tmp_path: Path, how: str, says: str) -> None:
    async def work() -> None:
        seen = Seen()
        async with pool_of("Unruly", folder=tmp_path, observer=seen) as pool:
            with pytest.raises(ModelFailed, match=says):
                await pool.run(named("Unruly"), {"text": how}, fresh(tmp_path))
            assert seen.restarts == []

    asyncio.run(work())


def test_a_media_input_is_a_path_that_the_worker_reads(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF")

    async def work() -> None:
        async with pool_of("TakesMedia", folder=tmp_path) as pool:
            made = await pool.run(named("TakesMedia"), {"sound": str(tmp_path / "a.wav")}, fresh(tmp_path))
            assert made.output == {"size": 4, "name": "a.wav"}

    asyncio.run(work())


def test_signals_for_the_whole_group_do_not_end_a_worker(tmp_path: Path) -> None:
    async def work() -> None:
        async with pool_of("Noop", folder=tmp_path) as pool:
            pid = pool.pids()["cpu"]
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(pid, number)
            await asyncio.sleep(0.1)
            await pool.run(named("Noop"), {}, tmp_path)
            assert pool.pids()["cpu"] == pid

    asyncio.run(work())


@pytest.mark.parametrize("doing", ["idle", "busy"])
def test_a_worker_dies_with_its_server_however_that_dies(tmp_path: Path, doing: str) -> None:
    command = [sys.executable, "-c", SERVER, str(tmp_path / "pool"), doing]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        assert alive(worker)
        server.kill()
        server.wait()
    asyncio.run(eventually(lambda: not running(worker)))


def test_a_worker_whose_server_is_gone_before_it_looks_ends(tmp_path: Path) -> None:
    """Its parent is then another process than the one that it was started by."""
    command = [sys.executable, "-m", "greenroom.serve.workers", "0", "1"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")


def running(pid: int) -> bool:
    """Whether the process runs; a dead one may wait long for whoever buries orphans here."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
