"""``greenroom rehearse``: what it prints of a rehearsal, and how it ends."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from greenroom.findings import Finding
from greenroom.models import rehearsing
from greenroom.models.rehearsed import ColdStart, Rehearsed, SizeFit, StageRun
from tests.cli.conftest import Run

GB = 1_000_000_000
PASSED = Rehearsed(
    model="f5tts-v1-base",
    passed=True,
    device="cuda:0",
    precision="fp16",
    size="10s",
    tiny=False,
    invented=True,
    stages=(
        StageRun("libraries", "ran", 2.5, None, None, "torch 2.11.0"),
        StageRun("sampling", "ran", 12.25, 0.125, GB, "1,434 frames, 32 of 32 steps"),
    ),
    free=79 * GB,
    total=80 * GB,
    device_peak=GB,
    host_peak=2 * GB,
    sizes=(
        SizeFit("1s", "1 s of speech", fits=True, bytes=None, source="predicted"),
        SizeFit("10s", "10 s of speech", fits=True, bytes=GB, source="measured"),
        SizeFit("30s", "30 s of speech", fits=False, bytes=90 * GB, source="predicted"),
        SizeFit("10sx8", "8 texts", fits=False, bytes=None, source="measured"),
        SizeFit("10sx32", "32 texts", fits=None, bytes=None, source=None),
    ),
    cold_start=ColdStart(start_s=2.5, read_bytes=GB, read_rate=200_000_000, read_s=5.0, total_s=7.5),
    findings=(),
)


def test_a_rehearsal_is_a_table_with_what_follows_from_it(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsing, "rehearse", lambda name, **asked: PASSED)
    done = greenroom("rehearse", "f5tts-v1-base")
    assert done.returncode == 0
    assert [" ".join(line.split()) for line in done.stdout.splitlines()] == [
        "f5tts-v1-base on cuda:0, invented weights, fp16, 10s: passed",
        "",
        "stage first second GPU memory did",
        "libraries 2.500 s torch 2.11.0",
        "sampling 12.2 s 0.125 s 1.00 GB 1,434 frames, 32 of 32 steps",
        "",
        "GPU memory 1.00 GB at most, of 79.0 GB that were free",
        "host memory 2.00 GB at most",
        "sizes 1s, 1 s of speech: fits (predicted, from a larger one)",
        "10s, 10 s of speech: fits, 1.00 GB (measured)",
        "30s, 30 s of speech: does not fit, about 90.0 GB (predicted)",
        "10sx8, 8 texts: does not fit (measured)",
        "10sx32, 32 texts: not measured",
        "cold start 7.5 s (predicted): start and warm-up 2.5 s, 1.00 GB of weights at 200 MB a second 5.0 s",
    ]


def test_what_is_asked_for_is_handed_on(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def rehearse(name: str, **more: object) -> Rehearsed:
        asked.update(more, name=name)
        return PASSED

    monkeypatch.setattr(rehearsing, "rehearse", rehearse)
    greenroom("rehearse", "e2tts-base", "--size", "30s", "--precision", "fp32", "--device", "cuda:1", "--tiny")
    asked.pop("step")
    assert asked == {"name": "e2tts-base", "size": "30s", "precision": "fp32", "device": "cuda:1", "tiny": True}


def test_a_failure_is_a_finding_and_ends_with_1(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rjieba", None)
    done = greenroom("rehearse", "f5tts-v1-base", "--tiny", "--device", "cpu")
    assert done.returncode == 1
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["libraries", "failed"] in lines
    assert ["encode", "not", "run"] in lines
    assert done.stderr.splitlines() == [
        "error: libraries: rjieba is not installed [extra-missing]",
        '  mend: pip install "greenroom[models]"',
    ]


def test_json_holds_all_of_it(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = greenroom("rehearse", "f5tts-v1-base", "--tiny", "--device", "cpu", "--json")
    assert done.returncode == 0
    said = json.loads(done.stdout)
    assert said["schema"] == "greenroom/rehearse/1"
    result = said["result"]
    assert result["passed"]
    assert result["tiny"]
    assert {stage["state"] for stage in result["stages"]} == {"ran"}
    assert all(stage["second_s"] > 0 for stage in result["stages"] if stage["name"] in ("prompt", "sampling"))

    told = Finding("out-of-memory", "error", "sampling: memory ran out", "take less")
    failed = replace(PASSED, passed=False, findings=(told,))
    monkeypatch.setattr(rehearsing, "rehearse", lambda name, **asked: failed)
    done = greenroom("rehearse", "f5tts-v1-base", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["result"]["findings"][0]["code"] == "out-of-memory"
    assert done.stderr == ""


def test_a_model_that_is_not_here_yet_says_which_are(greenroom: Run) -> None:
    done = greenroom("rehearse", "wan21-vae")
    assert done.returncode == 2
    assert "wan21-vae cannot be rehearsed yet" in done.stderr
    assert "voice-joe" in done.stderr
