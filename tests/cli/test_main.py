"""The edge: help is quick, errors are words with a code, nothing of Python reaches a user."""

from __future__ import annotations

import errno
import importlib
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from greenroom.cli.main import VERBS, run
from tests.cli.conftest import Run

HEAVY = {"torch", "numpy", "pydantic", "rich", "av", "onnxruntime", "piper", "soundswallower", "google", "fastapi"}


def test_help_imports_nothing_heavy() -> None:
    """What --help costs is what it imports: click and the standard library."""
    command = [sys.executable, "-X", "importtime", "-m", "greenroom", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "click" in loaded
    assert not {name.split(".")[0] for name in loaded} & HEAVY
    others = {name for name in loaded if name.startswith("greenroom.")}
    assert others == {"greenroom.cli", "greenroom.cli.interrupts", "greenroom.cli.main", "greenroom.cli.output",
                      "greenroom.errors", "greenroom.findings", "greenroom.progress"}  # fmt: skip


@pytest.mark.parametrize("verb", ["speak", "restore"])
def test_a_verb_s_help_imports_no_model(verb: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "greenroom", verb, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert not loaded & (HEAVY - {"pydantic", "google"})


def test_the_table_of_verbs_says_what_the_verbs_say() -> None:
    for verb, summary in VERBS.items():
        command = getattr(importlib.import_module(f"greenroom.cli.{verb}"), verb)
        assert command.get_short_help_str(200) == summary.rstrip(".") or command.get_short_help_str(200) == summary


def test_no_arguments_is_help(greenroom: Run) -> None:
    done = greenroom()
    assert done.returncode == 0
    assert all(verb in done.stdout for verb in VERBS)


def test_version(greenroom: Run) -> None:
    assert re.fullmatch(r"greenroom \d+\.\d+\.\d+\n", greenroom("--version").stdout)


@pytest.mark.parametrize("typed", ["spaek", "Speak", "captions", "model"])
def test_a_mistyped_verb_is_answered_with_the_one_meant(greenroom: Run, typed: str) -> None:
    done = greenroom(typed)
    assert done.returncode == 2
    assert f"there is no verb '{typed}'" in done.stderr
    assert "did you mean" in done.stderr
    assert done.stdout == ""


def test_a_mistyped_flag_is_a_usage_error_in_words_and_in_json(greenroom: Run) -> None:
    done = greenroom("config", "--voise", "x")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--voice" in done.stderr
    said = json.loads(greenroom("config", "--voise", "x", "--json").stdout)
    assert said["ok"] is False
    assert set(said["error"]) == {"code", "message", "mend"}
    assert said["error"]["code"] == "input-invalid"


def test_an_unexpected_failure_shows_no_code_and_no_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("/secret/path")

    monkeypatch.setattr("greenroom.cli.main.greenroom.main", broken)
    assert run(["config"]) == 1
    shown = capsys.readouterr()
    assert "unexpected failure (KeyError)" in shown.err
    assert "Traceback" not in shown.err
    assert "secret" not in shown.err
    assert run(["config", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "failed"
    monkeypatch.setenv("GREENROOM_TRACEBACK", "1")
    with pytest.raises(KeyError):
        run(["config"])


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m greenroom models --all --json | head -c 10"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_leaves_words_and_no_file(tmp_path: Path, stop: signal.Signals) -> None:
    text = "One sentence after another, and each of them is long enough to take a while. " * 300
    command = [sys.executable, "-m", "greenroom", "speak", text, "-o", "long.wav", "--captions", "srt"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not any(path.suffix == ".part" for path in tmp_path.iterdir()):  # the file is begun, and the voice speaks
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(stop)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err.strip().splitlines()[-1] == "error: stopped before the end"
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_closed_standard_streams_are_no_failure_of_ours(tmp_path: Path) -> None:
    for closed in ("<&-", ">&-", "2>&-"):
        done = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m greenroom config {closed}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0
        assert "unexpected" not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", ["config", "config --json"])
def test_a_full_disk_behind_standard_output_is_said(arguments: str) -> None:
    command = [sys.executable, "-m", "greenroom", *arguments.split()]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert subprocess.run(command, stdout=full, stderr=full, check=False).returncode == 1
    assert done.returncode == 1
    assert done.stderr == "error: no room on the disk\n mend: free some, and run it again\n"


def test_a_full_disk_is_said_with_its_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "out.json")

    monkeypatch.setattr("greenroom.cli.main.greenroom.main", broken)
    assert run(["config", "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["message"]) == ("output-unwritable", "no room on the disk for 'out.json'")


def test_an_endless_pipe_is_refused(tmp_path: Path) -> None:
    command = f"yes | {sys.executable} -m greenroom speak -o x.wav"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "standard input holds more than 16,777,216 bytes" in done.stderr
