"""``greenroom doctor``: a machine in a table, findings behind it, verdicts last."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.machine import probe as probing
from greenroom.machine.host import Host
from tests.cli.conftest import Run
from tests.machine.hosts import GB, as_long_as_it_takes, disks, gpu, host

Finds = Callable[[Host], None]


@pytest.fixture(autouse=True)
def _as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    as_long_as_it_takes(monkeypatch)


@pytest.fixture
def finds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Finds:
    """Let doctor find an invented machine, and no weights."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))

    def let(found: Host) -> None:
        monkeypatch.setattr(probing, "probe", lambda *_, **__: found)

    return let


def test_a_healthy_machine(greenroom: Run, finds: Finds) -> None:
    finds(host("L4"))
    done = greenroom("doctor")
    assert done.returncode == 0
    rows = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    assert rows["gpu"].endswith("0: NVIDIA L4, 23.5 GB free of 24.0 GB, sm_89")
    assert rows["driver"].endswith("580.95.05")
    assert rows["torch"].endswith("2.11.0+cu130, CUDA 13.0")
    assert done.stderr == "nothing was found wrong\n"


def test_an_error_fails_and_verdicts_come_last(greenroom: Run, finds: Finds) -> None:
    finds(host("H100", driver="550.54.15"))
    done = greenroom("doctor", "f5tts-v1-base", "voice-joe")
    assert done.returncode == 1
    assert "[driver-old]" in done.stderr
    assert "f5tts-v1-base  fits: fp16 on cuda:0 (NVIDIA H100 80GB HBM3, 84.5 GB free of 85.0 GB)" in done.stdout
    assert done.stdout.index("hub token") < done.stdout.index("f5tts-v1-base") < done.stdout.index("voice-joe")
    assert "  to fetch     1.40 GB" in done.stdout


def test_warnings_do_not_fail(greenroom: Run, finds: Finds) -> None:
    finds(host(gpu("4090", memory_free=2 * GB)))
    done = greenroom("doctor")
    assert done.returncode == 0
    assert "warning: 23.0 GB of 25.0 GB on GPU 0" in done.stderr


def test_every_form(greenroom: Run, finds: Finds) -> None:
    finds(host("V100"))
    done = greenroom("doctor", "f5tts-v1-base", "--json")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said["schema"] == "greenroom/doctor/1"
    assert said["result"]["host"]["gpus"][0]["capability"] == [7, 0]
    assert [finding["code"] for finding in said["result"]["findings"]] == ["torch-no-kernels"]
    assert said["result"]["fits"][0]["verdict"] == "fits"
    assert json.loads(greenroom("doctor", "--sarif").stdout)["runs"][0]["results"][0]["ruleId"] == "torch-no-kernels"
    assert greenroom("doctor", "--github").stdout.startswith("::error title=torch-no-kernels::")


def test_a_document_of_no_findings_is_one(greenroom: Run, finds: Finds) -> None:
    finds(host("L4"))
    assert json.loads(greenroom("doctor", "--sarif").stdout)["runs"][0]["results"] == []
    assert greenroom("doctor", "--github").stdout == ""


def test_a_user_without_a_home_is_told_so(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", nobody)
    done = greenroom("doctor")
    assert done.returncode == 2
    assert "mend: set HOME to a folder" in done.stderr


def test_fix_says_what_it_did(greenroom: Run, tmp_path: Path) -> None:
    flags = ("--data", tmp_path / "data", "--weights", tmp_path / "weights", "--port", "0")
    assert "[weights-folder-missing]" in greenroom("doctor", *flags).stderr
    mended = greenroom("doctor", *flags, "--fix").stderr
    assert f"fixed: {tmp_path / 'weights'} is made" in mended
    assert "weights-folder-missing" not in mended


def test_an_unknown_model_is_refused(greenroom: Run) -> None:
    done = greenroom("doctor", "f5tts-v1")
    assert done.returncode == 2
    assert "did you mean f5tts-v1-base?" in done.stderr


def test_the_page_shows_what_doctor_says(greenroom: Run, finds: Finds) -> None:
    finds(host("L4", driver="550.54.15", disks=disks(weights={"free": 30 * GB})))
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()
    (shown,) = re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    done = greenroom("doctor", "steadydancer-14b")
    said = [line.removeprefix("/root/.cache/huggingface/hub: ") for line in (done.stdout + done.stderr).splitlines()]
    assert [line for line in shown.splitlines() if line not in said] == []


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "greenroom", "doctor", "voice-joe", "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "greenroom.machine.fit" in loaded
    assert not loaded & {"torch", "numpy", "huggingface_hub", "httpx", "onnxruntime", "av"}
