"""Work that others do meanwhile: all of it, not too much at once, and nobody stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from greenroom.models.foley.watching.ahead import Ahead


def names() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("frame")]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_what_is_given_is_done() -> None:
    with Ahead(2, 3) as ahead:
        given = [ahead.give(lambda number=number: number * number) for number in range(20)]  # type: ignore[misc]  # mypy does not infer a lambda with defaults
        assert [one.result() for one in given] == [number * number for number in range(20)]
        ahead.finish()
    assert not names()


def test_no_more_is_given_than_may_wait() -> None:
    begun, go = threading.Semaphore(0), threading.Event()
    counted = 0

    def work() -> None:
        begun.release()
        assert go.wait(60)

    def give() -> None:
        nonlocal counted
        for _ in range(9):
            ahead.give(work)
            counted += 1

    with Ahead(2, 4) as ahead:
        giver = threading.Thread(target=give)
        giver.start()
        until(lambda: counted == 4)
        assert begun.acquire(timeout=60)
        assert begun.acquire(timeout=60)
        giver.join(0.05)
        assert counted == 4
        go.set()
        giver.join(60)
        assert counted == 9


def test_what_fails_is_told_to_whoever_gives_more() -> None:
    with Ahead(1, 2) as ahead, pytest.raises(ZeroDivisionError):
        ahead.give(lambda: 1 / 0)
        for _ in range(2):
            ahead.give(lambda: 0.0)
    assert not names()


def test_what_fails_last_is_told_at_the_end() -> None:
    with Ahead(1, 2) as ahead:
        ahead.give(lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ahead.finish()


def test_what_waits_is_dropped_when_the_work_breaks_off() -> None:
    begun, go, done = threading.Event(), threading.Event(), []

    def first() -> None:
        begun.set()
        assert go.wait(60)

    def broken_off() -> None:
        with Ahead(1, 8) as ahead:
            ahead.give(first)
            for number in range(5):
                last = ahead.give(lambda number=number: done.append(number))  # type: ignore[misc]  # as above
            assert begun.wait(60)
            going_on.append(threading.Thread(target=go_on_once, args=(last.cancelled,)))
            going_on[0].start()
            raise KeyboardInterrupt

    def go_on_once(dropped: Callable[[], bool]) -> None:
        until(dropped)
        go.set()

    going_on: list[threading.Thread] = []
    with pytest.raises(KeyboardInterrupt):
        broken_off()
    going_on[0].join()
    assert not done
    assert not names()
