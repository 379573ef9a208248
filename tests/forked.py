"""Processes that begin with their imports behind them: copies of one that has done them, and did nothing else.

A server imports for two seconds before it does anything, and tests start many. A copy is a process as any other is: its
memory, folder and environment are its own, it can be stopped and killed, and it ends with an exit code.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["greenroom.cli.serve", "greenroom.serve.running", "greenroom.serve.application", "greenroom.serve.assembling",
     "greenroom.cli.deploy", "greenroom.ship.deploy.deploying", "greenroom.ship.deploy.canary",
     "greenroom.ship.account.declaration", "greenroom.ship.endpoints.target", "greenroom.ship.pods.target",
     "greenroom.ship.runpod.transport", "httpx", "tests.jobs.host", "tests.serve.models",
     # What a server imports once it begins, and a worker's SDK of others.
     "dbos._sys_db_sqlite", "sqlalchemy.dialects.sqlite", "uvloop", "uvicorn.lifespan.off",
     "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto",
     "greenroom.cli.worker", "greenroom.serve.runpod.start", "aiohttp", "aiohttp_retry", "boto3", "paramiko",
     "prettytable", "requests", "tomlkit", "tqdm_loggable.auto"]
)  # fmt: skip


class Forked:
    """A process that calls a function of a module with arguments that can be pickled.

    folder: where it runs.  env: its whole environment.  out, err: files that its standard streams are added to.
    """

    def __init__(
        self, work: Callable[..., object], *arguments: Any, folder: Path, env: Mapping[str, str], out: Path, err: Path
    ) -> None:
        # Were it no daemon, these tests would not end before it.
        self._process = _CONTEXT.Process(target=_run, args=(work, arguments, folder, dict(env), out, err), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, less than zero by a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int:
        """Its exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        self._process.join(seconds)
        if (code := self.exit_code) is None:
            raise subprocess.TimeoutExpired(self._process.name, seconds or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Tell it something, unless it has ended."""
        if self.exit_code is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()


def _run(
    work: Callable[..., object], arguments: tuple[Any, ...], folder: Path, env: dict[str, str], out: Path, err: Path
) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    for descriptor, path in ((1, out), (2, err)):
        with path.open("ab") as file:
            os.dup2(file.fileno(), descriptor)
    work(*arguments)
