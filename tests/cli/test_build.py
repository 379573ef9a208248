"""``greenroom build``, as a user sees it. What it writes and proves is tested in tests/ship."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.ship.prove import conftest as proving
from tests.ship.prove.conftest import Script
from tests.ship.prove.test_proving import SERVER

engine, folder, port, script = proving.engine, proving.folder, proving.port, proving.script


def test_an_image_is_written_once_and_then_left_alone(greenroom: Run, tmp_path: Path) -> None:
    first = greenroom("build", "voice-joe", "-o", "image", "--no-lock")
    assert first.returncode == 0
    assert "9 files written" in first.stdout
    assert "Debian 12 brings Python 3.11" in first.stdout
    assert (tmp_path / "image" / "start.sh").stat().st_mode & 0o111
    again = json.loads(greenroom("build", "voice-joe", "-o", "image", "--no-lock", "--json").stdout)
    assert again["result"]["written"]["written"] == []
    (tmp_path / "image" / "README.md").unlink()
    one = greenroom("build", "voice-joe", "-o", "image", "--no-lock").stdout.splitlines()[0]
    assert one == "1 file written to image, 8 as before"
    (tmp_path / "image" / "start.sh").write_text("mine")
    refused = greenroom("build", "voice-joe", "-o", "image", "--no-lock")
    assert refused.returncode == 2
    assert "start.sh" in refused.stderr
    assert greenroom("build", "voice-joe", "-o", "image", "--no-lock", "--force").returncode == 0


def test_where_no_lock_can_be_made_it_is_said_and_releases_are_pinned(
    greenroom: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_NO_CACHE", "1")
    done = greenroom("build", "voice-joe", "-o", "image")
    assert done.returncode == 0
    assert "warning: pinned without hashes: the index does not answer" in done.stderr
    assert "releases are pinned, and not their hashes" in done.stdout


def test_the_plan_is_shown_and_nothing_is_done(greenroom: Run, tmp_path: Path) -> None:
    shown = greenroom("build", "voice-joe", "-o", "image", "--no-lock", "--dry-run")
    assert shown.stdout == greenroom("build", "voice-joe", "-o", "image", "--no-lock", "--plan").stdout
    assert shown.stdout.startswith("# Plan: build\n\n## Phase 1: files")
    assert not (tmp_path / "image").exists()


@pytest.mark.usefixtures("port")
def test_a_proof_passes_or_ends_with_1_and_pushes_nothing(
    greenroom: Run, folder: Path, script: Script, engine: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from greenroom.ship.prove import engine as engines

    monkeypatch.setattr(engines, "find_engine", lambda prefer: engine)
    asked = ("build", "-o", folder, "--prove", "--scenario", "no-network", "--image")
    passed = greenroom(*asked, script(SERVER))
    assert passed.returncode == 0
    assert "proven" in passed.stdout
    assert "no-network  listened" in passed.stdout
    failed = greenroom(*asked, script("#!/bin/sh\n"), "--push", "registry.example/it:1", "--json")
    assert failed.returncode == 1
    result = json.loads(failed.stdout)["result"]
    assert result["pushed"] is None
    assert result["proof"]["findings"][0]["code"] == "port-absent"
    shown = greenroom(*asked, script("#!/bin/sh\n"), "--github")
    assert shown.stdout.startswith(f"::error file={folder}/Dockerfile,line=4,title=port-absent::")


def test_a_lock_that_is_not_there_is_named_with_a_mend(greenroom: Run) -> None:
    done = greenroom("build", "voice-joe", "-o", "image", "--lock", "nofile", "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "file-unreadable"
    assert error["message"] == "the lock 'nofile' cannot be read: no such file or directory"
    assert "leave --lock out" in error["mend"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["voice-joe"], "-o"),
        (["-o", "image"], "no model is named"),
        (["-o", "image", "--prove", "--gpu", "ADA_24"], "no model is named"),
        (["voice-joe", "-o", "image", "--scenario", "low-disk"], "add --prove"),
        (["f5tts-v1-base", "-o", "image"], "none is named"),
        (["voice-joe", "-o", "image", "--lock", "pylock.toml", "--no-lock"], "exclude each other"),
        (["voice-joe", "-o", "image", "--push", "a b"], "is no place for an image"),
    ],
)
def test_a_wrong_command_line_is_said(greenroom: Run, arguments: list[str], words: str) -> None:
    done = greenroom("build", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
