"""What status knows of pods: what is in use, what is left, what costs money."""

from __future__ import annotations

from greenroom.ship.account.values import MARK
from greenroom.ship.deploy.standing import Survey, found, rows
from greenroom.ship.pods.survey import survey_pods
from tests.ship.endpoints.stage import NAME, image
from tests.ship.pods.stage import PodStage, values


def look(stage: PodStage) -> Survey:
    return survey_pods(stage.runpod, stage.door, (stage.history,) if stage.data.exists() else ())


def codes(seen: Survey) -> list[str]:
    return [finding.code for finding in found(seen)]


def test_a_pod_in_use_with_what_it_costs(stage: PodStage) -> None:
    stage.deploy("a")
    seen = look(stage)
    assert [one.words for one in seen.running] == ["pod pod1 (joe), in use: running, $0.41 an hour"]
    (standing,) = seen.standings
    assert (standing.address, standing.image) == (f"{stage.fake.base}/pods/pod1/7860", image("a"))
    assert rows(seen)[1][:4] == (NAME, "1", "pod1", "100 %")
    assert codes(seen) == []


def test_pods_that_are_paid_for_are_named_whoever_made_them(stage: PodStage) -> None:
    for name, more in (("lab", {"count": 2}), ("idle", {}), ("kept", {})):
        mounts = {"persistent": {"size": 36, "path": "/w"}} if name == "kept" else {}
        body = {"name": name, "image": "x", "gpu": {"id": "NVIDIA L4", **more}, "mounts": mounts}
        stage.runpod.pods.create(body)
    for identity in ("pod2", "pod3"):
        stage.runpod.pods.act(identity, "stop")
    seen = look(stage)
    assert [(one.role, one.id, one.hourly) for one in seen.running] == [("pod", "pod1", 0.82), ("pod", "pod3", 0.01)]
    assert codes(seen) == []


def test_what_bears_our_mark_and_is_in_no_record_is_named(stage: PodStage) -> None:
    stage.deploy("a")
    declared = values("b", env={MARK: "ann/9/ff"})
    stage.runpod.pods.create({name: value for name, value in declared.items() if name != "type"})
    seen = look(stage)
    assert [(one.role, one.id) for one in seen.running] == [("in-use", "pod1"), ("stray", "pod2")]
    assert codes(seen) == ["pod-stray"]


def test_what_is_gone_ended_or_was_changed_is_named(stage: PodStage) -> None:
    stage.deploy("a")
    stage.runpod.pods.change("pod1", {"env": {"MODEL": "ann"}})
    assert codes(look(stage)) == ["pod-drifted"]
    stage.runpod.pods.change("pod1", {"env": {"MODEL": "joe"}})
    stage.runpod.pods.act("pod1", "stop")
    assert codes(look(stage)) == ["pod-ended"]
    stage.runpod.pods.delete("pod1")
    assert codes(look(stage)) == ["pod-gone"]
