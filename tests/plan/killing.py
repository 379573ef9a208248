"""A plan run and undone in processes that are killed at any moment.

``python -m tests.plan.killing FOLDER SECONDS SEED``: a process of its own, since its copies must hold nothing but the
engine. Prints how often it killed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from greenroom.leases import Pace
from greenroom.plan.actions import Shell
from greenroom.plan.activity import entries, faults
from greenroom.plan.place import Place
from greenroom.plan.plan import Phase, Plan
from greenroom.plan.report import Report
from greenroom.plan.running import run, undo

# One that is killed between making its claim and writing it is followed once this has expired.
PACE = Pace(beat=0.05, expiry=0.2, look=0.01)
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
        while time.monotonic() < end:
            kills += killed_after(rng.uniform(0, 0.15), work, place)
        assert work(PLAN, place, pace=PACE).ok
        assert [path.read_text() for path in sorted(folder.glob("*.txt"))] == expected
        assert list(faults(entries(place.activity))) == []
    return kills


if __name__ == "__main__":
    print(kill_often(Path(sys.argv[1]), float(sys.argv[2]), random.Random(int(sys.argv[3]))))
