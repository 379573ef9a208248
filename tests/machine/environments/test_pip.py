"""Where uv is not, pip does the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

from greenroom.machine.environments.request import Request
from tests.machine.environments.index import Index
from tests.machine.environments.test_install import gaining, run, said


def test_pip_makes_an_environment_that_runs_where_it_lies(index: Index, request_: Request, root: Path) -> None:
    done = run(request_, root, prefer="pip")
    assert (done.outcome, done.packages, done.degraded) == ("built", 3, ())
    assert said(root) == "hello 1.0\n"
    assert run(gaining(request_, "serve"), root, prefer="pip").packages == 4
    # It was built under another name, and nothing may remember that.
    script = (root / "current/bin/greenroom").read_text()
    assert script.startswith("#!/bin/sh\n")
    assert ".new" not in script + (root / "current/bin/activate").read_text()
    command = f". {root}/current/bin/activate && command -v greenroom"
    shown = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout.strip()
    assert Path(shown).resolve() == (root / "current/bin/greenroom").resolve()
