"""Who is taken for lost, and who is not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from greenroom.jobs import hosts
from greenroom.jobs.database import Database, sqlite_url
from greenroom.jobs.hosts import Lifeline, Watch, is_dead_here

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A monotonic clock that a test moves."""
    moment = [0.0]
    monkeypatch.setattr("greenroom.jobs.hosts.time.monotonic", lambda: moment[0])
    return moment


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(tmp_path / "jobs.sqlite"))
    opened.prepare()
    yield opened
    opened.close()


def test_a_beat_that_stands_still_for_long_is_silence(clock: list[float]) -> None:
    """One that moves, however slowly, is not; nor is one's own."""
    watch = Watch("me")
    for second in range(0, 60, 5):
        clock[0] = second
        found = watch.silent({"me": 1, "moves": second, "stands": 7})
        assert found == (["stands"] if second >= hosts.LOST_AFTER_S else [])


def test_a_host_that_comes_back_is_counted_anew(clock: list[float]) -> None:
    """Its silence begins with its last beat."""
    watch = Watch("me")
    watch.silent({"other": 1})
    clock[0] = 19
    watch.silent({"other": 2})
    clock[0] = 38
    assert watch.silent({"other": 2}) == []
    clock[0] = 40
    assert watch.silent({"other": 2}) == ["other"]


def test_a_beat_in_the_last_moment_saves_a_host(database: Database) -> None:
    """It is declared lost only if it stands where it was seen; and once lost, its beats count no more."""
    database.run(lambda c: hosts.register(c, "other"))
    database.run(lambda c: hosts.beat(c, "other"))
    assert not database.run(lambda c: hosts.declare_lost(c, "other", 0))
    assert database.run(lambda c: hosts.declare_lost(c, "other", 1))
    assert not database.run(lambda c: hosts.declare_lost(c, "other", 1))
    assert database.run(lambda c: hosts.beat(c, "other")) == (False, {})
    assert database.run(hosts.lost) == ["other"]


def test_a_lock_lasts_as_long_as_its_process(tmp_path: Path) -> None:
    """Killed or not: nobody needs to wait to know."""
    program = (
        "import sys, time; from pathlib import Path; from greenroom.jobs.hosts import Lifeline;"
        "Lifeline(Path(sys.argv[1]), 'other'); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert not is_dead_here(tmp_path, "other")
        other.kill()
        other.wait()
        assert is_dead_here(tmp_path, "other")
    assert not is_dead_here(tmp_path, "never was")
    own = Lifeline(tmp_path, "me")
    assert not is_dead_here(tmp_path, "me")
    own.release()
    assert not is_dead_here(tmp_path, "me")
