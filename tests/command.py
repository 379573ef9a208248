"""``greenroom`` as a user types it, in this process: what a verb says and writes is seen without another."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from greenroom.cli import main
from greenroom.models.voice.piper import Piper
from tests.voice import load_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


def greenroom(
    arguments: Sequence[str],
    capfd: pytest.CaptureFixture[str],
    *,
    folder: Path,
    env: Mapping[str, str] | None = None,
    text: str = "",
    one_stream: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a verb.

    folder: where.  env: what its environment has besides.  text: its standard input.  one_stream: what it says to
    standard error comes among its standard output, as on a terminal.
    """
    capfd.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
        patch.setattr(Piper, "load", load_once)
        with _merged(patch) if one_stream else contextlib.nullcontext():
            code = main.run(list(arguments))
    said = capfd.readouterr()
    return subprocess.CompletedProcess(list(arguments), code, said.out, said.err)


@contextlib.contextmanager
def _merged(patch: pytest.MonkeyPatch) -> Iterator[None]:
    patch.setattr(sys, "stderr", sys.stdout)
    kept = os.dup(2)
    os.dup2(1, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
