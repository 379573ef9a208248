"""A rank of a gang but the first: a process that does what rank 0 says, as ``gang.py`` starts it.

    python -m greenroom.runtime.gang.rank DESCRIPTOR PROCESS

What is said between both goes through one socket, in order. The process ends when that closes, and with its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
import traceback
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.runtime.gang.ranks import Ranks

_PR_SET_PDEATHSIG = 1
# When memory of the host runs out, the kernel is to take a rank and not the server; it goes from -1000 to 1000.
_FIRST_TO_GO = 500


@dataclass(frozen=True, slots=True)
class Setup:
    """The first that is said to a rank. meeting, lanes: see ``join``."""

    rank: int
    size: int
    device: str
    meeting: Path
    search_path: tuple[str, ...]
    lanes: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    """Work to be done. work: called with the member and the arguments.  forget: keys of what is kept no longer."""

    work: Callable[..., None]
    arguments: tuple[Any, ...]
    forget: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Go:
    """Pass the gate. given: for this rank alone."""

    given: Any = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Leave the work at the gate."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Said by a rank: what it needs is imported."""


@dataclass(frozen=True, slots=True)
class Done:
    """Said by a rank: work has ended, or was stopped."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Said by a rank in the end: what it met. memory: of the device or the host ran out.  by_others: another is gone.

    message, mend: for people.  trace: for the log.
    """

    message: str
    mend: str
    trace: str
    memory: bool
    by_others: bool


class Stopped(Exception):
    """The work is not wanted any more; raised by ``gate``."""


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A rank at work. kept: what stays from one work to the next, by key."""

    ranks: Ranks
    line: Connection
    kept: dict[str, Any] = field(default_factory=dict)

    def gate(self) -> Any:
        """Wait until rank 0 lets all pass; gives what it has for this rank. Raises Stopped."""
        said = self.line.recv()
        if isinstance(said, Stop):
            raise Stopped
        return said.given

    def serve(self) -> None:
        """Do what is said, until the line closes. Raises what work raises."""
        while True:
            try:
                said = self.line.recv()
            except EOFError:
                return
            if not isinstance(said, Begin):  # a stop that came when the work had ended
                continue
            for key in said.forget:
                self.kept.pop(key, None)
            with contextlib.suppress(Stopped):
                said.work(self, *said.arguments)
            del said  # or its arguments would live until there is other work
            self.line.send(Done())


def main(arguments: list[str]) -> None:
    """Be a rank. arguments: the descriptor of the line, and the process id of rank 0."""
    descriptor, parent = map(int, arguments)
    _die_with(parent)
    # Rank 0 alone decides when a rank ends: a terminal's Ctrl-C reaches all of them at once.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    faulthandler.enable(2)
    line = Connection(descriptor)
    os.set_inheritable(descriptor, False)
    setup = line.recv()
    sys.path[:] = setup.search_path
    with contextlib.suppress(BrokenPipeError, EOFError, ConnectionResetError):  # rank 0 is gone
        _served(setup, line)
    os._exit(0)  # threads of NCCL may wait for ranks that are gone


def _served(setup: Setup, line: Connection) -> None:
    try:
        import torch

        from greenroom.runtime.gang.ranks import join

        line.send(Ready())
        device = torch.device(setup.device)
        Member(join(setup.rank, setup.size, device, setup.meeting, lanes=setup.lanes), line).serve()
    except (BrokenPipeError, EOFError, ConnectionResetError):
        raise
    except Exception as error:  # models are anyone's code
        line.send(failed(error, f"rank {setup.rank} on {setup.device}"))


def failed(error: Exception, who: str) -> Failed:
    """What a rank says of an error."""
    import torch.distributed as dist

    from greenroom.runtime.failures import finding_of
    from greenroom.runtime.memory import is_out_of_memory

    found = finding_of(error, who)
    trace = "".join(traceback.format_exception(error))
    # gloo raises plain RuntimeErrors, which name its own files.
    by_others = isinstance(error, dist.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error))
    return Failed(found.message, found.mend, trace, is_out_of_memory(error), by_others)


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when rank 0 dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with contextlib.suppress(OSError):  # some containers do not allow it
            Path("/proc/self/oom_score_adj").write_text(str(_FIRST_TO_GO))
    if os.getppid() != parent:  # it died before the kernel knew
        os._exit(0)


if __name__ == "__main__":
    # Its messages are of the module that rank 0 imports too, not of the one that runs.
    from greenroom.runtime.gang.rank import main as run

    run(sys.argv[1:])
