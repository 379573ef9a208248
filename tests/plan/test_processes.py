"""Scripts as processes: their output, their end, and what they started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.plan.actions import Attempt, Outcome, Shell
from greenroom.plan.masking import Mask
from greenroom.plan.processes import run_script
from tests.plan.phases import is_alive


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    return Attempt(tmp_path, {**os.environ, "API_KEY": "se-cret"}, Mask({"API_KEY": "se-cret"}))


def until(true: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def group_of(pid: int) -> list[int]:
    """The processes of its group that have not ended; itself always."""
    group, found = os.getpgid(pid), {pid}
    for other in (int(path.name) for path in Path("/proc").glob("[1-9]*")):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(other) == group and is_alive(other):
                found.add(other)
    return sorted(found)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", ""),
        ("false\ntrue", "exit 1"),
        ("exit 7", "exit 7"),
        ("kill -9 $$", "ended by SIGKILL"),
        ("no-such-program", "exit 127"),
        ("read line", "exit 1"),
        ("exec >&- 2>&-; sleep 0.02; exit 4", "exit 4"),
    ],
)
def test_how_a_script_ends(attempt: Attempt, script: str, reason: str) -> None:
    outcome = Shell(script).run(attempt)
    assert (outcome.ok, outcome.reason) == (reason == "", reason)


def test_a_folder_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    outcome = Shell("true").run(Attempt(tmp_path / "absent", os.environ))
    assert outcome.reason == "it cannot start: No such file or directory"


def test_the_last_lines_are_kept_without_secrets(attempt: Attempt) -> None:
    outcome = Shell("seq 1 30; echo key $API_KEY >&2; printf '%0600d' 0; printf ' half'").run(attempt)
    assert len(outcome.output) == 20
    assert outcome.output[-2] == "key ********"
    assert outcome.output[-1] == "0" * 499 + "…"


def test_a_long_line_shows_no_half_of_a_secret(attempt: Attempt) -> None:
    outcome = Shell("head -c 65533 /dev/zero | tr '\\0' x; echo $API_KEY; head -c 3000000 /dev/zero | tr '\\0' y").run(
        attempt
    )
    assert "se-c" not in "".join(outcome.output)
    assert len(outcome.output) == 2


def test_a_line_is_shown_as_a_terminal_would_leave_it(attempt: Attempt) -> None:
    script = r"printf 'first 10%%\r100%%\r\n\033[1;31mred\033[0m\tand \033]0;title\007plain\010\n'"
    assert Shell(script).run(attempt).output == ("100%", "red and plain")


def test_what_is_expected_is_found_wherever_it_stands(attempt: Attempt) -> None:
    """At the end of much output, and where two reads meet."""
    much = "head -c 3000000 /dev/zero | tr '\\0' x; echo"
    assert Shell(f"{much}; printf 'release 1'; sleep 0.05; echo 2.4").run(attempt, ("release 12.4", "xx")).ok
    outcome = Shell(much).run(attempt, ("xx", "release 12.4", "se-cret"))
    assert outcome.reason == "its output lacks 'release 12.4'"
    assert Shell("true").run(attempt, ("se-cret",)).reason == "its output lacks '********'"


def test_what_is_expected_is_compared(attempt: Attempt) -> None:
    assert Shell("echo release 12.4").run(attempt, ("12.4", "release")).ok
    outcome = Shell("echo release 12.1").run(attempt, ("release", "12.4"))
    assert outcome == Outcome("failed", "its output lacks '12.4'", ("release 12.4", "release 12.1"))


def test_time_that_is_up_ends_all_that_was_started(attempt: Attempt, tmp_path: Path) -> None:
    def time_is_up() -> None:
        until((tmp_path / "begun").exists)
        attempt.deadline = time.monotonic()

    waiting = threading.Thread(target=time_is_up)
    waiting.start()
    outcome = Shell("sleep 600 & echo $! > child\ntouch begun\nwait").run(attempt)
    waiting.join()
    assert outcome.ended == "late"
    until(lambda: not is_alive(int((tmp_path / "child").read_text())))


def test_a_stop_lets_a_script_clean_up_and_then_does_not(attempt: Attempt, tmp_path: Path) -> None:
    def stop() -> None:
        until((tmp_path / "begun").exists)
        attempt.stop.set()

    for trap, cleans_up in (("trap 'touch cleaned; exit 1' TERM", True), ("trap '' TERM", False)):
        attempt.stop.clear()
        stopping = threading.Thread(target=stop)
        stopping.start()
        script = f"{trap}; touch begun; while :; do sleep 0.01; done"
        outcome = run_script(script, attempt, (), grace=60 if cleans_up else 0.1)
        stopping.join()
        assert outcome.ended == "stopped"
        assert (tmp_path / "cleaned").exists() is cleans_up
        (tmp_path / "begun").unlink()
        (tmp_path / "cleaned").unlink(missing_ok=True)


def test_what_a_script_leaves_in_the_background_goes_on(attempt: Attempt, tmp_path: Path) -> None:
    assert Shell("sleep 60 & echo $! > child").run(attempt).ok
    child = int((tmp_path / "child").read_text())
    until(lambda: group_of(child) == [child])  # the guard has ended; were it to end the child, it would have by then
    assert is_alive(child)
    os.kill(child, signal.SIGKILL)


def test_what_failed_leaves_nothing_beside_what_comes_after(attempt: Attempt, tmp_path: Path) -> None:
    assert Shell("sleep 600 & echo $! > child; exit 3").run(attempt).reason == "exit 3"
    until(lambda: not is_alive(int((tmp_path / "child").read_text())))


def test_a_script_that_waits_for_all_of_its_own_does_not_wait_for_the_guard(attempt: Attempt) -> None:
    attempt.deadline = time.monotonic() + 60
    wait_for_all = f'exec {sys.executable} -c "import os\nwhile True: os.wait()"'
    assert "ChildProcessError" in Shell(wait_for_all).run(attempt).output[-1]


def test_a_script_that_is_deaf_does_not_outlive_who_wanted_to_end_it(tmp_path: Path) -> None:
    """Killed after it has asked the script to end, and before it has made it."""
    code = (
        "import os, pathlib; from greenroom.plan.actions import Attempt\n"
        "from greenroom.plan.processes import run_script\n"
        "class Late(Attempt):\n"
        "    is_late = property(lambda self: pathlib.Path('own').exists())\n"
        "attempt = Late(pathlib.Path('.'), os.environ)\n"
        "script = \"trap 'touch asked' TERM; echo $$ > own; while :; do sleep 0.01 || :; done\"\n"
        "run_script(script, attempt, (), grace=600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    until((tmp_path / "asked").exists)
    own = int((tmp_path / "own").read_text())
    assert is_alive(own)
    process.kill()
    process.wait()
    until(lambda: not is_alive(own))


def test_a_script_does_not_outlive_who_started_it(tmp_path: Path) -> None:
    """Killed at once, with no chance to clean up: what it had started would write on beside the next run."""
    code = (
        "import os, pathlib; from greenroom.plan.actions import Attempt, Shell\n"
        "Shell('sleep 600 & echo $! > child; echo $$ > own; wait').run(Attempt(pathlib.Path('.'), os.environ))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    until(lambda: (tmp_path / "own").exists() and (tmp_path / "own").read_text() != "")
    pids = [int((tmp_path / name).read_text()) for name in ("own", "child")]
    assert all(map(is_alive, pids))
    process.kill()
    process.wait()
    until(lambda: not any(map(is_alive, pids)))
