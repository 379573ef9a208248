"""Releases on a host: beside what is in use, probed, switched to, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.errors import Cancelled
from greenroom.ship.deploy.deploying import deploy, prepare_deploy, rollback
from greenroom.ship.deploy.errors import HostFailed
from greenroom.ship.deploy.records import History
from greenroom.ship.deploy.reports import Report
from greenroom.ship.deploy.standing import Survey, found
from greenroom.ship.hosts import host
from greenroom.ship.hosts.host import Completed
from greenroom.ship.hosts.survey import survey_hosts
from greenroom.ship.hosts.target import HostAsked
from tests.ship.hosts.conftest import NAME, Machine, image


def codes(report: object) -> set[str]:
    return {finding.code for finding in report.findings}  # type: ignore[attr-defined]  # any kind of report


def soaking(machine: Machine, letter: str) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if "soak" in stage:
            raise Cancelled

    asked = HostAsked(NAME, machine.text(), machine.host, image(letter), soak_s=3600.0)
    assert deploy(machine.data, machine.target, asked, step=stop).outcome == "stopped"


def test_the_first_release_takes_the_port_of_the_file(machine: Machine) -> None:
    report = machine.deploy("a")
    assert (report.outcome, report.endpoint) == ("live", "joe-a")
    assert report.address == f"http://127.0.0.1:{machine.port}"
    assert machine.running == {"joe-a": image("a")}


def test_the_next_one_comes_beside_it_and_the_old_one_goes(machine: Machine) -> None:
    machine.deploy("a")
    report = machine.deploy("b")
    assert (report.outcome, report.endpoint) == ("live", "joe-b")
    assert report.address == f"http://127.0.0.1:{machine.port + 1}"
    assert machine.running == {"joe-b": image("b")}
    assert machine.deploy("c").endpoint == "joe-a"


def test_what_is_live_is_left_alone(machine: Machine) -> None:
    machine.deploy("a")
    assert machine.deploy("a").outcome == "unchanged"
    assert [words[3] for words in machine.asked if "up" in words] == ["joe-a"]


def test_volumes_are_shared_and_names_are_not(machine: Machine) -> None:
    machine.deploy("a", text=machine.text(container_name="joe", build="."))
    config = json.loads((machine.state / "joe-a.json").read_text())["config"]
    assert config["volumes"]["weights"]["name"] == "joe_weights"
    assert "name" not in config["networks"]["default"]
    assert not {"container_name", "build"} & config["services"]["joe"].keys()


@pytest.mark.parametrize(
    ("name", "why"), [("bad", "its container is exited"), ("sick", "it does not answer"), ("fails", "answered 500")]
)
def test_a_release_that_fails_never_meets_a_caller(machine: Machine, name: str, why: str) -> None:
    machine.deploy("a")
    machine.rollout_s = 60.0 if name == "fails" else 0.2
    canary = {"path": "/v1/audio/speech", "body": {"input": "Hello."}}
    report = machine.deploy("b", name, canary=canary)
    assert report.outcome == "reverted"
    assert why in report.why
    assert (report.endpoint, machine.running) == ("joe-a", {"joe-a": image("a")})


def test_the_log_of_a_container_that_ended_is_in_the_report(machine: Machine) -> None:
    report = machine.deploy("a", "bad")
    assert any("the model is not there" in line for step in report.steps for line in step.output)
    assert machine.running == {}


def test_rollback_is_the_release_before_in_the_other_slot(machine: Machine) -> None:
    machine.deploy("a")
    machine.deploy("b")
    report = machine.rollback()
    assert (report.outcome, report.number, report.image) == ("live", 3, image("a"))
    assert machine.running == {"joe-a": image("a")}
    assert machine.rollback().image == image("b")
    assert machine.rollback(1).image == image("a")


def test_a_rollback_in_the_soak_is_a_switch_back(machine: Machine) -> None:
    machine.deploy("a")
    soaking(machine, "b")
    assert machine.running == {"joe-a": image("a"), "joe-b": image("b")}
    report = machine.rollback()
    assert (report.outcome, report.endpoint) == ("live", "joe-a")
    assert report.left == "joe-b", "no switch sends callers back"
    assert machine.running == {"joe-a": image("a")}


def test_the_same_again_ends_the_soak_and_another_is_refused(machine: Machine) -> None:
    machine.deploy("a")
    soaking(machine, "b")
    assert codes(machine.deploy("c")) >= {"release-unfinished"}
    assert machine.deploy("b").outcome == "live"
    assert machine.running == {"joe-b": image("b")}


def test_zero_takes_everything_down(machine: Machine) -> None:
    machine.deploy("a")
    assert machine.rollback(0).outcome == "removed"
    assert machine.running == {}
    assert machine.deploy("b").endpoint == "joe-a"


def test_a_switch_is_run_with_the_port(machine: Machine, tmp_path: Path) -> None:
    proxy = tmp_path / "proxy"
    switch = f"cp /dev/null {proxy}-{{port}}"
    machine.deploy("a", switch=switch)
    assert machine.deploy("b", switch=switch).left is None, "callers are sent"
    assert Path(f"{proxy}-{machine.port}").exists()
    assert Path(f"{proxy}-{machine.port + 1}").exists()


def test_a_switch_that_fails_is_taken_back(machine: Machine) -> None:
    machine.deploy("a")
    report = machine.deploy("b", switch="false {port}")
    assert report.outcome == "reverted"
    assert "false" in report.why
    assert machine.running == {"joe-a": image("a")}


def test_behind_ssh_everything_goes_through_it(programs: Machine) -> None:
    programs.host = "me@machine"
    report = programs.deploy("a")
    assert report.outcome == "live"
    assert report.address == f"http://machine:{programs.port}"
    (first, *_) = programs.asked
    assert first[:5] == ["ssh", "-o", "BatchMode=yes", "me@machine", "--"]
    assert "hf_hush" not in str(programs.asked), "secrets go by standard input"


def test_a_machine_that_cannot_be_reached(programs: Machine) -> None:
    programs.host = "nobody@nowhere"
    report = programs.deploy("a")
    assert report.outcome == "refused"
    assert codes(report) == {"host-failed"}
    programs.host = "-oProxyCommand=x"
    assert codes(programs.deploy("a")) == {"input-invalid"}


def test_without_docker_it_says_so(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    assert codes(machine.deploy("a")) == {"host-failed"}


@pytest.mark.parametrize(("named", "code"), [("local/joe:1", "image-unpinned"), ("acme/joe:1", "image-digest-unknown")])
def test_an_image_of_that_machine_alone_is_taken_with_a_warning(machine: Machine, named: str, code: str) -> None:
    asked = HostAsked(NAME, machine.text(image=named))
    prepared = prepare_deploy(machine.data, machine.target, asked)
    assert [finding.code for finding in prepared.findings] == [code]


def test_one_that_falls_ill_in_the_soak_is_taken_back(machine: Machine) -> None:
    machine.deploy("a")
    # The switch is what makes it ill.
    report = machine.deploy("b", switch="curl -s http://127.0.0.1:{port}/sicken", soak_s=3600.0)
    assert (report.outcome, report.endpoint) == ("reverted", "joe-a")
    assert "became unhealthy" in report.why
    assert any("the model is not there" in line for step in report.steps for line in step.output), "its log"
    assert machine.running == {"joe-a": image("a")}


def test_another_machine_is_another_name(machine: Machine) -> None:
    """Else what runs on the first one would be known to nobody."""
    machine.deploy("a")
    machine.host = "me@machine"
    assert codes(machine.deploy("b")) == {"released-elsewhere"}
    machine.host = ""
    assert machine.rollback(0).outcome == "removed"
    assert codes(machine.rollback(0)) == {"rollback-impossible"}
    machine.host = "me@machine"
    assert machine.deploy("b").address.startswith("http://machine:")


def test_what_was_taken_down_comes_back(machine: Machine) -> None:
    machine.deploy("a")
    machine.rollback(0)
    report = machine.rollback()
    assert (report.outcome, report.image) == ("live", image("a"))
    assert machine.running == {"joe-a": image("a")}


def test_taking_down_is_gone_on_with_there(machine: Machine) -> None:
    machine.host = "me@machine"
    machine.deploy("a")

    def stop(stage: str, done: float, total: float) -> None:
        if "take down" in stage:
            raise Cancelled

    assert rollback(machine.data, machine.target, NAME, 0, step=stop).outcome == "stopped"
    machine.history.save(replace(machine.history.releases[-1], state="begun"))
    assert machine.rollback().outcome == "removed"
    assert (machine.history.releases[-1].before or {})["host"] == "me@machine"
    assert machine.running == {}


def test_a_canary_that_asks_for_nothing_is_refused(machine: Machine) -> None:
    assert codes(machine.deploy("a", canary={"text": "Hello."})) == {"input-invalid"}
    assert machine.running == {}


def test_what_would_be_started_is_shown_without_secrets(machine: Machine) -> None:
    (request,) = prepare_deploy(
        machine.data, machine.target, HostAsked(NAME, machine.text(), image=image("a"))
    ).requests
    assert request.path == "docker compose -p joe-a -f - up -d"
    assert request.body is not None
    assert request.body["services"]["joe"]["image"] == image("a")
    assert "hf_hush" not in str(request)


def test_a_machine_that_is_away_hides_no_other(machine: Machine) -> None:
    machine.deploy("a")
    away = replace(machine.history.releases[0], wanted={"host": "nobody@nowhere"})
    histories = [History(NAME, machine.history.folder, (away,)), machine.history]
    seen = survey_hosts(histories)
    assert [one.image for one in seen.standings] == [image("a")]
    assert [finding.code for finding in found(seen)] == ["host-failed"]


@pytest.mark.parametrize("text", ["{}", '{"services": {"joe": {"image": "x"}}}'])
def test_files_that_cannot_be_released(machine: Machine, text: str) -> None:
    assert machine.deploy("a", text=text).outcome == "refused"


def test_status_names_both_slots(machine: Machine) -> None:
    machine.deploy("a")
    soaking(machine, "b")
    standing, running = machine.target.survey(machine.history)
    assert [(one.id, one.role) for one in running] == [("joe-a", "beside"), ("joe-b", "in-use")]
    assert standing.image == image("b")
    assert "hf_hush" not in repr(standing)
    assert [finding.code for finding in found(Survey((standing,), running))] == ["soaking"]


class Killed(BaseException):
    """What ends a process that nothing in it can catch."""


def die_at(patch: pytest.MonkeyPatch, verb: str, *, has_acted: bool) -> None:
    """At the first ``docker compose up`` or ``down``: before its effect, or behind it. The others change nothing."""
    real = host._run

    def run(command: Sequence[str], text: str, timeout_s: float) -> Completed:
        is_it = verb in command
        if is_it and not has_acted:
            raise Killed
        done = real(command, text, timeout_s)
        if is_it:
            raise Killed
        return done

    patch.setattr(host, "_run", run)


def next_one(machine: Machine) -> Report:
    return machine.deploy("b")


def failing(machine: Machine) -> Report:
    machine.rollout_s = 0.2
    return machine.deploy("b", "sick")


def back(machine: Machine) -> Report:
    return machine.rollback()


@pytest.mark.parametrize("has_acted", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("verb", ["up", "down"])
@pytest.mark.parametrize(
    ("work", "goes_back"), [(next_one, False), (next_one, True), (failing, True), (back, False)],
    ids=["next-on", "next-back", "failing-back", "rollback-on"],
)  # fmt: skip
def test_killed_at_each_command(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    work: Callable[[Machine], Report],
    goes_back: bool,
    verb: str,
    has_acted: bool,
) -> None:
    machine.deploy("a")
    if work is back:
        machine.deploy("c")
    proved = machine.history.current
    assert proved is not None
    with monkeypatch.context() as patch, pytest.raises(Killed):
        die_at(patch, verb, has_acted=has_acted)
        work(machine)
    known = {one.id for one in machine.target.survey(machine.history)[1]}
    assert machine.running.keys() <= known, "nothing runs that is not named"
    is_under_way = machine.history.unfinished is not None
    report = machine.rollback() if goes_back and is_under_way else work(machine)
    assert report.ok, report
    current = machine.history.current
    assert current is not None
    assert list(machine.running.values()) == [current.image], "and it is the one that the record names"
    if work is not back:  # one that was killed behind its end goes forth again, as a second one does
        assert current.image == (proved.image if goes_back and is_under_way else image("b"))
    assert machine.history.unfinished is None


@pytest.mark.parametrize("has_acted", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("verb", ["up", "down"])
@pytest.mark.parametrize("goes_back", [False, True], ids=["on", "back"])
def test_the_machine_goes_away_at_each_command(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, goes_back: bool, verb: str, has_acted: bool
) -> None:
    """And stays away: the report says what is to be done, and that ends it."""
    machine.deploy("a")
    real, is_away = host._run, False

    def run(command: Sequence[str], text: str, timeout_s: float) -> Completed:
        nonlocal is_away
        is_it, was_away = verb in command, is_away
        is_away = is_away or is_it
        if not was_away and is_it and has_acted:
            real(command, text, timeout_s)
        if is_away:
            raise HostFailed("the machine cannot be reached", mend="try: ssh machine true")
        return real(command, text, timeout_s)

    with monkeypatch.context() as patch:
        patch.setattr(host, "_run", run)
        report = machine.deploy("b")
    assert report.outcome == ("unsettled" if verb == "up" else "live"), report
    assert "could not be looked up" in report.costs[0]
    if verb == "down":
        assert "old-left" in codes(report)
    elif goes_back:
        assert machine.rollback().ok
        assert machine.running == {"joe-a": image("a")}
    assert machine.deploy("b").ok
    assert machine.running == {"joe-b": image("b")}
