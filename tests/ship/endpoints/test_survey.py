"""What status knows: what is in use, what is left, what costs money."""

from __future__ import annotations

from dataclasses import replace

from greenroom.ship.account.values import MARK
from greenroom.ship.deploy.records import History
from greenroom.ship.deploy.standing import Running, Standing, Survey, found, rows
from greenroom.ship.endpoints.survey import survey_endpoints
from tests.ship.endpoints.stage import NAME, Stage, image, values


def look(stage: Stage) -> Survey:
    return survey_endpoints(stage.runpod, (stage.history,))


def codes(seen: Survey) -> list[str]:
    return [finding.code for finding in found(seen)]


def test_an_endpoint_in_use_with_what_it_costs(stage: Stage) -> None:
    stage.deploy("a", workers={"min": 2, "max": 3})
    seen = look(stage)
    (standing,) = seen.standings
    assert (standing.endpoint, standing.image, standing.percent) == ("ep1", image("a"), 100)
    (running,) = seen.running
    assert running.words == "endpoint ep1 (joe), in use: 2 idle workers, $2.20 an hour (2 always on)"
    assert seen.hourly == 2.2
    assert codes(seen) == []
    assert rows(seen)[1][:3] == (NAME, "1", "ep1")


def test_workers_that_wait_for_a_gpu_cost_nothing(stage: Stage) -> None:
    stage.deploy("a")
    stage.fake.platform.has_capacity = False
    stage.fake.platform.hand_in(stage.fake.platform.endpoints["ep1"], {})
    stage.clock.advance(60)
    assert look(stage).hourly == 0.0


def test_what_was_changed_by_others_is_named(stage: Stage) -> None:
    stage.deploy("a")
    endpoint = stage.fake.platform.endpoints["ep1"]
    stage.fake.platform.change_endpoint(endpoint, {"timeout": 1, "workers": {"max": 9}})
    assert look(stage).standings[0].drift == ("workers",), "what the file did not say is not looked at"
    assert codes(look(stage)) == ["endpoint-drifted"]


def test_values_of_a_release_that_was_stopped_are_not_shown_as_those_of_the_one_before(stage: Stage) -> None:
    stage.deploy("a")
    stage.stopped("b")
    seen = look(stage)
    assert rows(seen)[1][1] == "1 (2 begun)"
    assert seen.standings[0].image == image("b")
    (finding,) = found(seen)
    assert finding.message.endswith(
        "did not come to its end: its values are set, and release 1 of joe is the last one that was proved"
    )
    assert stage.rollback().ok
    assert rows(look(stage))[1][1] == "3"


def test_what_is_gone_is_named(stage: Stage) -> None:
    stage.deploy("a")
    stage.fake.platform.endpoints.clear()
    assert codes(look(stage)) == ["endpoint-gone"]


def test_what_bears_our_mark_and_is_in_no_record_is_named(stage: Stage) -> None:
    stage.fake.platform.create_endpoint(values("a", env={MARK: "joe/9/ff"}, workers={"min": 1, "max": 1}))
    stage.fake.platform.create_endpoint(values("b", env={}, workers={"min": 1, "max": 1}))
    seen = look(stage)
    assert [(one.role, one.id) for one in seen.running] == [("stray", "ep1")]
    assert codes(seen) == ["endpoint-stray"]


def test_what_another_name_has_is_nobodys_stray(stage: Stage) -> None:
    stage.deploy("a")
    made = stage.fake.platform.create_endpoint(values("b", name="ann", env={MARK: "ann/1/ff"}))
    wanted = {**values("b"), "name": "ann"}
    release = replace(stage.history.releases[0], name="ann", endpoint=made.id, marks=("ann/1/ff",), wanted=wanted)
    ann = History("ann", stage.data / "deploys" / "ann", (release,))
    seen = survey_endpoints(stage.runpod, (stage.history, ann), (NAME,))
    assert [(one.role, one.id) for one in seen.running] == [("in-use", "ep1")]
    assert [one.role for one in survey_endpoints(stage.runpod, (stage.history, ann)).running] == ["in-use", "in-use"]
    assert stage.deploy("a").costs == ("endpoint ep1 (joe), in use: 1 idle worker, $1.10 an hour",)


def test_a_variable_that_was_changed_by_others_is_named(stage: Stage) -> None:
    stage.deploy("a")
    endpoint = stage.fake.platform.endpoints["ep1"]
    stage.fake.platform.change_endpoint(endpoint, {"env": {**endpoint.config["env"], "MODEL": "ann"}})
    assert look(stage).standings[0].drift == ("env",)


def test_a_price_that_nobody_knows_is_not_made_up(stage: Stage) -> None:
    stage.deploy("a", workers={"min": 1, "max": 1})
    for gpu in stage.fake.platform.gpus:
        gpu["price"].pop("serverless")
    seen = look(stage)
    assert seen.hourly is None
    assert "of unknown price" in seen.running[0].words


def test_an_unfinished_release_is_an_error() -> None:
    assert found(Survey((Standing(NAME, None, None),))) == ()
    assert Running("project", "in-use", "joe-a", "host", {"running": 1}, 0, 0.0).words.endswith("1 running container")
