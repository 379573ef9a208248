"""``greenroom worker`` away from the platform: one job is tried, or it is said where it belongs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

NOOP = "tests.serve.models:Noop"


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


def test_without_a_platform_it_says_so(greenroom: Run) -> None:
    done = greenroom("worker", NOOP)
    assert (done.returncode, done.stdout) == (2, "")
    assert "RUNPOD_WEBHOOK_GET_JOB is not set" in done.stderr
    assert "--test-input" in done.stderr


@pytest.mark.parametrize("given", ['{"text": "hello"}', '{"input": {"text": "hello"}}'])
def test_one_job_is_tried_without_a_platform(greenroom: Run, given: str) -> None:
    done = greenroom("worker", NOOP, "--test-input", given, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"] == {"output": {"echo": {"text": "hello"}}, "artifacts": []}


@pytest.mark.parametrize(
    ("given", "said"),
    [("{", "--test-input is no JSON"), ("[]", "--test-input is no object"), ('{"txet": 1}', "no input 'txet'")],
)
def test_an_input_that_cannot_be_is_refused(greenroom: Run, given: str, said: str) -> None:
    done = greenroom("worker", NOOP, "--test-input", given)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_does_not_load_is_an_error_in_words(greenroom: Run) -> None:
    done = greenroom("worker", "tests.serve.models:BadLoad", "--test-input", "{}")
    assert done.returncode == 1
    assert "the weights are not there" in done.stderr
    assert "error: " in done.stderr
