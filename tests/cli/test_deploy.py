"""``greenroom deploy``, ``rollback`` and ``status`` as a user types them, against a fake platform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from greenroom.ship.runpod.fake import Behaviour, FakeRunPod
from tests.cli.conftest import Run

IMAGE = f"127.0.0.1:9/joe@sha256:{'a' * 64}"
OTHER = f"127.0.0.1:9/fails-jobs@sha256:{'b' * 64}"
ENDPOINT = {"name": "joe", "image": IMAGE, "gpu": {"pools": ["ADA_24"]}, "env": {"API_KEY": "hush-hush"}}
CANARY = ("--canary", '{"text": "Hello."}')


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRunPod]:
    (tmp_path / "endpoint.json").write_text(json.dumps(ENDPOINT))
    with FakeRunPod() as started:
        started.platform.behave = {"fails": Behaviour(0, 0, answers=False), "joe": Behaviour(0, 0)}
        monkeypatch.setenv("RUNPOD_API_KEY", started.key)
        monkeypatch.setenv("GREENROOM_RUNPOD_URL", started.url)
        monkeypatch.setenv("GREENROOM_RUNPOD_POD_URL", started.pod_url)
        monkeypatch.setenv("GREENROOM_DATA", str(tmp_path / "data"))
        yield started


def result(text: str) -> Any:
    return json.loads(text)["result"]


def test_a_release_a_failure_and_a_rollback(greenroom: Run, fake: FakeRunPod) -> None:
    done = greenroom("deploy", "endpoint.json", *CANARY, "--poll-s", "0.05")
    assert done.returncode == 0
    assert done.stdout.startswith("deploy: release 1 of joe is live")
    assert "warning" in done.stderr, "findings are words"
    failed = greenroom("deploy", "endpoint.json", *CANARY, "--image", OTHER, "--poll-s", "0.05", "--json")
    assert failed.returncode == 1
    said = result(failed.stdout)
    assert (said["outcome"], said["number"]) == ("reverted", 2)
    assert [step["undo"] for step in said["steps"]] == ["ok", None, None]
    down = greenroom("rollback", "joe", "--to", "0", "--poll-s", "0.05")
    assert (down.returncode, fake.platform.endpoints) == (0, {})
    assert "took everything down" in down.stdout


def test_what_would_be_done_shows_no_secret_and_changes_nothing(greenroom: Run, fake: FakeRunPod) -> None:
    done = greenroom("deploy", "endpoint.json", *CANARY, "--plan")
    assert done.returncode == 0
    assert "POST /serverless" in done.stdout
    assert "hush-hush" not in done.stdout + done.stderr
    assert "secret-in-env" in done.stderr
    assert {seen.method for seen in fake.seen} == {"GET"}
    greenroom("deploy", "endpoint.json", *CANARY, "--poll-s", "0.05")
    planned = greenroom("rollback", "joe", "--to", "0", "--dry-run", "--json")
    assert result(planned.stdout)["requests"][0]["method"] == "DELETE"
    assert list(fake.platform.endpoints)


def test_checks_that_fail_end_with_one(greenroom: Run, fake: FakeRunPod) -> None:
    done = greenroom("deploy", "endpoint.json", *CANARY, "--max-hourly", "0.10")
    assert done.returncode == 1
    assert "above the limit of $0.10 an hour" in done.stderr
    assert fake.platform.endpoints == {}
    assert greenroom("deploy", "endpoint.json", "--plan").returncode == 1, "no canary"


def test_the_usual_canary_of_a_model(greenroom: Run, fake: FakeRunPod) -> None:
    assert greenroom("deploy", "endpoint.json", "--model", "voice-joe", "--poll-s", "0.05").returncode == 0
    (job,) = next(iter(fake.platform.endpoints.values())).jobs.values()
    assert list(job.inputs) == ["text"]
    assert "canary-missing" in greenroom("deploy", "endpoint.json", "--model", "f5tts-v1-base", "--plan").stderr


def test_status_for_people_and_machines(greenroom: Run, fake: FakeRunPod, tmp_path: Path) -> None:
    assert "nothing was deployed" in greenroom("status").stdout
    greenroom("deploy", "endpoint.json", *CANARY, "--poll-s", "0.05")
    done = greenroom("status", "joe")
    assert done.returncode == 0
    assert "endpoint ep1 (joe), in use: 1 idle worker, $1.10 an hour" in done.stdout
    assert "unknown-name" in greenroom("status", "jo", "--json").stdout
    machine = greenroom("status", "--json").stdout
    assert result(machine)["hourly"] == 1.1
    assert "hush-hush" not in machine
    (tmp_path / "data" / "deploys" / "joe" / "0001.json").write_text("{")
    damaged = greenroom("status")
    assert damaged.returncode == 1
    assert "0001.json" in damaged.stderr
    assert "endpoint ep1 (joe), marked as greenroom's" in damaged.stdout, "and what it made is named"


def test_what_is_gone_ends_with_one(greenroom: Run, fake: FakeRunPod) -> None:
    greenroom("deploy", "endpoint.json", *CANARY, "--poll-s", "0.05")
    fake.platform.endpoints.clear()
    assert greenroom("status").returncode == 1


def test_a_pod_from_the_same_file_with_another_type(greenroom: Run, fake: FakeRunPod, tmp_path: Path) -> None:
    pod = {**ENDPOINT, "type": "POD", "gpu": {"id": "NVIDIA L4"}, "ports": ["7860/http"]}
    (tmp_path / "endpoint.json").write_text(json.dumps(pod))
    planned = greenroom("deploy", "endpoint.json", "--plan")
    assert (planned.returncode, fake.platform.pods) == (0, {})
    assert "POST /pods" in planned.stdout
    assert "hush-hush" not in planned.stdout + planned.stderr
    for image in (IMAGE, IMAGE.replace("a" * 64, "c" * 64)):
        flags = ("--poll-s", "0.05", "--soak-s", "0", "--stop-old", "--image", image)
        done = greenroom("deploy", "endpoint.json", *flags)
        assert done.returncode == 0, done.stderr
    assert "pod pod2 (joe), in use: running, $0.41 an hour" in greenroom("status", "joe").stdout
    assert greenroom("rollback", "joe", "--poll-s", "0.05").returncode == 0
    assert greenroom("rollback", "joe", "--to", "0", "--poll-s", "0.05").returncode == 0
    assert fake.platform.pods == {}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("deploy", "absent.json"), 1, "file-unreadable"),
        (("deploy", "endpoint.json", "--canary", "[]"), 2, "input-invalid"),
        (("deploy", "endpoint.json", "--model", "joe"), 2, "unknown-name"),
        (("deploy", "endpoint.json", "--runpod-url", "http://api.example/v2"), 2, "input-invalid"),
        (("rollback", "../joe"), 2, "input-invalid"),
        (("status", "joe"), 2, "input-invalid"),
    ],
)
def test_what_is_wrong_is_said(
    greenroom: Run, fake: FakeRunPod, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = greenroom(*arguments, "--json")
    assert done.returncode == code
    error = json.loads(done.stdout)["error"]
    assert error["code"] == words
    assert error["mend"]


@pytest.mark.parametrize(
    ("kind", "flags", "words"),
    [
        ("POD", ("--adopt",), "--adopt is for a RunPod endpoint, and the file is for a RunPod pod"),
        ("POD", ("--blue-green",), "--blue-green is for a RunPod endpoint"),
        ("POD", ("--switch", "x {port}"), "--switch is for a compose host"),
        ("QUEUE", ("--stop-old",), "--stop-old is for a RunPod pod, and the file is for a RunPod endpoint"),
        ("QUEUE", ("--share-volume",), "--share-volume is for a RunPod pod"),
        ("QUEUE", ("--probe", "/readyz"), "--probe is for a RunPod pod or a compose host"),
        ("QUEUE", ("--soak-s", "600"), "add --blue-green"),
        ("compose", ("--max-hourly", "1"), "the file is for a compose host"),
        ("compose", ("--model", "voice-joe"), "leave --model out"),
    ],
)
def test_options_that_would_change_nothing_are_refused(
    greenroom: Run, fake: FakeRunPod, tmp_path: Path, kind: str, flags: tuple[str, ...], words: str
) -> None:
    file = "compose.yaml" if kind == "compose" else "endpoint.json"
    if kind == "POD":
        pod = {**ENDPOINT, "type": "POD", "gpu": {"id": "NVIDIA L4"}, "ports": ["7860/http"]}
        (tmp_path / file).write_text(json.dumps(pod))
    done = greenroom("deploy", file, *flags, "--plan")
    assert done.returncode == 2
    assert words in done.stderr
    assert fake.seen == []


def test_without_a_key(greenroom: Run, fake: FakeRunPod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNPOD_API_KEY")
    done = greenroom("deploy", "endpoint.json", *CANARY)
    assert done.returncode == 2
    assert "RUNPOD_API_KEY" in done.stderr
    assert greenroom("status").returncode == 2
