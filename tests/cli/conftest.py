"""The command line as a user runs it: in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def greenroom(tmp_path: Path) -> Run:
    """Run ``greenroom ARGUMENTS`` in an empty folder; ``text`` is its standard input."""

    def run(*arguments: object, text: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "greenroom", *map(str, arguments)]
        return subprocess.run(
            command, input=text, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
        )

    return run
