"""Deploys and rollbacks of pods, from nothing to a report."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.errors import InputInvalid
from greenroom.ship.deploy.deploying import prepare_deploy, prepare_rollback, rollback
from greenroom.ship.deploy.reports import Report
from greenroom.ship.pods.door import Door
from greenroom.ship.runpod.fake import Behaviour, Fault
from tests.ship.endpoints.stage import NAME, image
from tests.ship.pods.stage import PodStage


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


def changing(stage: PodStage, since: int) -> list[tuple[str, str]]:
    return [(one.method, one.path) for one in stage.fake.seen[since:] if one.method != "GET"]


def test_a_first_deploy_makes_a_pod_and_proves_it(stage: PodStage) -> None:
    report = stage.deploy("a")
    assert (report.outcome, report.number, report.endpoint) == ("live", 1, "pod1")
    assert report.address == f"{stage.fake.base}/pods/pod1/7860"
    assert [step.name for step in report.steps] == ["make the pod", "start the pod", "probe", "switch"]
    assert changing(stage, 0) == [("POST", "/v2/pods"), ("POST", "/pods/pod1/7860/v1/audio/speech")]
    stage.check()


def test_the_next_one_comes_beside_it_and_the_old_one_goes(stage: PodStage) -> None:
    stage.deploy("a")
    sent = len(stage.fake.seen)
    report = stage.deploy("b", soak_s=0.001)
    assert (report.outcome, report.endpoint) == ("live", "pod2")
    assert changing(stage, sent)[-1] == ("DELETE", "/v2/pods/pod1")
    assert "old-kept" in codes(report)
    stage.check()


def test_what_is_live_already_is_left_alone(stage: PodStage) -> None:
    stage.deploy("a")
    sent = len(stage.fake.seen)
    assert stage.deploy("a").outcome == "unchanged"
    assert changing(stage, sent) == []


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (Behaviour(starts=False), "is ERROR"),
        (Behaviour(answers=False), "was answered 500"),
        (Behaviour(is_ready=False), "it does not answer after"),
        (Behaviour(boot_s=1e9), "is PROVISIONING after"),
    ],
    ids=["start", "canary", "probe", "machine"],
)
@pytest.mark.parametrize("before", [0, 1])
def test_a_pod_that_fails_never_meets_a_caller(stage: PodStage, behaviour: Behaviour, why: str, before: int) -> None:
    for _ in range(before):
        stage.deploy("a")
    stage.fake.platform.behave["bad"] = behaviour
    report = stage.deploy("b", "bad")
    assert report.outcome == "reverted"
    assert why in report.why
    assert stage.images == [image("a")] * before
    stage.check()


def test_the_log_of_a_pod_that_ended_is_in_the_report(stage: PodStage) -> None:
    stage.fake.platform.behave["bad"] = Behaviour(starts=False)
    report = stage.deploy("b", "bad")
    assert any("pod1: registry.example/bad" in line for step in report.steps for line in step.output)


def test_without_capacity_nothing_is_left(stage: PodStage) -> None:
    stage.fake.platform.has_capacity = False
    report = stage.deploy("a")
    assert (report.outcome, stage.images) == ("reverted", [])
    assert "no longer any instances" in report.why


def test_while_it_soaks_both_are_named_with_what_they_cost(stage: PodStage) -> None:
    stage.deploy("a", mounts={"persistent": {"size": 36, "path": "/workspace"}})
    report = stage.soaking("b")
    assert report.endpoint == "pod2"
    assert [words.rpartition(": ")[2] for words in report.costs] == ["running, $0.41 an hour"] * 2
    assert not any(path.endswith("/action") for _, path in changing(stage, 0))
    assert stage.rollback().endpoint == "pod1"
    stage.check()


def test_an_old_one_that_was_stopped_is_started_again(stage: PodStage) -> None:
    stage.deploy("a", mounts={"persistent": {"size": 36, "path": "/workspace"}})
    report = stage.soaking("b", stops_old=True)
    assert "pod pod1 (joe), kept beside it: exited, $0.01 an hour" in report.costs
    back = stage.rollback()
    assert (back.outcome, back.endpoint, back.image) == ("live", "pod1", image("a"))
    stage.check()


def test_one_that_does_not_start_again_is_made_again_from_its_record(stage: PodStage) -> None:
    """Its machine has given its GPU to others."""
    stage.deploy("a")
    stage.soaking("b", stops_old=True)
    stage.fake.faults.append(Fault("refuse", method="POST", path="pod1/action", status=400, detail="no free GPU"))
    report = stage.rollback()
    assert (report.outcome, report.endpoint, report.image) == ("live", "pod3", image("a"))
    stage.check()
    assert stage.deploy("c").ok
    stage.check()


def test_one_that_falls_ill_in_the_soak_is_taken_back(stage: PodStage) -> None:
    stage.deploy("a")

    def fall_ill(number: int, has_acted: bool) -> None:
        under_way = stage.history.unfinished
        if under_way is not None and under_way.state == "switched":
            stage.fake.platform.pods[str(under_way.endpoint)].behaviour = Behaviour(is_ready=False)

    stage.fake.on_request = fall_ill
    report = stage.deploy("b", soak_s=3600.0)
    stage.fake.on_request = None
    assert (report.outcome, report.endpoint) == ("reverted", "pod1")
    assert "became unhealthy" in report.why
    stage.check()


def test_a_rollback_makes_the_release_before_again_and_a_second_one_goes_forth(stage: PodStage) -> None:
    stage.deploy("a", disk=30)
    stage.deploy("b")
    report = stage.rollback()
    assert (report.outcome, report.number, report.image) == ("live", 3, image("a"))
    assert stage.fake.platform.pods[str(report.endpoint)].config["disk"] == 30
    assert stage.rollback().image == image("b")
    assert stage.rollback(1).image == image("a")
    stage.check()


def test_zero_takes_everything_down_and_what_was_there_comes_back(stage: PodStage) -> None:
    stage.deploy("a")
    stage.soaking("b")
    assert stage.rollback(0).outcome == "removed"
    stage.check()
    assert codes(stage.rollback(0)) == ["rollback-impossible"]
    assert stage.rollback().image == image("b")
    stage.check()


def test_another_one_while_one_soaks_is_refused(stage: PodStage) -> None:
    stage.deploy("a")
    stage.soaking("b")
    assert codes(stage.deploy("c"))[-1] == "release-unfinished"
    assert stage.deploy("b").ok
    stage.check()


def test_an_old_one_that_cannot_be_deleted_is_said_and_goes_the_next_time(stage: PodStage) -> None:
    stage.deploy("a")
    stage.fake.faults.append(Fault("refuse", method="DELETE", status=403, times=2))
    report = stage.deploy("b")
    assert (report.outcome, codes(report)[-1]) == ("live", "old-left")
    assert "kept beside it" in " ".join(report.costs)
    assert codes(stage.deploy("c"))[-1] == "release-unfinished", "a third one would be in no record"
    assert stage.deploy("b").outcome == "unchanged"
    stage.check()


def test_what_somebody_terminated_is_made_again(stage: PodStage) -> None:
    stage.deploy("a")
    stage.fake.platform.pods.clear()
    report = stage.deploy("a")
    assert (report.outcome, "pod-gone" in codes(report)) == ("live", True)
    stage.check()


def test_a_deploy_on_a_shared_volume_is_gone_on_with_though_its_pod_has_the_volume(stage: PodStage) -> None:
    volume = stage.runpod.volumes.create({"name": "w", "size": 50, "dataCenter": "EU-RO-1"}).id
    mounts = {"network": [{"volumeId": volume, "path": "/workspace"}]}
    stage.fake.faults.append(Fault("cut-after", method="POST", path="/v2/pods$"))
    stage.fake.faults.append(Fault("cut-before", at=7, times=10_000))
    with stage.hasty() as hastily:
        assert hastily(lambda _: stage.deploy("a", mounts=mounts)).outcome == "unsettled"
    stage.fake.faults.clear()
    assert stage.images == [image("a")]
    assert stage.deploy("a", mounts=mounts).outcome == "live"
    assert "volume-shared" in codes(stage.deploy("b", mounts=mounts))
    assert stage.deploy("b", mounts=mounts, shares_volume=True).outcome == "live"
    stage.check()


def test_the_way_back_waits_until_the_old_one_answers(stage: PodStage) -> None:
    stage.deploy("a")
    stage.soaking("b", stops_old=True)
    stage.fake.platform.pods["pod1"].behaviour = Behaviour(is_ready=False)
    report = stage.rollback()
    assert (report.outcome, report.endpoint) == ("unsettled", "pod1")
    assert "it does not answer" in report.why
    assert len(report.costs) == 2
    assert stage.deploy("b").outcome == "live", "the new one is proved, and may stay"
    stage.check()


def test_cpus(stage: PodStage) -> None:
    given: dict[str, Any] = {"gpu": None, "cpu": {"id": "cpu3c", "vcpuCount": 4}}
    assert stage.deploy("a", **given, max_hourly=0.13).hourly == 0.12
    assert "spend-over-limit" in codes(stage.deploy("b", **given, max_hourly=0.13)), "both run while it is proved"


def test_a_template_is_taken_as_it_is_now(stage: PodStage) -> None:
    mounts = {"persistent": {"size": 30, "path": "/workspace"}}
    template = {"name": "t", "image": image("a"), "env": {"A": "1"}, "disk": 77, "ports": ["80/http"], "mounts": mounts}
    identity = stage.runpod.templates.create(template).id
    report = stage.deploy("b", templateId=identity, image="", ports=None, disk=None)
    assert (report.outcome, report.image) == ("live", image("a"))
    config = stage.fake.platform.pods[str(report.endpoint)].config
    assert (config["disk"], config["mounts"], config["env"]["A"]) == (77, mounts, "1")
    assert "there is no template 'x'" in stage.deploy("b", templateId="x").findings[-1].message
    serverless = stage.runpod.templates.create({**template, "serverless": True}).id
    assert "serverless" in stage.deploy("b", templateId=serverless).findings[-1].message


def test_the_requests_are_those_that_are_sent_and_show_no_secret(stage: PodStage) -> None:
    stage.deploy("a")
    asked = stage.asked("b", env={"HF_TOKEN": "hf_hush"})
    shown = prepare_deploy(stage.data, stage.pods, asked).requests
    assert "hush" not in str(shown)
    sent = len(stage.fake.seen)
    stage.deploy("b", env={"HF_TOKEN": "hf_hush"})
    methods = [method for method, _ in changing(stage, sent)]
    assert [one.method for one in shown] == methods == ["POST", "POST", "DELETE"]
    down = prepare_rollback(stage.data, stage.pods, NAME, 0).requests
    assert [(one.method, one.path) for one in down] == [("DELETE", "/pods/pod2")]


def test_a_name_is_of_one_kind_of_place(stage: PodStage) -> None:
    stage.deploy("a")
    assert codes(rollback(stage.data, stage.target, NAME)) == ["released-elsewhere"]


def test_a_canary_that_asks_for_nothing_is_refused(stage: PodStage) -> None:
    assert codes(stage.deploy("a", canary={"text": "Hello."})) == ["input-invalid"]


@pytest.mark.parametrize("form", ["https://proxy.example", "http://{pod}-{port}.proxy.example", "{pod}{port}"])
def test_addresses_that_are_none(form: str) -> None:
    with pytest.raises(InputInvalid) as raised:
        Door(form)
    assert raised.value.mend
