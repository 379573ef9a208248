"""Blue/green: a second endpoint, proved before anybody is sent there."""

from __future__ import annotations

from greenroom.ship.account.declaration import Declaration
from greenroom.ship.deploy.deploying import deploy, prepare_deploy, prepare_rollback
from greenroom.ship.deploy.reports import lines
from greenroom.ship.deploy.standing import Survey, found
from greenroom.ship.endpoints.survey import survey_name
from greenroom.ship.endpoints.target import EndpointAsked
from greenroom.ship.runpod.fake import Behaviour, Fault
from tests.ship.endpoints.stage import CANARY, NAME, Stage, image, values


def test_green_takes_over_and_blue_goes(stage: Stage) -> None:
    blue = stage.deploy("a").endpoint
    report = stage.deploy("b", blue_green=True)
    assert report.outcome == "live"
    assert report.endpoint not in (None, blue)
    assert [step.name for step in report.steps] == ["make green", "warm green", "prove by a canary", "switch", "soak"]
    (green,) = stage.fake.platform.endpoints.values()
    assert green.config["workers"]["min"] == 0, "what was asked for, once it is proved"
    stage.check()


def test_callers_are_told_that_they_must_follow(stage: Stage) -> None:
    blue = stage.deploy("a")
    assert blue.left is None
    report = stage.deploy("b", blue_green=True)
    assert report.left == blue.endpoint
    assert f"  callers   must follow to {report.address}: {blue.endpoint} is no longer in use" in lines(report)
    assert stage.deploy("c").left is None, "it rolls where it is"
    green = stage.soaking("d").endpoint
    assert stage.rollback().left == green


def test_a_soak_is_as_long_as_it_says_from_where_callers_left(stage: Stage) -> None:
    """By the clock that waits are measured by, and not from the second in which the record was written."""
    stage.deploy("a")
    left: list[float] = []

    def switch_slowly(number: int, has_acted: bool) -> None:
        under_way = stage.history.unfinished
        if under_way is not None and under_way.state == "switched" and not left:
            stage.clock.advance(50)
            left.append(stage.clock())

    stage.fake.on_request = switch_slowly
    assert stage.deploy("b", blue_green=True, soak_s=30.0).outcome == "live"
    stage.fake.on_request = None
    assert 30.0 <= stage.clock() - left[0] < 40.0


def test_the_first_deploy_has_nothing_beside(stage: Stage) -> None:
    assert stage.deploy("a", blue_green=True).outcome == "live"
    stage.check()


def test_a_green_that_fails_never_meets_a_caller(stage: Stage) -> None:
    blue = stage.deploy("a").endpoint
    stage.fake.platform.behave["bad"] = Behaviour(answers=False)
    report = stage.deploy("b", "bad", blue_green=True)
    assert (report.outcome, report.endpoint) == ("reverted", blue)
    assert not [seen for seen in stage.fake.seen if seen.method == "PATCH"], "blue was left alone"
    stage.check()


def test_while_it_soaks_both_are_there_and_blue_costs_nothing(stage: Stage) -> None:
    blue = stage.deploy("a", workers={"min": 1, "max": 2}).endpoint
    report = stage.soaking("b")
    assert report.outcome == "stopped"
    stage.clock.advance(60)
    standing, running = survey_name(stage.runpod, stage.history)
    seen = Survey((standing,), running)
    roles = {one.id: (one.role, one.hourly) for one in seen.running}
    assert roles[str(blue)] == ("beside", 0.0)
    assert roles[str(report.endpoint)][0] == "in-use"
    assert [finding.code for finding in found(seen)] == ["soaking"]


def test_a_rollback_in_the_soak_gives_blue_its_workers_back(stage: Stage) -> None:
    blue = stage.deploy("a", workers={"min": 1, "max": 2}).endpoint
    stage.soaking("b")
    requests = prepare_rollback(stage.data, stage.target, NAME).requests
    assert [request.method for request in requests] == ["PATCH", "DELETE"]
    report = stage.rollback()
    assert (report.outcome, report.number, report.endpoint) == ("live", 1, blue)
    assert stage.fake.platform.endpoints[str(blue)].config["workers"]["min"] == 1
    stage.check()


def test_the_same_deploy_again_ends_the_soak(stage: Stage) -> None:
    stage.deploy("a")
    green = stage.soaking("b").endpoint
    report = stage.deploy("b", blue_green=True)
    assert (report.outcome, report.endpoint) == ("live", green)
    stage.check()


