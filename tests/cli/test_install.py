"""``greenroom install``, as a user sees it. What it does is tested in tests/machine/environments."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from greenroom.cli.main import run
from greenroom.machine.environments import own_wheel
from tests.machine.environments import conftest as environments
from tests.machine.environments.index import Index
from tests.machine.environments.index import own_wheel as made_up

served, index = environments.served, environments.index


@pytest.fixture(autouse=True)
def _made_up_greenroom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_wheel, "pack", made_up)


def test_it_says_what_to_run_and_warns_of_what_is_missing(
    index: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del index.wheels["gamma-1.0-py3-none-any.whl"]
    assert run(["install", "voice-joe", "--into", str(tmp_path / "e")]) == 0
    shown = capsys.readouterr()
    assert f"run    {tmp_path}/e/current/bin/greenroom" in shown.out
    assert "is built and checked: 3 packages" in shown.out
    assert "warning: without serve: " in shown.err

    assert run(["install", "--list", "--into", str(tmp_path / "e"), "--json"]) == 0
    (known,) = json.loads(capsys.readouterr().out)["result"]["environments"]
    assert known["use"] == "current"
    assert known["marker"]["parts"] == ["voice"]

    assert run(["install", "--undo", "--into", str(tmp_path / "e"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "nothing-to-undo"


def test_a_plan_is_shown_in_rows(index: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["install", "voice-joe", "--dry-run", "--into", str(tmp_path / "e")]) == 0
    sizes, _, plan = capsys.readouterr().out.partition("\n\n")
    rows = [line.split()[0] for line in sizes.splitlines()]
    assert rows == ["environment", "download", "unpacked", "environments", "cache", "temp"]
    assert plan.startswith("# Plan: install\n\n## Phase 1: lock")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no model is named"),
        (["--undo", "--list"], "--undo and --list stand alone"),
        (["--undo", "voice-joe"], "--undo and --list stand alone"),
        (["voice-jo"], "voice-jo"),
        (["wan21-vae"], "cannot be served yet"),
        (["voice-joe", "--with", "gogle"], "did you mean google?"),
    ],
)
def test_a_wrong_command_line_is_said(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["install", *arguments, "--into", str(tmp_path)]) == 2
    assert words in capsys.readouterr().err
