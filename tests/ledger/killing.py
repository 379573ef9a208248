"""Ledgers folded and mended in processes that are killed, at any moment and at each step that changes a file.

``python -m tests.ledger.killing FOLDER ROUNDS SEED VERB...``: a process of its own, since its copies must hold nothing
but the ledger. ROUNDS: how often to kill at any moment; 0 for each step instead. Prints how often it killed in time.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from greenroom.ledger import compaction
from greenroom.ledger.changes import FOLDER
from greenroom.ledger.errors_table import read_errors
from greenroom.ledger.fixing import mend
from greenroom.ledger.fold import fold
from greenroom.ledger.journal import read_journal
from greenroom.ledger.tree import Tree
from tests.ledger.grown import contents, grow

_WORK: dict[str, Callable[[Path], object]] = {"fold": fold, "fix": mend}
# So many are too many here: a long journal takes time, and shows nothing more.
_ENTRIES, _LINES = 6, 60
_STEPS = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.chmod"})


def state(root: Path) -> tuple[object, object]:
    """What a reader sees: the entries, and the errors without their numbers, which settling may change."""
    tree = Tree.of(root)
    texts = sorted("|".join(entry.key.split("|")[::2]) for entry in read_journal(tree).entries)
    return texts, sorted((row.seen, row.status, row.severity, row.area) for row in read_errors(tree))


def fork(work: Callable[[], object]) -> int:
    """A copy of this process that does one thing."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return process


def die_at(step: int) -> None:
    """End this process, without a word, at the so-manieth step that changes a file."""
    left = step

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if event in _STEPS or writes:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


class Ledger:
    """One ledger and what comes of it when nobody is killed."""

    def __init__(self, folder: Path, verb: str) -> None:
        self._folder, self._work = folder, _WORK[verb]
        self.half_done = 0  # how often the change had happened, and was not yet carried out
        grow(folder / "begun", _ENTRIES)
        self._seen = state(folder / "begun")
        shutil.copytree(folder / "begun", folder / "done")
        begun = time.monotonic()
        self._work(folder / "done")
        self.took = time.monotonic() - begun
        self._done = contents(folder / "done")

    def kill(self, dying: Callable[[Callable[[], object]], int]) -> bool:
        """Begin, be killed, look, and begin again; whether it was killed in time."""
        root = self._folder / "killed"
        shutil.copytree(self._folder / "begun", root)
        in_time = os.waitstatus_to_exitcode(dying(lambda: self._work(root))) == -signal.SIGKILL
        self.half_done += (root / FOLDER / "list").exists()
        assert state(root) == self._seen, "a reader saw half of it"
        self._work(root)
        assert state(root) == self._seen, "something was lost or doubled"
        assert contents(root) == self._done, "it came to something else"
        assert not (root / FOLDER / "list").exists()
        assert {path.name for path in (root / FOLDER).iterdir()} <= {".gitignore", "lock", "done"}
        shutil.rmtree(root)
        return in_time


def at_any_moment(ledger: Ledger, rounds: int, chance: random.Random) -> Iterator[bool]:
    """Kill from outside."""

    def dying(work: Callable[[], object]) -> int:
        process = fork(work)
        time.sleep(chance.uniform(0, 1.6 * ledger.took))
        os.kill(process, signal.SIGKILL)
        return os.waitpid(process, 0)[1]

    for _ in range(rounds):
        yield ledger.kill(dying)


def at_each_step(ledger: Ledger) -> Iterator[bool]:
    """Kill from inside, at one step after another, until none is left."""
    for step in range(1, 10_000):

        def dying(work: Callable[[], object], step: int = step) -> int:
            def dies() -> None:
                die_at(step)
                work()

            return os.waitpid(fork(dies), 0)[1]

        if not ledger.kill(dying):
            return
        yield True


def main(folder: Path, rounds: int, seed: int, verbs: list[str]) -> None:
    """Kill, and say how often."""
    compaction.LONGEST = _LINES
    # Who is killed leaves what the system was given; only a machine without power needs the disk, and that takes time.
    os.fsync = lambda _: None  # type: ignore[assignment]  # a function of os
    for verb in verbs:
        ledger = Ledger(folder / verb, verb)
        if rounds:
            share = rounds // len(verbs)
            killed = sum(at_any_moment(ledger, share, random.Random(seed)))
            print(f"{verb}: killed {killed} times of {share} in time, {ledger.half_done} times half done")
        else:
            print(f"{verb}: killed at {sum(at_each_step(ledger))} steps, {ledger.half_done} times half done")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
