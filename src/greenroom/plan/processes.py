"""Scripts as processes that can be followed, ended with all that they started, and never outlive who started them."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from greenroom.plan.actions import TAIL, Outcome, expected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.plan.actions import Attempt

# Our end of the script's standard input closes however we end. A guard beside the script reads it: a line says that
# the script has ended, the end of file that we have, and then the guard ends the whole group. The script itself reads
# nothing. The guard is nobody's child, so that a script which waits for all of its own does not wait for it, and is
# deaf to what asks the group to end: a script that is too would be without a guard.
_GUARD = """
exec 3<&0 </dev/null
( ( trap '' HUP INT TERM; read -r _ <&3 || kill -s KILL 0 ) >/dev/null 2>&1 & )
exec 3<&-
exec sh -e -c "$1"
"""
_LOOK_S = 0.05
# Seconds that a script has to clean up after SIGTERM.
_GRACE_S = 5.0
_CHUNK = 65_536
# Bytes of a line without an end that are kept.
_LONGEST = 1 << 20


def run_script(script: str, attempt: Attempt, expect: tuple[str, ...], grace: float = _GRACE_S) -> Outcome:
    """Run a script to its end, or end it when the attempt is to stop.

    grace: seconds between SIGTERM and SIGKILL to its group.  A process that it leaves in the background goes on, unless
    the script has failed: what is tried again or undone has nothing of it beside it.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - to run the plan's scripts is what was asked for
            ["sh", "-c", _GUARD, "sh", script],  # noqa: S607 - the system's own shell, wherever that is
            cwd=attempt.folder,
            env=dict(attempt.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        return Outcome("failed", f"it cannot start: {error.strerror or error}")
    with process:
        try:
            absent, stopped = _follow(process, attempt, expect)
            code = _end_group(process, grace) if stopped else _reap(process)
        except BaseException:
            _end_group(process, grace)
            raise
        finally:
            _dismiss_guard(process)
    if stopped and attempt.stop.is_set():
        return Outcome("stopped", "stopped", attempt.output)
    if stopped:
        return Outcome("late", "its time is up", attempt.output)
    if code != 0:
        return Outcome("failed", _ending(code), attempt.output)
    return expected(absent, attempt)


def _follow(
    process: subprocess.Popen[bytes], attempt: Attempt, expect: tuple[str, ...]
) -> tuple[tuple[str, ...], bool]:
    """Read what it says until it ends or is to be ended; gives what it did not say, and whether it is to be ended."""
    lines = _Lines(attempt, expect)
    stopped = False
    for chunk in _chunks(process):
        lines.add(chunk)
        stopped = attempt.stop.is_set() or attempt.is_late
        if stopped:
            break
    lines.close()
    return lines.absent, stopped


def _chunks(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Its output as it comes, and nothing now and then, until it has ended: what it left behind may hold the pipe."""
    assert process.stdout is not None  # noqa: S101 - it was started with one
    out = process.stdout.fileno()
    os.set_blocking(out, False)
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        while True:
            ended = _has_ended(process)
            readable = selector.select(0 if ended else _LOOK_S)
            chunk = os.read(out, _CHUNK) if readable else None
            if chunk == b"":  # nobody holds the pipe any more; the script itself may have closed it early
                selector.unregister(out)
                while not _has_ended(process):
                    yield b""
                    time.sleep(_LOOK_S / 10)
                return
            if chunk is None and ended:
                return
            yield chunk or b""


class _Lines:
    """Output cut into lines for the attempt, and searched for what was expected, however long it is."""

    def __init__(self, attempt: Attempt, expect: tuple[str, ...]) -> None:
        self._attempt = attempt
        self._begun = b""
        self._absent = [(text, text.encode()) for text in expect]
        self._overlap = max((len(wanted) for _, wanted in self._absent), default=1) - 1
        self._before = b""

    @property
    def absent(self) -> tuple[str, ...]:
        """What was expected and not said."""
        return tuple(text for text, _ in self._absent)

    def add(self, chunk: bytes) -> None:
        seen = self._before + chunk
        self._absent = [(text, wanted) for text, wanted in self._absent if wanted not in seen]
        self._before = seen[max(0, len(seen) - self._overlap) :]
        *whole, self._begun = (self._begun + chunk).split(b"\n")
        # A line that does not end is kept from its beginning on: a secret is never cut in two and shown in half.
        self._begun = self._begun[:_LONGEST]
        for line in whole[-TAIL:]:
            self._attempt.say(line.decode(errors="replace"))

    def close(self) -> None:
        if self._begun:
            self._attempt.say(self._begun.decode(errors="replace"))


def _dismiss_guard(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 - it was started with one
    with contextlib.suppress(OSError):  # it has ended with its group
        process.stdin.write(b"\n")


def _reap(process: subprocess.Popen[bytes]) -> int:
    """The exit code of a script that has ended. One that failed leaves nothing running in its group."""
    ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    if ended is None or ended.si_status != 0:
        _signal_group(process, signal.SIGKILL)
    return process.wait()


def _end_group(process: subprocess.Popen[bytes], grace: float) -> int:
    """End a script with all that it started; gives its exit code."""
    _signal_group(process, signal.SIGTERM)
    end = time.monotonic() + grace
    try:
        # Left unreaped, so that no other process can have its number when the group is killed.
        while time.monotonic() < end and not _has_ended(process):
            time.sleep(_LOOK_S / 10)
    finally:
        _signal_group(process, signal.SIGKILL)
    return process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    return f"ended by {signal.Signals(-code).name}" if -code in set(signal.Signals) else f"ended by signal {-code}"
