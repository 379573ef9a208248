"""Threads for requests of one model: as many as run at once, and no more."""

from __future__ import annotations

import subprocess
import sys
import threading
from queue import SimpleQueue

import pytest

from greenroom.serve.workers.crew import Crew, Ended


def test_requests_run_at_once_and_threads_are_used_again() -> None:
    ended: SimpleQueue[Ended] = SimpleQueue()
    crew = Crew(ended.put)
    threads: list[int] = []
    for _ in range(3):
        met = threading.Barrier(4, timeout=60)

        def request(met: threading.Barrier = met) -> None:
            met.wait()
            threads.append(threading.get_ident())

        for _ in range(4):
            crew.do("m", request)
        crew.wait()
        assert not crew.is_busy
        assert [ended.get(timeout=60) for _ in range(4)] == [Ended("m")] * 4
    assert len(threads) == 12
    # One that has just answered may not be free yet when the next request comes.
    assert len(set(threads)) < 12


def test_another_model_waits_until_nothing_runs() -> None:
    crew, leave = Crew(lambda _: None), threading.Event()
    crew.do("m", lambda: assert_set(leave))
    with pytest.raises(ValueError, match="m runs, so other must wait"):
        crew.do("other", print)
    assert crew.is_busy
    leave.set()
    crew.wait()
    crew.do("other", lambda: None)
    crew.wait()
    assert crew.model == "other"


def assert_set(event: threading.Event) -> None:
    assert event.wait(60)


def test_what_a_request_does_not_answer_ends_the_process() -> None:
    """Otherwise it would run for ever, as far as the server knows."""
    script = """
import time
from greenroom.serve.workers.crew import Crew
def request(): raise KeyboardInterrupt("odd")
Crew(print).do("m", request)
time.sleep(600)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "KeyboardInterrupt: odd" in done.stderr
