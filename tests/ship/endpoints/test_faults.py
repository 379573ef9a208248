"""A network that goes away at each request, before its effect and behind it: whoever comes next ends it well."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenroom.ship.deploy.reports import Report
from greenroom.ship.runpod.fake import Behaviour, Fault
from greenroom.ship.runpod.fake.faults import Kind
from tests.ship.endpoints.stage import Stage, image

Work = Callable[[Stage], Report]


WORKERS = {"min": 1, "max": 2}


def first(stage: Stage) -> Report:
    return stage.deploy("a", workers=WORKERS)


def next_one(stage: Stage) -> Report:
    return stage.deploy("b", workers=WORKERS)


def blue_green(stage: Stage) -> Report:
    return stage.deploy("b", workers=WORKERS, blue_green=True)


def back(stage: Stage) -> Report:
    return stage.rollback()


def down(stage: Stage) -> Report:
    return stage.rollback(0)


def failing(stage: Stage) -> Report:
    return stage.deploy("c", "bad", workers=WORKERS)


def failing_green(stage: Stage) -> Report:
    return stage.deploy("c", "bad", blue_green=True)


class Scene:
    """A state to begin from, as often as it takes."""

    def __init__(self, stage: Stage, before: int, *, soaks: bool = False) -> None:
        self.stage = stage
        stage.fake.platform.behave = {"bad": Behaviour(0.5, 0.5, answers=False), "joe": Behaviour(0.5, 0.5)}
        for letter in "ab"[:before]:
            assert stage.deploy(letter).ok
        if soaks:
            stage.soaking("b")
        self._platform = stage.fake.platform
        self._data = stage.data
        self._numbers = itertools.count()

    def again(self) -> Stage:
        """The state, as it was, without faults."""
        stage = self.stage
        stage.fake.platform = self._platform.copy()
        stage.fake.faults.clear()
        stage.data = self._data.with_name(f"data-{next(self._numbers)}")
        if self._data.exists():
            shutil.copytree(self._data, stage.data)
        return stage


def cuts(scene: Scene, work: Work, *, goes_back: bool) -> Iterator[tuple[int, Kind]]:
    """What can happen to each request of the work, by its number.

    One with an effect: it never comes, its reply does not (or is that of a server that failed), half of it is taken.
    Of one without an effect it does not matter on which way it was cut; one work has them, every other one each way.
    """
    stage = scene.again()
    begun = len(stage.fake.seen)
    assert work(stage).outcome in ("live", "reverted", "removed")
    stage.check()
    for number, request in enumerate(stage.fake.seen[begun:], 1):
        if request.method != "GET":
            yield number, "cut-before"
            yield number, "fail" if number % 2 else "cut-after"
        elif work is next_one and bool(number % 2) is goes_back:
            yield number, "cut-after"
        if request.method == "PATCH":
            yield number, "half"


# What is done, and how many releases there are before it; a rollback is gone on with by the same command alone.
WORKS: list[tuple[Work, int]] = [
    (first, 0), (next_one, 1), (blue_green, 1), (failing, 1), (failing_green, 1), (back, 2), (down, 1),
]  # fmt: skip
WAYS = [
    pytest.param(work, before, goes_back, id=f"{work.__name__}-{'back' if goes_back else 'on'}")
    for work, before in WORKS
    for goes_back in (False, True)
    if not (goes_back and work in (back, down))
]


@pytest.mark.parametrize(("work", "before", "goes_back"), WAYS)
def test_the_network_goes_away_at_each_request(stage: Stage, work: Work, before: int, goes_back: bool) -> None:
    """And stays away: what the same command then does, or a rollback, ends in a release that the record names."""
    break_everywhere(Scene(stage, before), work, goes_back=goes_back)


def test_the_network_goes_away_while_a_soak_is_taken_back(stage: Stage) -> None:
    break_everywhere(Scene(stage, 1, soaks=True), back, goes_back=False)


def break_everywhere(scene: Scene, work: Work, *, goes_back: bool) -> None:
    stage = scene.stage
    with stage.hasty() as hastily:
        for number, kind in cuts(scene, work, goes_back=goes_back):
            seen = len(scene.again().fake.seen)
            stage.fake.faults.append(Fault(kind, at=seen + number))
            stage.fake.faults.append(Fault("cut-before", at=seen + number + 1, times=10_000))
            report = hastily(work)
            stage.fake.faults.clear()
            stage.check_named()
            assert report.ok or report.findings or report.why, "whoever deployed is told"
            end_it(stage, work, report, goes_back=goes_back)
            stage.check(named=False)


def end_it(stage: Stage, work: Work, report: Report, *, goes_back: bool) -> None:
    """What the report says is to be done next: the same again, or a rollback."""
    current = stage.history.current
    if stage.history.unfinished is not None:
        proved = current.image if current else None
        ended = stage.rollback() if goes_back else work(stage)
        if work in (failing, failing_green) and not goes_back:
            assert ended.outcome == "reverted", ended
        else:
            assert ended.ok, ended
        if goes_back or not ended.ok:
            assert stage.images == ([proved] if proved else [])
    elif current is not None and current.beside is not None:
        assert "old-left" in {finding.code for finding in report.findings}
        assert work(stage).outcome == "unchanged"


def test_one_lost_request_is_no_failure(stage: Stage) -> None:
    """Whatever is lost, in the quota's order of kinds: answers, requests, refusals before and behind the effect."""
    scene = Scene(stage, 0)
    kinds: tuple[Kind, ...] = ("cut-before", "cut-after", "refuse", "fail")
    assert first(scene.again()).ok
    for number, request in enumerate(list(stage.fake.seen), 1):
        for kind in kinds if request.method == "POST" else (kinds[number % len(kinds)],):
            scene.again()
            stage.fake.faults.append(Fault(kind, at=len(stage.fake.seen) + number))
            report = first(stage)
            assert report.outcome == "live", (number, kind, report)
            stage.check(named=False)


def test_a_creation_that_was_given_up_and_came_late_leaves_no_twin(stage: Stage) -> None:
    """The request had its effect twice: its reply was lost, and the list did not show it yet."""
    stage.fake.faults.append(Fault("cut-after", method="POST", path="/serverless$"))
    real = stage.runpod.endpoints.list
    blind = iter((True, True, False))
    stage.runpod.endpoints.list = lambda: () if next(blind, False) else real()  # type: ignore[method-assign]  # a reply that comes late
    report = stage.deploy("a", workers={"min": 1, "max": 1})
    assert report.outcome == "live"
    assert len(stage.fake.platform.endpoints) == 1
    stage.check()


def test_a_quota_that_is_used_up_is_waited_for(stage: Stage) -> None:
    stage.fake.per_minute = 15
    assert stage.deploy("a").outcome == "live"
    assert all(seen.status != 429 for seen in stage.fake.seen), "headers say when to wait"
    stage.check()


def test_records_of_an_unreadable_disk_are_said(stage: Stage, tmp_path: Path) -> None:
    stage.deploy("a")
    (stage.history.folder / "0001.json").write_text("{")
    report = stage.deploy("b")
    assert [finding.code for finding in report.findings] == ["file-unreadable"]
    assert stage.images == [image("a")]
