"""Releases on a host: beside what is in use, probed, switched to, and back."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from greenroom.errors import Cancelled
from greenroom.ship.deploy.standing import Survey, found
from greenroom.ship.hosts import host
from greenroom.ship.hosts.deploying import HostAsked, deploy, prepare_deploy
from greenroom.ship.hosts.host import Completed
from greenroom.ship.hosts.standing import survey_host
from tests.ship.hosts.conftest import NAME, Machine, image


def codes(report: object) -> set[str]:
    return {finding.code for finding in report.findings}  # type: ignore[attr-defined]  # any kind of report


def soaking(machine: Machine, letter: str) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if "soak" in stage:
            raise Cancelled

    asked = HostAsked(NAME, machine.text(), machine.host, image(letter), soak_s=3600.0)
    assert deploy(machine.place, asked, step=stop).outcome == "stopped"


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
    machine.deploy("b", switch=switch)
    assert Path(f"{proxy}-{machine.port}").exists()
    assert Path(f"{proxy}-{machine.port + 1}").exists()


def test_a_switch_that_fails_is_taken_back(machine: Machine) -> None:
    machine.deploy("a")
    report = machine.deploy("b", switch="false {port}")
    assert report.outcome == "reverted"
    assert "false" in report.why
    assert machine.running == {"joe-a": image("a")}


def test_behind_ssh_everything_goes_through_it(machine: Machine) -> None:
    machine.host = "me@machine"
    report = machine.deploy("a")
    assert report.outcome == "live"
    assert report.address == f"http://machine:{machine.port}"
    (first, *_) = machine.asked
    assert first[:5] == ["ssh", "-o", "BatchMode=yes", "me@machine", "--"]
    assert "hf_hush" not in str(machine.asked), "secrets go by standard input"
    assert machine.deploy("b").outcome == "live"
    assert machine.rollback().image == image("a")


def test_a_machine_that_cannot_be_reached(machine: Machine) -> None:
    machine.host = "nobody@nowhere"
    report = machine.deploy("a")
    assert report.outcome == "refused"
    assert codes(report) == {"host-failed"}
    machine.host = "-oProxyCommand=x"
    assert codes(machine.deploy("a")) == {"input-invalid"}


def test_without_docker_it_says_so(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    assert codes(machine.deploy("a")) == {"host-failed"}


def test_an_image_of_that_machine_alone_is_taken_with_a_warning(machine: Machine) -> None:
    asked = HostAsked(NAME, machine.text(image="local/joe:1"))
    assert [finding.code for finding in prepare_deploy(machine.place, asked).findings] == ["image-unpinned"]
    asked = HostAsked(NAME, machine.text(image="acme/joe:1"))
    assert [finding.code for finding in prepare_deploy(machine.place, asked).findings] == ["image-digest-unknown"]


@pytest.mark.parametrize("text", ["{}", '{"services": {"joe": {"image": "x"}}}'])
def test_files_that_cannot_be_released(machine: Machine, text: str) -> None:
    assert machine.deploy("a", text=text).outcome == "refused"


def test_status_names_both_slots(machine: Machine) -> None:
    machine.deploy("a")
    soaking(machine, "b")
    standing, running = survey_host(machine.history)
    assert [(one.id, one.role) for one in running] == [("joe-a", "beside"), ("joe-b", "in-use")]
    assert standing.image == image("b")
    assert "hf_hush" not in repr(standing)
    assert [finding.code for finding in found(Survey((standing,), running, 0.0))] == ["soaking"]


class Killed(BaseException):
    """What ends a process that nothing in it can catch."""


@pytest.mark.parametrize("back", [False, True], ids=["go on", "go back"])
def test_killed_at_each_command(machine: Machine, monkeypatch: pytest.MonkeyPatch, back: bool) -> None:
    machine.deploy("a")
    real, commands = host._run, []

    def dies_at(number: int, has_acted: bool) -> Callable[[Sequence[str], str, float], Completed]:
        left = [number]

        def run(command: Sequence[str], text: str, timeout_s: float) -> Completed:
            commands.append(command)
            left[0] -= 1
            if left[0] == 0 and not has_acted:
                raise Killed
            done = real(command, text, timeout_s)
            if left[0] == 0:
                raise Killed
            return done

        return run

    def attempt(letter: str, number: int, has_acted: bool) -> None:
        commands.clear()
        with monkeypatch.context() as patch:
            patch.setattr(host, "_run", dies_at(number, has_acted))
            machine.deploy(letter)

    letters = itertools.cycle("bcdef")
    attempt(next(letters), 0, False)
    for number, command in enumerate(list(commands), 1):
        changes_something = bool({"up", "down"} & set(command))
        if back and not changes_something:
            continue  # the same state as behind the change before
        proved, letter = machine.history.current, next(letters)
        assert proved is not None
        with pytest.raises(Killed):
            attempt(letter, number, has_acted=changes_something)
        under_way = machine.history.unfinished is not None
        report = machine.rollback() if back and under_way else machine.deploy(letter)
        assert report.ok, (number, report)
        wanted = proved.image if back and under_way else image(letter)
        assert list(machine.running.values()) == [wanted], (number, command)
        assert machine.history.unfinished is None
