"""The folder of environments, as a killed process may leave it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.errors import Cancelled
from greenroom.locks import hold
from greenroom.machine.environments.folder import Marker, all_environments, linked, opened, read_environment, seal
from greenroom.machine.environments.lock import Lock
from greenroom.machine.environments.record import fingerprint
from greenroom.progress import silent
from tests.machine.environments.test_record import ALPHA, installed


def whole(place: Path) -> Path:
    """A whole environment of one package."""
    installed(place, {"alpha.py": b"one"})
    lock = Lock.of([ALPHA])
    seal(place, lock, Marker(lock.id, "request", "tag", str(place), fingerprint(place, [ALPHA]), 0.0, ("voice",)))
    return place


@pytest.mark.parametrize(
    ("there", "after"),
    [
        (["env-a.new"], []),  # killed while it was built
        (["env-a", "env-a.new"], ["env-a"]),  # while a damaged one was built again
        (["env-a.old", "env-a.new"], ["env-a"]),  # between its two renames
        (["env-a", "env-a.old"], ["env-a"]),  # behind them
        (["env-a.old"], []),
    ],
)
def test_what_a_killed_process_left_is_set_right(tmp_path: Path, there: list[str], after: list[str]) -> None:
    for name in there:
        whole(tmp_path / name)
    with opened(tmp_path, silent):
        pass
    assert sorted(place.name for place in tmp_path.glob("env-*")) == after


def test_half_an_environment_never_gets_a_name(tmp_path: Path) -> None:
    installed(tmp_path / "env-a.new", {"alpha.py": b"one"})
    whole(tmp_path / "env-a.old")
    with opened(tmp_path, silent):
        pass
    assert list(tmp_path.glob("env-*")) == []


def test_a_damaged_environment_makes_room_for_the_one_built_anew(tmp_path: Path) -> None:
    lock_id = Lock.of([ALPHA]).id
    damaged = whole(tmp_path / f"env-{lock_id}")
    (damaged / "lib/python3.11/site-packages/alpha.py").unlink()
    with opened(tmp_path, silent) as environments:
        adopted = environments.adopt(whole(environments.building(lock_id)), lock_id)
        assert adopted.is_sound()
        environments.switch(adopted)
    assert [place.name for place in tmp_path.glob("env-*")] == [f"env-{lock_id}"]
    current = linked(tmp_path, "current")
    assert current is not None
    assert current.marker.id == lock_id


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": 99}', b"[]", b'{"schema": 1, "degraded": [1]}'])
def test_a_marker_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    place = whole(tmp_path / "env-a")
    (place / "greenroom-environment.json").write_bytes(content)
    assert read_environment(place) is None
    assert all_environments(tmp_path) == ()


def test_who_waits_can_be_told_to_stop(tmp_path: Path) -> None:
    handle = hold(tmp_path / ".lock")

    def step(stage: str, done: float, total: float) -> None:
        raise Cancelled

    try:
        with pytest.raises(Cancelled), opened(tmp_path, step):
            pass
    finally:
        os.close(handle)


def test_a_program_that_was_started_keeps_the_lock_when_its_starter_is_gone(tmp_path: Path) -> None:
    """So that no second install begins while the first one's uv still copies."""
    with opened(tmp_path, silent) as environments:
        assert environments.handle is not None
        command = [sys.executable, "-c", "input()"]
        left = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[environments.handle])
    with left:
        with pytest.raises(BlockingIOError):
            hold(tmp_path / ".lock")
        left.communicate(b"\n")
    os.close(hold(tmp_path / ".lock"))
