"""Jobs beside each other: their results in order, one failure for all, and a count that adds up."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from greenroom.errors import Cancelled, FileUnreadable
from greenroom.weights.side_by_side import Job, Standing, side_by_side

Step = Callable[[int], None]


def nothing(_: Standing) -> None:
    """Look at nothing."""


def test_results_come_in_the_order_of_the_jobs() -> None:
    first_may_end = threading.Event()

    def first(step: Step) -> str:
        assert first_may_end.wait(60)
        return "first"

    def second(step: Step) -> str:
        first_may_end.set()
        return "second"

    jobs = [Job("a", "x", 1, first), Job("b", "x", 1, second)]
    assert side_by_side(jobs, nothing, at_once=2) == ["first", "second"]
    assert side_by_side([], nothing, at_once=2) == []


def test_the_standing_counts_every_byte_once() -> None:
    seen: list[Standing] = []
    half, shown = threading.Event(), threading.Event()

    def known(step: Step) -> None:
        step(5)
        half.set()
        assert shown.wait(60)
        step(10)

    def unknown(step: Step) -> None:
        assert half.wait(60)
        step(7)

    def show(standing: Standing) -> None:
        seen.append(standing)
        if half.is_set() and standing.done == 12:
            shown.set()

    side_by_side([Job("a", "fetching", 10, known), Job("b", "fetching", None, unknown)], show, at_once=2)
    middle = next(standing for standing in seen if standing.done == 12)
    assert middle.total == 17
    assert ("a", 5, 10) in [(file.name, file.done, file.total) for file in middle.files]
    assert (seen[-1].done, seen[-1].total, seen[-1].files) == (17, 17, ())


def test_the_first_failure_stops_the_others_and_is_the_one_that_is_raised() -> None:
    stopped = []
    running = threading.Event()

    def fails(step: Step) -> None:
        assert running.wait(60)
        raise FileUnreadable("gone")

    def runs(step: Step) -> None:
        running.set()
        try:
            while True:
                step(0)
        except Cancelled:
            stopped.append("runs")
            raise

    def waits(step: Step) -> None:
        stopped.append("began all the same")

    jobs = [Job(name, "x", 1, work) for name, work in (("a", runs), ("b", fails), ("c", waits))]
    with pytest.raises(FileUnreadable, match="gone"):
        side_by_side(jobs, nothing, at_once=2)
    assert stopped == ["runs"]


def test_who_is_shown_it_may_stop_it() -> None:
    def runs(step: Step) -> None:
        while True:
            step(0)

    def stop(_: Standing) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side([Job("a", "x", 1, runs)], stop, at_once=1)
