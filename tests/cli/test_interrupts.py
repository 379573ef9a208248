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


_IN_A_FINALIZER = """
import signal, sys
from greenroom.cli import interrupts
from greenroom.progress import silent
interrupts.install()
class Last:
    def __del__(self):
        signal.raise_signal(int(sys.argv[1]))
class Broken:
    def __del__(self):
        raise ValueError("of another kind")
Last()
Broken()
try:
    interrupts.stopping(silent)("after", 1, 1)
except KeyboardInterrupt:
    print("ended")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_met_a_finalizer_is_no_traceback(number: signal.Signals) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IN_A_FINALIZER, str(int(number))], capture_output=True, text=True, check=True
    )
    assert done.stdout == "ended\n"
    assert "KeyboardInterrupt" not in done.stderr
    assert "ValueError: of another kind" in done.stderr


def test_what_a_shell_wants_ignored_stays_ignored() -> None:
    program = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from greenroom.cli import interrupts;"
    program += "interrupts.install(); signal.raise_signal(signal.SIGINT); print('goes on')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "goes on\n"
