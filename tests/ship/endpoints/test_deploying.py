"""Deploys and rollbacks on one endpoint, from nothing to a report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from greenroom.errors import Cancelled
from greenroom.leases import lease
from greenroom.ship.account.declaration import Declaration
from greenroom.ship.deploy.deploying import deploy, prepare_deploy, prepare_rollback
from greenroom.ship.deploy.reports import Report, lines
from greenroom.ship.endpoints.target import EndpointAsked
from greenroom.ship.runpod.fake import Behaviour, Fault
from tests.ship.endpoints.stage import CANARY, NAME, Stage, image, values


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


def test_a_first_deploy_makes_an_endpoint_and_proves_it(stage: Stage) -> None:
    report = stage.deploy("a")
    assert report.outcome == "live"
    assert report.number == 1
    assert report.address.endswith("/run")
    assert stage.images == [image("a")]
    assert [job.status for job in stage.fake.platform.endpoints[str(report.endpoint)].jobs.values()] == ["COMPLETED"]
    stage.check()


def test_the_next_deploy_changes_that_endpoint_and_rolls(stage: Stage) -> None:
    first = stage.deploy("a", workers={"min": 2, "max": 3})
    second = stage.deploy("b", workers={"min": 2, "max": 3})
    assert second.outcome == "live"
    assert second.endpoint == first.endpoint
    assert stage.images == [image("b")]
    stage.check()


def test_what_is_live_already_is_left_alone(stage: Stage) -> None:
    stage.deploy("a")
    sent = len(stage.fake.seen)
    assert stage.deploy("a").outcome == "unchanged"
    assert {seen.method for seen in stage.fake.seen[sent:]} == {"GET"}
    assert len(stage.history.releases) == 1


@pytest.mark.parametrize("behaviour", [Behaviour(answers=False), Behaviour(starts=False)], ids=["jobs", "start"])
@pytest.mark.parametrize("least", [0, 1])
def test_a_release_that_fails_is_taken_back(stage: Stage, behaviour: Behaviour, least: int) -> None:
    workers = {"min": least, "max": 2}
    stage.deploy("a", workers=workers)
    stage.fake.platform.behave["bad"] = behaviour
    report = stage.deploy("b", "bad", workers=workers)
    assert report.outcome == "reverted"
    assert report.why
    assert stage.history.releases[-1].state == "reverted"
    assert stage.images == [image("a")]
    stage.check()


def test_a_first_release_that_fails_leaves_nothing(stage: Stage) -> None:
    stage.fake.platform.behave["bad"] = Behaviour(answers=False)
    report = stage.deploy("b", "bad", workers={"min": 1, "max": 1})
    assert report.outcome == "reverted"
    assert "it fails" in report.why
    assert report.costs == ("nothing runs",)
    stage.check()


def test_a_rollback_brings_the_release_before_and_a_second_one_goes_forth_again(stage: Stage) -> None:
    stage.deploy("a", timeout=1000)
    stage.deploy("b", timeout=2000)
    report = stage.rollback()
    assert (report.outcome, report.number, report.image) == ("live", 3, image("a"))
    assert stage.history.releases[-1].back_to == 1
    assert stage.fake.platform.endpoints[str(report.endpoint)].config["timeout"] == 1000
    stage.check()
    assert stage.rollback().image == image("b")
    stage.check()


def test_a_rollback_to_a_named_release(stage: Stage) -> None:
    for letter in "abc":
        stage.deploy(letter)
    assert stage.rollback(1).image == image("a")
    stage.check()


def test_a_rollback_that_has_nowhere_to_go_says_so(stage: Stage) -> None:
    assert codes(stage.rollback()) == ["rollback-impossible"]
    stage.deploy("a")
    report = stage.rollback()
    assert (report.outcome, codes(report)) == ("refused", ["rollback-impossible"])
    assert "--to 0" in report.findings[0].mend
    assert codes(stage.rollback(7)) == ["unknown-name"]
    stage.check()


def test_zero_takes_everything_down(stage: Stage) -> None:
    stage.deploy("a")
    report = stage.rollback(0)
    assert report.outcome == "removed"
    assert report.endpoint is None
    stage.check()
    assert stage.deploy("b").outcome == "live"
    stage.check()


def test_errors_of_the_checks_stop_it_before_anything_changes(stage: Stage) -> None:
    report = stage.deploy("a", gpu={"pools": ["ADA_42"]})
    assert report.outcome == "refused"
    assert "pool-unknown" in codes(report)
    assert {seen.method for seen in stage.fake.seen} == {"GET"}
    assert stage.history.releases == ()


def test_an_endpoint_of_others_is_not_taken_over_unless_that_is_asked_for(stage: Stage) -> None:
    stage.fake.platform.create_endpoint(values("0", env={"WHOSE": "theirs"}))
    assert "endpoint-not-ours" in codes(stage.deploy("a"))
    assert stage.images == [image("0")]
    assert stage.deploy("a", adopt=True).outcome == "live"
    stage.check()
    assert stage.rollback().image == image("0")
    (endpoint,) = stage.fake.platform.endpoints.values()
    assert endpoint.config["env"] == {"WHOSE": "theirs"}


def test_two_endpoints_of_one_name_are_not_chosen_from(stage: Stage) -> None:
    for letter in "01":
        stage.fake.platform.create_endpoint(values(letter))
    assert "name-ambiguous" in codes(stage.deploy("a", adopt=True))


def test_an_endpoint_that_somebody_deleted_is_made_again(stage: Stage) -> None:
    stage.deploy("a")
    stage.fake.platform.endpoints.clear()
    report = stage.deploy("b")
    assert report.outcome == "live"
    assert "endpoint-gone" in codes(report)
    stage.check()


def test_a_patch_that_is_taken_by_halves_is_sent_again(stage: Stage) -> None:
    stage.deploy("a")
    stage.fake.faults.append(Fault("half", method="PATCH"))
    assert stage.deploy("b", timeout=7000).outcome == "live"
    assert stage.fake.platform.endpoints["ep1"].config["timeout"] == 7000
    stage.check()


def test_a_patch_that_is_never_taken_whole_is_taken_back(stage: Stage) -> None:
    stage.deploy("a")
    stage.fake.faults.append(Fault("half", method="PATCH", times=3))
    report = stage.deploy("b", timeout=7000, disk=90, args="x", ports=["1/http"])
    assert report.outcome == "reverted"
    assert "does not have it" in report.why
    stage.check()


def test_a_busy_worker_ends_its_job_first(stage: Stage) -> None:
    stage.fake.platform.behave["long"] = Behaviour(job_s=30)
    stage.deploy("a", "long")
    endpoint = stage.fake.platform.endpoints["ep1"]
    job = stage.fake.platform.hand_in(endpoint, {})
    stage.clock.advance(5)
    stage.fake.platform.advance()
    assert stage.deploy("b").outcome == "live"
    assert job.status == "COMPLETED"
    stage.check()


def test_a_rollout_that_does_not_end_in_time_is_taken_back(stage: Stage) -> None:
    stage.deploy("a", workers={"min": 1, "max": 1})
    (worker,) = stage.fake.platform.endpoints["ep1"].workers
    worker.behaviour = Behaviour(job_s=150)
    stage.fake.platform.hand_in(stage.fake.platform.endpoints["ep1"], {})
    report = stage.deploy("b", workers={"min": 1, "max": 1})
    assert "0 of 1 workers are new, 1 old still work" in report.why
    assert report.outcome == "reverted"
    stage.check()


def test_a_rollout_that_never_ends_is_not_called_taken_back(stage: Stage) -> None:
    stage.deploy("a", workers={"min": 1, "max": 1})
    stage.fake.platform.keeps_stale = True
    report = stage.deploy("b", workers={"min": 1, "max": 1})
    assert report.outcome == "unsettled"
    stage.check_named()
    stage.fake.platform.keeps_stale = False
    assert stage.rollback().image == image("a")
    stage.check()


def test_no_gpu_in_time_is_said(stage: Stage) -> None:
    stage.fake.platform.has_capacity = False
    report = stage.deploy("a", workers={"min": 1, "max": 1})
    assert "wait for a GPU" in report.why
    assert report.outcome == "reverted"
    stage.check()


def test_a_failed_return_leaves_what_the_next_command_ends(stage: Stage) -> None:
    stage.deploy("a")
    stage.fake.platform.behave["bad"] = Behaviour(answers=False)
    stage.fake.faults.append(Fault("refuse", at=len(stage.fake.seen) + 12, method="PATCH", times=99))
    report = stage.deploy("b", "bad")
    assert report.outcome == "unsettled"
    assert any("rollback" in command for command in report.next)
    stage.check_named()
    stage.fake.faults.clear()
    assert stage.rollback().image == image("a")
    stage.check()


def test_what_was_stopped_is_gone_on_with(stage: Stage) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if "roll out" in stage:
            raise Cancelled

    asked = EndpointAsked(Declaration(NAME, values("a")), CANARY)
    report = deploy(stage.data, stage.target, asked, step=stop)
    assert report.outcome == "stopped"
    stage.check_named()
    assert stage.deploy("a").number == 1
    stage.check()


def test_other_values_over_a_deploy_that_was_stopped(stage: Stage) -> None:
    """What a rollback brings back is what was proved, not what was under way."""
    stage.deploy("a")

    def stop(stage: str, done: float, total: float) -> None:
        if "roll out" in stage:
            raise Cancelled

    deploy(stage.data, stage.target, EndpointAsked(Declaration(NAME, values("b")), CANARY), step=stop)
    assert stage.deploy("c").outcome == "live"
    assert [release.state for release in stage.history.releases] == ["live", "interrupted", "live"]
    assert stage.rollback().image == image("a")
    stage.check()


def test_one_at_a_time(stage: Stage) -> None:
    stage.deploy("a")
    with lease(stage.history.folder / ".lease", "another"):
        report = stage.deploy("b")
    assert codes(report) == ["lease-held"]
    stage.check()


def test_the_report_comes_to_whoever_asked_however_it_ended(stage: Stage) -> None:
    told: list[Report] = []
    asked = EndpointAsked(Declaration(NAME, values("a")), CANARY)
    for given in (asked, replace(asked, canary=None), asked):
        deploy(stage.data, stage.target, given, on_end=told.append)
    assert [report.outcome for report in told] == ["live", "refused", "unchanged"]
    assert "canary-missing" in codes(told[1])
    assert all(list(lines(report)) for report in told)


def test_the_plan_and_the_requests_can_be_had_without_doing_them(stage: Stage) -> None:
    asked = EndpointAsked(Declaration(NAME, values("a", env={"API_KEY": "hush-hush"})), CANARY)
    prepared = prepare_deploy(stage.data, stage.target, asked)
    plan = prepared.rollout.plan()
    assert [phase.name for phase in plan.phases] == ["set the values", "roll out", "prove by a canary"]
    assert plan.whole
    assert [(request.method, request.path) for request in prepared.requests] == [
        ("POST", "/serverless"),
        ("POST", "/ID/run"),
    ]
    assert "hush-hush" not in str(prepared.requests)
    assert not stage.data.exists()
    stage.deploy("a")
    stage.deploy("b")
    (request, _) = prepare_rollback(stage.data, stage.target, NAME).requests
    assert request.method == "PATCH"
    assert request.body is not None
    assert request.body["image"] == image("a")


def test_a_load_balancer_is_proved_by_its_own_answer(stage: Stage) -> None:
    given = {"type": "LOAD_BALANCER", "scaling": {"type": "REQUEST_COUNT", "requestCount": 4}}
    canary = {"path": "/v1/audio/speech", "body": {"input": "Hello."}}
    report = stage.deploy("a", canary=canary, **given)
    assert report.outcome == "live"
    stage.fake.platform.behave["bad"] = Behaviour(answers=False)
    assert stage.deploy("b", "bad", canary=canary, **given).outcome == "reverted"
    stage.check()


CPU = {"gpu": None, "cpu": [{"id": "cpu3c", "vcpuCount": 4}, {"id": "cpu5c", "vcpuCount": 2}]}


def test_cpu_workers_are_deployed_priced_and_rolled_back(stage: Stage) -> None:
    """The platform shows more of a CPU than it takes."""
    assert stage.deploy("a", **CPU, workers={"min": 1, "max": 2}, max_hourly=0.24).outcome == "live"
    report = stage.deploy("b", **{**CPU, "cpu": [{"id": "cpu5c", "vcpuCount": 4}]}, workers={"min": 1, "max": 2})
    assert (report.outcome, report.hourly) == ("live", 0.2)
    assert stage.rollback().image == image("a")
    assert len(stage.fake.platform.endpoints["ep1"].config["cpu"]) == 2
    stage.check()


def test_the_limit_of_money_holds_for_cpus_too(stage: Stage) -> None:
    assert "spend-over-limit" in codes(stage.deploy("a", **CPU, max_hourly=0.1))
    stage.fake.platform.cpus.clear()
    report = stage.deploy("a", **CPU, max_hourly=10.0)
    assert (report.outcome, codes(report)) == ("refused", [*codes(report)[:-1], "price-unknown"])
    assert "cpu3c, cpu5c" in report.findings[-1].message


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"type": "LOAD_BALANCER", "scaling": {"type": "REQUEST_COUNT", "requestCount": 4}}, "endpoint-type-fixed"),
        (CPU, "endpoint-compute-fixed"),
    ],
)
@pytest.mark.parametrize("blue_green", [False, True])
def test_what_an_endpoint_keeps_for_its_life(stage: Stage, given: dict[str, Any], code: str, blue_green: bool) -> None:
    """Also a second endpoint may not differ, since a rollback sets the old values on it."""
    stage.deploy("a")
    report = stage.deploy("b", canary={"path": "/x"}, blue_green=blue_green, **given)
    assert (report.outcome, stage.images) == ("refused", [image("a")])
    assert code in codes(report)


def test_a_template_is_taken_as_it_is_now(stage: Stage) -> None:
    template = {"name": "t", "image": image("a"), "env": {"A": "1", "MODEL": "ann"}, "disk": 77, "serverless": True}
    identity = stage.runpod.templates.create({**template, "allowedCudaVersions": ["12.8"]}).id
    report = stage.deploy("b", templateId=identity, image="", gpu={"pools": ["ADA_24"]})
    assert (report.outcome, report.image) == ("live", image("a"))
    assert "template-resolved" in codes(report)
    config = stage.fake.platform.endpoints[str(report.endpoint)].config
    assert (config["disk"], config["env"]["A"], config["env"]["MODEL"]) == (77, "1", "joe")
    assert config["gpu"]["allowedCudaVersions"] == ["12.8"]
    assert stage.deploy("b", templateId=identity, image="", gpu={"pools": ["ADA_24"]}).outcome == "unchanged"
    stage.check()


def test_a_load_balancer_is_not_proved_by_a_canary_that_asks_nothing(stage: Stage) -> None:
    given = {"type": "LOAD_BALANCER", "scaling": {"type": "REQUEST_COUNT", "requestCount": 4}}
    assert "canary-without-path" in codes(stage.deploy("a", **given))
    assert stage.images == []


def test_what_was_taken_down_comes_back(stage: Stage) -> None:
    stage.deploy("a")
    stage.rollback(0)
    assert codes(stage.rollback(0)) == ["rollback-impossible"]
    stage.fake.faults.append(Fault("cut-after", method="POST", path="/serverless$"))
    report = stage.rollback()
    assert (report.outcome, report.image) == ("live", image("a"))
    assert len(stage.fake.platform.endpoints) == 1, "though the reply to its creation was lost"
    stage.check()
    stage.rollback(0)
    assert stage.rollback(1).image == image("a")
    stage.check()


def test_what_was_never_deployed_leaves_no_trace(stage: Stage) -> None:
    assert codes(stage.rollback()) == ["rollback-impossible"]
    assert not stage.data.exists()


def test_a_name_is_of_one_kind_of_place(stage: Stage) -> None:
    stage.deploy("a")
    stage.history.save(replace(stage.history.releases[0], target="compose"))
    report = stage.deploy("b")
    assert (report.outcome, codes(report)) == ("refused", ["released-elsewhere"])
    assert codes(stage.rollback()) == ["released-elsewhere"]


def test_a_check_that_fails_does_not_hide_what_is_under_way(stage: Stage) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if "roll out" in stage:
            raise Cancelled

    asked = EndpointAsked(Declaration(NAME, values("a")), CANARY)
    deploy(stage.data, stage.target, asked, step=stop)
    report = stage.deploy("a", max_hourly=0.01)
    assert (report.outcome, report.number) == ("unsettled", 1)
    assert any("rollback joe" in command for command in report.next)


def test_a_canary_that_is_not_waited_for_is_cancelled(stage: Stage) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if "canary" in stage:
            raise Cancelled

    asked = EndpointAsked(Declaration(NAME, values("a")), CANARY)
    stage.fake.platform.has_capacity = False
    assert deploy(stage.data, stage.target, asked, step=stop).outcome == "stopped"
    jobs = stage.fake.platform.endpoints["ep1"].jobs.values()
    assert {job.status for job in jobs} <= {"CANCELLED"}
    stage.fake.platform.has_capacity = True
    assert stage.deploy("a").ok
    stage.check()


def test_no_secret_is_in_a_report_or_a_log(stage: Stage) -> None:
    stage.deploy("a", env={"HF_TOKEN": "hf_old_hush"})
    words = "env.HF_TOKEN hf_hush is no string, and was hf_old_hush"
    stage.fake.faults.append(Fault("refuse", method="PATCH", status=422, detail=words))
    said: list[str] = []
    asked = EndpointAsked(Declaration(NAME, values("b", env={"HF_TOKEN": "hf_hush"})), CANARY)
    report = deploy(stage.data, stage.target, asked, said=said.append)
    logs = [path.read_text() for path in stage.history.folder.glob("activity/*/*") if path.is_file()]
    told = f"{report} {said} {logs} {stage.target.survey(stage.history)}"
    assert "is no string" in report.why
    assert "hush" not in told