def test_another_deploy_in_the_soak_is_refused(stage: Stage) -> None:
    stage.deploy("a")
    stage.soaking("b")
    report = stage.deploy("c", blue_green=True)
    assert [finding.code for finding in report.findings] == ["release-unfinished"]
    assert "greenroom rollback joe" in report.findings[0].mend
    assert stage.rollback().ok
    stage.check()


def test_a_green_that_falls_ill_in_the_soak_is_taken_back(stage: Stage) -> None:
    blue = stage.deploy("a").endpoint

    def fall_ill(number: int, has_acted: bool) -> None:
        under_way = stage.history.unfinished
        if under_way is not None and under_way.state == "switched":
            for worker in stage.fake.platform.endpoints[str(under_way.endpoint)].workers:
                worker.status = "UNHEALTHY"

    stage.fake.on_request = fall_ill
    report = stage.deploy("b", blue_green=True, soak_s=3600.0)
    assert (report.outcome, report.endpoint) == ("reverted", blue)
    assert "unhealthy" in report.why
    stage.fake.on_request = None
    stage.check()


def test_a_blue_that_cannot_be_deleted_is_said_and_goes_the_next_time(stage: Stage) -> None:
    stage.deploy("a")
    stage.fake.faults.append(Fault("refuse", method="DELETE", status=403))
    report = stage.deploy("b", blue_green=True)
    assert report.outcome == "live"
    assert "old-left" in {finding.code for finding in report.findings}
    assert "kept beside it" in " ".join(report.costs)
    assert stage.deploy("c").outcome == "live"
    stage.check()


def test_what_was_begun_otherwise_is_gone_on_with_as_it_was_begun(stage: Stage) -> None:
    stage.stopped("a")
    assert stage.deploy("a", blue_green=True).number == 1
    stage.check()


def test_blue_is_never_what_nobody_proved(stage: Stage) -> None:
    """Were green to fail, an unproved release would be left in use."""
    stage.deploy("a")
    stage.stopped("b")
    assert "release-unfinished" in {finding.code for finding in stage.deploy("c", blue_green=True).findings}
    assert stage.rollback().ok
    assert stage.images == [image("a")]
    stage.check()


def test_a_blue_that_still_works_is_not_deleted(stage: Stage) -> None:
    """Deleting it would cancel its jobs; callers who have not followed yet are served till then."""
    stage.fake.platform.behave = {"long": Behaviour(job_s=1000), "joe": Behaviour()}
    blue = str(stage.deploy("a").endpoint)
    busy = stage.fake.platform.endpoints[blue]
    for worker in busy.workers:
        worker.behaviour = Behaviour(job_s=1000)
    job = stage.fake.platform.hand_in(busy, {})
    report = stage.deploy("b", blue_green=True)
    assert report.outcome == "live"
    (left,) = (finding for finding in report.findings if finding.code == "old-left")
    assert "1 of its jobs have not ended" in left.message
    assert f"endpoint {blue} (joe), kept beside it" in " ".join(report.costs)
    assert "release-unfinished" in {finding.code for finding in stage.deploy("c", blue_green=True).findings}
    assert stage.deploy("c").outcome == "live", "a release that rolls does not need its place"
    assert "beside" in {one.role for one in stage.target.survey(stage.history)[1]}, "and does not forget it"
    assert stage.rollback().image == image("b")
    stage.clock.advance(2000)
    patches = [seen for seen in stage.fake.seen if seen.method == "PATCH"]
    assert stage.deploy("b").outcome == "unchanged"
    assert [seen for seen in stage.fake.seen if seen.method == "PATCH"] == patches, "only the old one is touched"
    assert job.status == "COMPLETED"
    stage.check()


def test_the_requests_are_those_that_are_sent(stage: Stage) -> None:
    stage.deploy("a", workers={"min": 1, "max": 2})
    asked = EndpointAsked(Declaration(NAME, values("b")), CANARY, blue_green=True, soak_s=0.0)
    shown = [(one.method, one.path, one.body) for one in prepare_deploy(stage.data, stage.target, asked).requests]
    sent = len(stage.fake.seen)
    deploy(stage.data, stage.target, asked)
    done = [one for one in stage.fake.seen[sent:] if one.method != "GET"]
    assert [method for method, _, _ in shown] == [one.method for one in done]
    for (_, _, body), one in zip(shown, done, strict=True):
        assert {**(body or {}), "env": 0} == {**(one.body or {}), "env": 0} or "/run" in one.path
