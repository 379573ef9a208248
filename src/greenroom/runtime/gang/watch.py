"""The ranks that a process started, and a thread that watches them: one that is lost is noticed at once."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Pipe, wait
from typing import TYPE_CHECKING, Any

from greenroom.runtime.gang.rank import Done, Failed, Ready, Setup
from greenroom.runtime.gang.ranks import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

_log = logging.getLogger(__name__)
# When one is gone, others fail for it: so long it is looked for the one that went for a reason of its own.
_GRACE_S = 0.3
_LAST_S = 5.0


@dataclass(frozen=True, slots=True)
class Loss:
    """A rank that is gone. memory: of its device or the host ran out.  by_others: it says that another is gone."""

    rank: int
    reason: str
    mend: str = ""
    memory: bool = False
    by_others: bool = False


class Watch:
    """Starts ranks, hears what they say, and ends all of them when one is gone.

    The thread is what the kernel takes for their parent: a rank ends with it, however it ends.

    setups: of the ranks from 1 on.  lost: called in the thread once the others have been killed.
    """

    def __init__(self, setups: Sequence[Setup], lost: Callable[[], None]) -> None:
        self._setups = setups
        self._lost = lost
        self._changed = threading.Condition()
        self._lines: list[Connection[Any, Any]] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        self._done = [0] * len(setups)
        self._ready = 0
        self._losses: list[Loss] = []
        self._loss: Loss | None = None
        self._is_losing = False
        self._ending = False
        self._began: Exception | None = None
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="ranks", daemon=True)
        self._thread.start()
        started.wait()
        if self._began is not None:
            raise self._began

    @property
    def loss(self) -> Loss | None:
        """The rank that went first, of its own; all are gone then."""
        return self._loss

    @property
    def is_losing(self) -> bool:
        """Whether one is gone, be it that nobody knows yet which one went first."""
        return self._is_losing

    @property
    def pids(self) -> tuple[int, ...]:
        """The numbers of the processes, from rank 1 on."""
        return tuple(process.pid for process in self._processes)

    def tell(self, rank: int, said: object) -> None:
        """Say something to a rank. Raises OSError when it is gone."""
        self._lines[rank - 1].send(said)

    def ready(self, within_s: float) -> bool:
        """Wait until all have started, or one is gone; gives whether they have."""
        return self._wait(lambda: self._ready == len(self._setups), within_s)

    def idle(self, begun: int, within_s: float | None = None) -> bool:
        """Wait until each has ended so many pieces of work, or one is gone; gives whether they have."""
        return self._wait(lambda: min(self._done) >= begun, within_s)

    def found(self) -> Loss | None:
        """The loss, if one is gone by now."""
        return self.settled(2 * _LAST_S) if self._is_losing else None

    def settled(self, within_s: float) -> Loss | None:
        """The loss, waited for so long: who meets it by a call that fails may come before the thread."""
        with self._changed:
            self._changed.wait_for(lambda: self._loss is not None, within_s)
        return self._loss

    def end(self) -> None:
        """Kill all that are left, and wait for it."""
        self._ending = True
        self._kill()
        if threading.current_thread() is not self._thread:
            self._thread.join(_LAST_S)

    def _wait(self, is_so: Callable[[], bool], within_s: float | None) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: is_so() or self._loss is not None, within_s)
            return is_so() and self._loss is None

    def _run(self, started: threading.Event) -> None:
        try:
            for setup in self._setups:
                self._start(setup)
        except Exception as error:  # whatever it is, who asked for the gang is told
            self._began = error
            self._ending = True
            self._kill()
        finally:
            started.set()
        self._listen()
        if self._losses and not self._ending:
            self._decide()
        for process in self._processes:
            process.wait()
        for line in self._lines:
            line.close()

    def _listen(self) -> None:
        """Take what ranks say, until all are gone, or one is, and it is known which one went first."""
        talking = {line.fileno(): rank for rank, line in enumerate(self._lines, 1)}
        until: float | None = None
        while talking and (until is None or time.monotonic() < until):
            heard = wait(list(talking), None if until is None else until - time.monotonic())
            for number in heard:
                assert isinstance(number, int)  # noqa: S101 - it gives what it was given, for mypy
                if not self._heard(talking[number]):
                    del talking[number]
            if self._losses and until is None:
                until = time.monotonic() + _GRACE_S

    def _start(self, setup: Setup) -> None:
        ours, theirs = Pipe()
        environ = {**os.environ, **surroundings()}
        # Ranks on one host share its cores.
        environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // setup.size)))
        try:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                # Nothing of the folder that we run in is imported before the rank has its search path.
                [sys.executable, "-P", "-m", "greenroom.runtime.gang.rank", str(theirs.fileno()), str(os.getpid())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env=environ,
            )
        finally:
            theirs.close()
        self._lines.append(ours)
        self._processes.append(process)
        ours.send(setup)

    def _heard(self, rank: int) -> bool:
        """Take what a rank says; gives False when it says nothing any more."""
        try:
            said = self._lines[rank - 1].recv()
        except (EOFError, OSError):
            self._is_losing = True  # how it ended is known a moment later
            with self._changed:
                if all(loss.rank != rank for loss in self._losses):
                    self._losses.append(Loss(rank, _ending(self._processes[rank - 1])))
            return False
        with self._changed:
            match said:
                case Ready():
                    self._ready += 1
                case Done():
                    self._done[rank - 1] += 1
                case Failed():
                    self._is_losing = True
                    _log.info("%s\n%s", said.message, said.trace)
                    self._losses.append(Loss(rank, said.message, said.mend, said.memory, said.by_others))
            self._changed.notify_all()
        return True

    def _decide(self) -> None:
        """Say who was lost, and end the rest: what this process waits for from them fails then."""
        first = min(self._losses, key=lambda loss: loss.by_others)
        with self._changed:
            self._loss = first
            self._changed.notify_all()
        self._kill()
        self._lost()

    def _kill(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGKILL)


def _ending(process: subprocess.Popen[bytes]) -> str:
    try:
        status = process.wait(_LAST_S)
    except subprocess.TimeoutExpired:
        return "it said nothing any more"
    if status >= 0:
        return f"its process ended with status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    memory = ", as the kernel does when memory runs out" if name == "SIGKILL" else ""
    return f"its process was killed ({name}{memory})"
