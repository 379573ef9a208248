"""A network that goes away at each request of an endpoint's release."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.ship.deploy.reports import Report
from greenroom.ship.runpod.fake import Fault
from greenroom.ship.runpod.fake.faults import Kind
from tests.ship.breaking import Work, break_everywhere, released
from tests.ship.endpoints.stage import Stage, image

WORKERS = {"min": 1, "max": 2}


def first(stage: Stage) -> Report:
    return stage.deploy("a", workers=WORKERS)


BACK: Work[Stage] = Work("back", lambda stage: stage.rollback(), before=2, is_back=True)
WORKS: list[Work[Stage]] = [
    Work("first", first, before=0),
    Work("next", lambda stage: stage.deploy("b", workers=WORKERS), reads=True),
    Work("green", lambda stage: stage.deploy("b", workers=WORKERS, blue_green=True)),
    Work("failing", lambda stage: stage.deploy("c", "bad", workers=WORKERS), fails=True),
    Work("failing-green", lambda stage: stage.deploy("c", "bad", blue_green=True), fails=True),
    BACK,
    Work("down", lambda stage: stage.rollback(0), is_back=True),
]


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_the_network_goes_away_at_each_request(stage: Stage, work: Work[Stage]) -> None:
    break_everywhere(released(stage, work.before), work)


def test_the_network_goes_away_while_a_soak_is_taken_back(stage: Stage) -> None:
    break_everywhere(released(stage, 1, soaks=lambda stage: stage.soaking("b")), BACK)


def test_one_lost_request_is_no_failure(stage: Stage) -> None:
    """Whatever is lost, in the quota's order of kinds: answers, requests, refusals before and behind the effect."""
    scene = released(stage, 0)
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
