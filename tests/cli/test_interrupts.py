"""A signal ends the work, also when the exception that it raised was swallowed on its way."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

_SWALLOWS = """
import signal, sys
from greenroom.cli import interrupts
from greenroom.progress import silent
interrupts.install()
step = interrupts.stopping(silent)
step("before", 0, 1)
try:
    signal.raise_signal(int(sys.argv[1]))
except KeyboardInterrupt:
    pass  # as native code does it
try:
    step("after", 1, 1)
except KeyboardInterrupt:
    print("ended")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_swallowed_signal_ends_the_work_at_its_next_step(number: signal.Signals) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SWALLOWS, str(int(number))], capture_output=True, text=True, check=True
    )
    assert done.stdout == "ended\n"


def test_what_a_shell_wants_ignored_stays_ignored() -> None:
    program = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from greenroom.cli import interrupts;"
    program += "interrupts.install(); signal.raise_signal(signal.SIGINT); print('goes on')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "goes on\n"
