"""A plan run and undone in processes that are killed at any moment, and at each line of the log.

``python -m tests.plan.killing FOLDER SECONDS SEED``: a process of its own, since its copies must hold nothing but the
engine. Prints how often it killed at any moment, and at how many lines.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from greenroom.leases import Pace
from greenroom.plan.actions import Attempt, Call, Shell
from greenroom.plan.activity import entries, faults
from greenroom.plan.place import Place
from greenroom.plan.plan import Phase, Plan
from greenroom.plan.report import Report
from greenroom.plan.running import run, undo

# Nobody waits for the dead to expire: on one machine they are seen at once.
PACE = Pace(beat=0.05, expiry=60, look=0.01)
Work = Callable[..., Report]


def halves(number: int, *needs: int) -> Phase:
    """A phase that adds to its file in two halves: done twice, or beside what a killed run left, the file is another.

    Its verification is green after the first half already.
    """
    return Phase(
        number,
        f"Halves {number}",
        Shell(f"printf a >> {number}.txt\nsleep 0.003\nprintf b >> {number}.txt"),
        Shell(f"test -e {number}.txt"),
        Shell(f"rm -f {number}.txt"),
        needs,
        (f"{number}.txt",),
    )


PLAN = Plan("Killed", (halves(1), halves(2, 1), halves(3, 1), halves(4, 2, 3)))


def called(number: int, *needs: int, ends_well: bool = True) -> Phase:
    """A phase that makes a file, in functions: for each line of a log there is no time to start scripts."""

    def make(attempt: Attempt) -> bool:
        (attempt.folder / f"{number}.txt").touch()
        return ends_well

    def see(attempt: Attempt) -> bool:
        return (attempt.folder / f"{number}.txt").exists()

    def remove(attempt: Attempt) -> None:
        (attempt.folder / f"{number}.txt").unlink(missing_ok=True)

    return Phase(number, "Called", Call("make it", make), Call("see it", see), Call("remove it", remove), needs, ())


# Fails at its end and is undone as a whole, so that its log has lines of every kind.
FAILS = Plan("Killed", (called(1), called(2, 1, ends_well=False)), whole=True)


def killed_after(seconds: float, work: Work, place: Place) -> bool:
    """Begin the work in a copy of this process, and kill that; False when it had ended by then."""
    pid = os.fork()
    if pid == 0:
        ended = work(PLAN, place, pace=PACE).ok
        os._exit(0 if ended else 1)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def kill_often(folder: Path, seconds: float, rng: random.Random) -> int:
    """Kill run and undo in turn, and after each series look that an undisturbed one ends as it should."""
    kills = 0
    works: tuple[tuple[Work, list[str]], ...] = ((run, ["ab"] * 4), (undo, []))
    place = Place.of(folder / "PLAN.md")
    for work, expected in works * 2:
        end = time.monotonic() + seconds / 4
        while time.monotonic() < end or not kills:
            kills += killed_after(rng.uniform(0, 0.15), work, place)
        assert work(PLAN, place, pace=PACE).ok
        assert [path.read_text() for path in sorted(folder.glob("*.txt"))] == expected
        assert list(faults(entries(place.activity))) == []
    return kills


def killed_at(line: int, place: Place, *, in_the_middle: bool) -> bool:
    """Begin the plan that fails in a copy of this process, and kill that at a line; False when it has not so many."""
    pid = os.fork()
    if pid == 0:
        really, lines = os.write, itertools.count()

        def write(handle: int, data: Any) -> int:
            is_last = data.startswith(b"[") and next(lines) == line
            written = really(handle, data[: len(data) // 2] if is_last and in_the_middle else data)
            if is_last:
                os.kill(os.getpid(), signal.SIGKILL)
            return written

        os.write = write
        run(FAILS, place, pace=PACE)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def kill_at_each_line(folder: Path) -> int:
    """Kill in the middle of each line and behind it, and look each time that the next run ends as it should."""
    for line in itertools.count():
        for in_the_middle in (True, False):
            place = Place.of(folder / f"{line}-{in_the_middle}" / "PLAN.md")
            place.folder.mkdir()
            if not killed_at(line, place, in_the_middle=in_the_middle):
                return line
            assert run(FAILS, place, pace=PACE).outcome == "failed"
            assert list(place.folder.glob("*.txt")) == []
            assert list(faults(entries(place.activity))) == []
    raise AssertionError


def only_killed(fd: Any) -> None:
    """In place of fsync: the kernel keeps what a killed process has written, and a busy disk would take the time."""


if __name__ == "__main__":
    os.fsync = only_killed
    print(kill_often(Path(sys.argv[1]), float(sys.argv[2]), random.Random(int(sys.argv[3]))))
    print(kill_at_each_line(Path(sys.argv[1])))
