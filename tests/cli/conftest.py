"""The command line as a user types it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import command

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def greenroom(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run ``greenroom ARGUMENTS`` in an empty folder and in this process; ``text`` is its standard input."""

    def run(*arguments: object, text: str = "") -> subprocess.CompletedProcess[str]:
        return command.greenroom([str(argument) for argument in arguments], capfd, folder=tmp_path, text=text)

    return run
