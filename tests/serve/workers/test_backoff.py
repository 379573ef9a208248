"""Restarts wait longer each time, and too many of them are a failure."""

from __future__ import annotations

from greenroom.serve.workers.backoff import Restarts
from greenroom.serve.workers.options import PoolOptions


def test_each_crash_waits_twice_as_long_until_there_are_too_many() -> None:
    restarts = Restarts(PoolOptions())
    waits = [restarts.crashed(now, loading=False) for now in (0.0, 1.0, 2.0, 4.0)]
    assert waits == [0.5, 1.0, 2.0, 4.0]
    assert not restarts.failed
    assert restarts.crashed(8.0, loading=False) == 30.0
    assert restarts.failed


def test_a_wait_has_an_end() -> None:
    restarts = Restarts(PoolOptions(max_restarts=100))
    assert max(restarts.crashed(0.0, loading=False) for _ in range(50)) == 30.0


def test_crashes_far_apart_are_no_storm() -> None:
    restarts = Restarts(PoolOptions())
    assert [restarts.crashed(now * 100.0, loading=False) for now in range(20)] == [0.5] * 20
    assert not restarts.failed


def test_crashes_while_loading_count_however_long_loading_takes() -> None:
    restarts = Restarts(PoolOptions())
    for now in range(5):
        restarts.crashed(now * 100.0, loading=True)
    assert restarts.failed


def test_one_good_run_forgets_all() -> None:
    restarts = Restarts(PoolOptions())
    for now in range(6):
        restarts.crashed(float(now), loading=False)
    restarts.worked()
    assert not restarts.failed
    assert restarts.crashed(7.0, loading=False) == 0.5


def test_what_failed_stays_failed_until_a_run_is_good() -> None:
    restarts = Restarts(PoolOptions())
    for now in range(5):
        restarts.crashed(float(now), loading=False)
    assert restarts.crashed(1000.0, loading=False) == 30.0
    assert restarts.failed
