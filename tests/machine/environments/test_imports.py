"""Imports that are tried in an environment's own Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from greenroom.machine.environments.imports import Importable, try_imports
from greenroom.machine.environments.record import site_packages


def test_each_failure_has_its_reason_and_a_crash_does_not_hide_the_rest(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path], check=True)
    site = site_packages(tmp_path)
    (site / "crashing.py").write_text("import os\nos.kill(os.getpid(), 11)\n")
    (site / "talking.py").write_text("print('hello')\nraise SystemExit(3)\n")
    packages = [
        Importable(("json", "no_such_module", "crashing", "talking"), 3),
        Importable(("email", "json"), 2),
        Importable(("crashing",), 1),
    ]
    failed = try_imports(tmp_path, packages, holding=None, look=lambda: None)
    assert {problem.module: problem.reason for problem in failed} == {
        "no_such_module": "ModuleNotFoundError: No module named 'no_such_module'",
        "crashing": "Python itself ended: SIGSEGV",
        "talking": "SystemExit: 3",
    }


def test_a_python_that_does_not_start_is_said(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text("#!/bin/sh\necho 'no interpreter here' >&2\nexit 3\n")
    (tmp_path / "bin/python").chmod(0o755)
    (problem,) = try_imports(tmp_path, [Importable(("json",), 1)], holding=None, look=lambda: None)
    assert problem.reason == "no interpreter here"
