"""The command line as a user types it. Most tests look at what a verb says and writes, and need no process for that."""

from __future__ import annotations

import functools
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.cli import main
from greenroom.models.voice.piper import Piper

Run = Callable[..., "subprocess.CompletedProcess[str]"]

# Loading a voice takes a second, and nothing in it changes when it speaks.
_load_once = functools.cache(Piper.load)


@pytest.fixture
def greenroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run ``greenroom ARGUMENTS`` in an empty folder and in this process; ``text`` is its standard input."""

    def run(*arguments: object, text: str = "") -> subprocess.CompletedProcess[str]:
        told = [str(argument) for argument in arguments]
        capfd.readouterr()
        with monkeypatch.context() as patch:
            patch.chdir(tmp_path)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
            patch.setattr(Piper, "load", _load_once)
            code = main.run(told)
        said = capfd.readouterr()
        return subprocess.CompletedProcess(told, code, said.out, said.err)

    return run
