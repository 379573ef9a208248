"""An install as a plan: gone on with where it was killed, its log kept, each phase seen."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.errors import Cancelled
from greenroom.machine.environments.errors import PackageUnfit
from greenroom.machine.environments.folder import all_environments, linked, opened
from greenroom.machine.environments.install import install, plan_install
from greenroom.machine.environments.parts import Parts
from greenroom.machine.environments.request import Request
from greenroom.machine.environments.started import mark_started
from greenroom.machine.environments.volume import Volume
from greenroom.plan.activity import entries
from greenroom.plan.writing import render
from greenroom.progress import silent
from tests.machine.environments.index import QUICK, Index, own_wheel
from tests.machine.environments.installing import PACE, Installing, installers
from tests.machine.environments.test_install import run, said

Start = Callable[..., Installing]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a process that installs."""
    with installers(tmp_path_factory.mktemp("said")) as started:
        yield started.start


def log(folder: Path) -> list[tuple[int, str]]:
    """Phases and verbs of a log, in their order."""
    return [(entry.phase, entry.verb) for entry in entries(folder)]


def requested(word: str = "hello") -> Request:
    return Request(Parts(("voice",), ()), own_wheel(word))


def killed_when_resolved(start: Start, root: Path) -> None:
    """Start an install and kill it once its log says that its lock is on the disk: until then the lock is undone."""
    process = start(root, "killed", hold_at="installing")
    deadline = time.monotonic() + 60
    while not any((1, "done") in log(folder) for folder in root.glob("activity/*")):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    assert all_environments(root) == ()


def test_each_phase_is_seen_red_then_green_and_the_log_says_so(index: Index, request_: Request, root: Path) -> None:
    done = run(request_, root)
    seen = log(done.activity)
    assert [number for number, verb in seen if verb == "done"] == [1, 2, 3, 4]
    assert [number for number, verb in seen if verb == "verify-fail"] == [1, 2, 3, 4]
    run(request_, root)
    assert [number for number, verb in log(done.activity)[len(seen) :] if verb == "skip"] == [1, 2, 3, 4]


def test_who_was_killed_after_the_lock_goes_on_without_asking_for_releases(
    index: Index, root: Path, start: Start
) -> None:
    killed_when_resolved(start, root)
    index.add("beta", "2.0")
    asked = len(index.requests)
    assert run(requested("killed"), root).outcome == "built"
    assert said(root) == "killed 1.0\n"
    assert not any("beta-2.0" in path for path in index.requests[asked:])
    assert not list(root.glob("activity/*/resolved.json"))


def test_an_upgrade_asks_again_though_an_earlier_install_was_killed(index: Index, root: Path, start: Start) -> None:
    killed_when_resolved(start, root)
    index.add("beta", "2.0")
    run(requested("killed"), root, upgrade=True)
    assert said(root) == "killed 2.0\n"


def test_after_a_failure_releases_are_asked_for_again(index: Index, request_: Request, root: Path) -> None:
    index.add("beta", "2.4")
    index.broken.add("beta-2.4-py3-none-any.whl")
    with pytest.raises(PackageUnfit):
        run(request_, root)
    del index.wheels["beta-2.4-py3-none-any.whl"]
    index.add("beta", "2.5")
    run(request_, root)
    assert said(root) == "hello 2.5\n"


def test_a_killed_switch_is_made_again(index: Index, request_: Request, installed: Path) -> None:
    """Killed between the two links, previous and current lead to the same."""
    second = run(requested("second"), installed)
    with opened(installed, silent) as environments:
        environments.undo()
        environments.undo()  # there and back: both links were moved
    (log_file,) = second.activity.glob("*.log")
    lines = log_file.read_text().splitlines(keepends=True)
    begun = max(number for number, line in enumerate(lines) if "phase-4 start" in line)
    log_file.write_text("".join(lines[: begun + 1]))
    again = run(requested("second"), installed)
    assert again.outcome == "kept"
    assert (4, "undo") in log(second.activity)[begun + 1 :]
    assert said(installed) == "second 1.0\n"


def test_current_leads_back_or_nowhere_when_a_switch_is_taken_back(
    index: Index, request_: Request, installed: Path
) -> None:
    first = linked(installed, "current")
    second = run(requested("second"), installed)
    assert first is not None
    with opened(installed, silent) as environments:
        now = environments.current()
        assert now is not None
        environments.leave(first)  # it is not current: nothing is taken back
        assert environments.current() == now
        environments.leave(now)
        assert environments.current() == first
        environments.leave(first)
        assert environments.current() is None
    assert second.folder.is_dir()


def test_a_user_who_stops_it_changes_nothing(index: Index, request_: Request, installed: Path) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if "installing" in stage:
            raise Cancelled

    with pytest.raises(Cancelled):
        install(requested("stopped"), installed, stop, QUICK)
    assert said(installed) == "hello 1.0\n"
    assert run(requested("stopped"), installed).outcome == "built"


def test_who_stops_it_waits_for_no_index(index: Index, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent_index:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent_index.getsockname()[1]}/simple")
        monkeypatch.setenv("UV_NO_CACHE", "1")
        monkeypatch.setenv("UV_HTTP_TIMEOUT", "600")

        def stop(stage: str, done: float, total: float) -> None:
            if select.select([silent_index], [], [], 0)[0]:  # it was asked, and will never answer
                raise Cancelled

        begun = time.monotonic()
        with pytest.raises(Cancelled):
            install(requested("unanswered"), installed, stop, replace(QUICK, upgrade=True))
        assert time.monotonic() - begun < 60
    assert said(installed) == "hello 1.0\n"


def test_progress_of_the_one_phase_under_way_is_in_its_own_unit(index: Index, request_: Request, root: Path) -> None:
    steps: list[tuple[str, float, float]] = []
    install(request_, root, lambda *step: steps.append(step), QUICK)
    installing = [total for stage, _, total in steps if stage.startswith("environment: installing")]
    assert installing
    assert min(installing) > 1000  # bytes, and not phases


def test_logs_go_with_the_environments_that_they_made(index: Index, request_: Request, root: Path) -> None:
    runs = [run(requested(word), root) for word in ("one", "two", "three")]
    mark_started((root / "current").resolve())
    run(requested("three"), root)
    assert [one.activity.exists() for one in runs] == [False, True, True]


def test_the_plan_is_shown_without_touching_the_folder(request_: Request, root: Path, tmp_path: Path) -> None:
    shared = replace(QUICK, volume=Volume(tmp_path / "volume", PACE))
    shown = render(plan_install(request_, root, shared))
    named = [line.split()[3] for line in shown.splitlines() if line.startswith("## Phase")]
    assert named == ["lock", "room", "environment", "switch", "share"]
    assert str(tmp_path / "volume") in shown
    assert not root.exists()
