"""``greenroom worker`` in a process of its own, with the unmodified SDK, as the platform starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

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
        name = model if "-" in model or ":" in model else f"tests.serve.models:{model}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "greenroom", "worker", name],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """As the platform stops it."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s: float = 20.0) -> int:
        """Its exit code."""
        return self.process.wait(timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
