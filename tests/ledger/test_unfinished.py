"""Operations whose process dies leave a file that the next one closes, once, and never one that still runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom.leases import Holder
from greenroom.ledger.fragments import publish
from greenroom.ledger.journal import entries_of
from greenroom.ledger.operations import Asked, Ledger, close_interrupted, operation
from greenroom.ledger.unfinished import begin, close_left

_PROGRAM = """
import sys, time
from pathlib import Path
from greenroom.ledger.operations import Asked, Ledger, operation

ledger = Ledger(Path(sys.argv[1]), lambda text: text, print, "greenroom deploy endpoint.json")
with operation(ledger, Asked("deploy", "joe", "release joe", "deploy joe")):
    print("begun", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of an operation."""
    command = [sys.executable, "-c", _PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


def ledger(root: Path) -> Ledger:
    return Ledger(root, lambda text: text, pytest.fail)


def test_what_runs_is_left_alone_and_what_was_killed_is_closed(running: subprocess.Popen[str], tmp_path: Path) -> None:
    (part,) = (tmp_path / "JOURNAL.d").glob("*.part")
    assert close_interrupted(ledger(tmp_path)) == 0
    assert part.exists()
    running.send_signal(signal.SIGKILL)
    running.wait()
    with operation(ledger(tmp_path), Asked("pull", "tiny", "fetch tiny")) as done:
        done.unchanged()
    assert [path.name for path in (tmp_path / "JOURNAL.d").iterdir() if path.is_file()] == [f"{part.stem}.md"]
    (entry,) = entries_of(part.with_suffix(".md").read_text())
    (item,) = entry.items
    told = {field.name: field.text for field in item.fields}
    assert item.title == "Deploy joe: interrupted"
    assert told["What"] == "Release joe: `greenroom deploy endpoint.json`"
    assert told["Issues"].startswith("interrupted: its process ended without a word, some time after ")
    assert told["Result"] == told["Issues"]
    assert close_interrupted(ledger(tmp_path)) == 0


def test_ctrl_c_is_an_end_like_any_other(running: subprocess.Popen[str], tmp_path: Path) -> None:
    running.send_signal(signal.SIGINT)
    running.wait()
    (written,) = (path for path in (tmp_path / "JOURNAL.d").iterdir() if path.is_file())
    assert "### Deploy joe: stopped" in written.read_text()


def test_whoever_is_killed_while_closing_doubles_nothing(tmp_path: Path) -> None:
    left = begin(tmp_path, "2026-03-04T1012-7f3a", "## 2026-03-04 10:12\n", "deploy")
    _forget_process(left.path)
    left.let_go()

    def dies(path: Path, text: str) -> None:
        publish(path, text)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        close_left(tmp_path, dies)
    assert left.path.exists()
    assert close_left(tmp_path, _must_not) == 1
    assert not left.path.exists()
    assert (tmp_path / "2026-03-04T1012-7f3a.md").read_text() == "## 2026-03-04 10:12\n"


def test_whoever_holds_the_lock_lives_whatever_the_file_says(tmp_path: Path) -> None:
    left = begin(tmp_path, "2026-03-04T1012-7f3a", "## 2026-03-04 10:12\n", "deploy")
    _forget_process(left.path)
    assert close_left(tmp_path, _must_not) == 0
    left.end()
    assert list(tmp_path.iterdir()) == []


def test_another_machine_is_given_a_day(tmp_path: Path) -> None:
    left = begin(tmp_path, "2026-03-04T1012-7f3a", "## 2026-03-04 10:12\n", "deploy")
    _forget_process(left.path, host="elsewhere")
    left.let_go()
    assert close_left(tmp_path, _must_not) == 0
    yesterday = time.time() - 90_000
    os.utime(left.path, (yesterday, yesterday))
    assert close_left(tmp_path, publish) == 1


def test_a_machine_that_was_started_anew_has_none_of_its_processes(tmp_path: Path) -> None:
    left = begin(tmp_path, "2026-03-04T1012-7f3a", "## 2026-03-04 10:12\n", "deploy")
    _forget_process(left.path, host=Holder.me("").host, machine="the boot before")
    left.let_go()
    assert close_left(tmp_path, publish) == 1


def test_one_that_says_nothing_is_closed_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "2026-03-04T1012-7f3a.part").write_bytes(b"\xff\xfe")
    hidden = tmp_path / ".2026-03-04T1012-7f3b.part"
    hidden.touch()
    assert close_left(tmp_path, publish) == 1
    assert hidden.exists(), "somebody may be about to write it"
    os.utime(hidden, (0, 0))
    assert close_left(tmp_path, _must_not) == 1
    assert not hidden.exists()
    assert close_left(tmp_path / "absent", _must_not) == 0


def _must_not(path: Path, text: str) -> None:
    pytest.fail(f"{path} is written")


def _forget_process(path: Path, **other: str) -> None:
    """As if it were of a process that is no more, or of another machine."""
    first, _, entry = path.read_text().partition("\n")
    said = json.loads(first.removeprefix("<!-- ").removesuffix(" -->")) | {"started": "0", **other}
    with path.open("r+") as file:
        file.truncate()
        file.write(f"<!-- {json.dumps(said)} -->\n{entry}")
