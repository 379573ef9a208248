"""A PostgreSQL of one's own: Debian's server on a folder and a port of the test's."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

# Debian keeps the programs of each version apart.
_PROGRAMS = Path("/usr/lib/postgresql")


class Postgres:
    """A cluster that can be stopped, killed and started again; use it as a context."""

    def __init__(self) -> None:
        self._programs = _newest()
        # PostgreSQL does not run as root.
        self._user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        self.folder = Path(tempfile.mkdtemp(prefix="greenroom-postgres-"))
        if self._user:
            shutil.chown(self.folder, "postgres", "postgres")
        self.port = _free_port()
        self.url = f"postgresql://greenroom@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        arguments = ["-D", str(self.folder / "data"), "-U", "greenroom", "-A", "trust", "--no-sync", "-E", "UTF8"]
        self._run("initdb", *arguments)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=60"
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"), "-o", options, "start"
        )

    def stop(self, how: str = "fast") -> None:
        """Stop it. how: ``fast`` ends all connections, ``immediate`` is like a crash."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", how, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        # Not captured through a pipe: the server would inherit it and keep it open.
        with (self.folder / f"{program}.out").open("wb") as out:
            subprocess.run(
                [str(self._programs / program), *arguments],
                stdout=out, stderr=subprocess.STDOUT, cwd=self.folder, check=True, timeout=60, **self._user,
            )  # fmt: skip


def _newest() -> Path:
    found = sorted(_PROGRAMS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("PostgreSQL is needed for this test: apt-get install postgresql")
    return found[-1].parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
