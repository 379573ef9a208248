"""Runs killed at any moment: the next ones go on, and the end is what it would have been."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_plan_killed_at_any_moment_is_gone_on_with(tmp_path: Path) -> None:
    seed = str(random.randrange(2**32))
    done = subprocess.run(
        [sys.executable, "-m", "tests.plan.killing", tmp_path, "1.5", seed],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    often, lines = map(int, done.stdout.split())
    assert often > 0
    assert lines == 11
