"""``greenroom worker`` in a process of its own, with the unmodified SDK.

What greenroom and the SDK import of others is there before it begins: ``tests/forked.py``. The SDK itself is not: it
reads the environment when it is imported. tests/serve/instead answers it which processor this is. One test starts a
worker from nothing, as the platform does.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from greenroom.cli.main import main
from tests.forked import Forked
from tests.serve.runpod.platform import Platform

ROOT = Path(__file__).parents[3]


class Worker:
    """Runs while the block does. log: what it printed, both streams."""

    def __init__(self, platform: Platform, model: str, folder: Path, **more: str) -> None:
        self._log = folder / "worker.log"
        environment = {
            **os.environ,
            **platform.environment(),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
            "XDG_CONFIG_HOME": str(folder / "no-config"),
            "GREENROOM_TEST_MARKS": str(folder),
            **more,
        }
        arguments = ["worker", model if "-" in model or ":" in model else f"tests.serve.models:{model}"]
        self.process = self._begun(arguments, folder, environment)

    def _begun(
        self, arguments: list[str], folder: Path, environment: dict[str, str]
    ) -> Forked | subprocess.Popen[bytes]:
        return Forked(_work, arguments, folder=folder, env=environment, out=self._log, err=self._log)

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """As the platform stops it."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s: float = 60.0) -> int:
        """Its exit code."""
        return self.process.wait(timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def _work(arguments: list[str]) -> None:
    # The SDK starts a process for its pings, which multiprocessing forbids to a daemon of its own.
    multiprocessing.current_process().daemon = False
    main(arguments)


class WorkerFromNothing(Worker):
    """One for which nothing is imported, as the platform begins it."""

    def _begun(self, arguments: list[str], folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with self._log.open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "greenroom", *arguments],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
