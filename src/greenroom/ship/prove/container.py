"""One container: started, watched, asked, stopped, and always removed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from greenroom.ship.prove.engine import EngineFailed

if TYPE_CHECKING:
    from types import TracebackType

    from greenroom.ship.prove.engine import Engine, Ran

_LISTENING = "0A"  # the state of a socket in /proc/net/tcp (tcp_states.h)
_PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True)
class Placed:
    """How a container is started.

    mounts: folders and files of this machine by their places.  tmpfs: places with options.  network: whether it
    reaches out.  arguments: instead of the image's CMD.
    """

    mounts: tuple[tuple[Path, str], ...] = ()
    tmpfs: tuple[str, ...] = ()
    environ: tuple[tuple[str, str], ...] = ()
    read_only: bool = False
    network: bool = False
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """running, exit code where it ended, process id where it runs."""

    running: bool
    code: int
    pid: int


@dataclass(slots=True)
class Container:
    """A container for the length of a block."""

    engine: Engine
    image: str
    placed: Placed
    name: str
    refused: Ran | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        """Start it; ``refused`` says what the engine said where even that failed."""
        options = [
            *self.engine.run_options,
            *(self.engine.own_network if self.placed.network else ("--network", "none")),
            *(("--read-only",) if self.placed.read_only else ()),
            *(word for source, target in self.placed.mounts for word in ("--volume", f"{source}:{target}")),
            *(word for place in self.placed.tmpfs for word in ("--tmpfs", place)),
            *(word for name, value in self.placed.environ for word in ("--env", f"{name}={value}")),
        ]
        try:
            began = self.engine.ask(
                "run", "--detach", "--name", self.name, *options, self.image, *self.placed.arguments
            )
        except BaseException:
            self._remove()  # it may run already
            raise
        if began.code:
            self.refused = began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _remove(self) -> None:
        self.engine.ask("rm", "--force", "--volumes", self.name)

    def state(self) -> State:
        """How it stands. Raises EngineFailed."""
        asked = self.engine.ask("inspect", "--type", "container", "--format", "{{json .State}}", self.name)
        if asked.code:
            raise EngineFailed(f"the container is gone: {asked.text.strip()}", mend="run it again")
        said: dict[str, Any] = json.loads(asked.out)
        return State(bool(said["Running"]), int(said["ExitCode"]), int(said["Pid"]))

    def ask(self, *words: str) -> Ran:
        """Run a program in it."""
        return self.engine.ask("exec", self.name, *words)

    def logs(self) -> str:
        """All that it said."""
        return self.engine.ask("logs", self.name).text

    def stop(self, grace_s: int) -> float:
        """Send SIGTERM, and SIGKILL after ``grace_s``; gives the seconds that it took."""
        begun = time.monotonic()
        self.engine.ask("stop", "-t", str(grace_s), self.name, timeout_s=grace_s + 30.0)
        return time.monotonic() - begun


def listening(pid: int, processes: Path = _PROCESSES) -> frozenset[int]:
    """Ports that are listened on in the network of a process, seen without a program in the container."""
    found: set[int] = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = (processes / str(pid) / "net" / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            _, local, _, state, *_ = row.split()
            if state == _LISTENING:
                found.add(int(local.rpartition(":")[2], 16))
    return frozenset(found)
