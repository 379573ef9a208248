"""Settings shown, flags drawn from them, findings in every form."""

from __future__ import annotations

import json

import pytest

from greenroom.settings import Settings
from tests.cli.conftest import Run


def test_every_setting_has_a_row_a_flag_and_an_origin(greenroom: Run) -> None:
    said = json.loads(greenroom("config", "--json").stdout)
    assert (said["schema"], said["ok"]) == ("greenroom/config/1", True)
    assert [row["name"] for row in said["result"]["settings"]] == list(Settings.model_fields)
    assert said["result"]["findings"] == []
    shown = greenroom("config", "--help").stdout
    assert all(f"--{name.replace('_', '-')}" in shown for name in Settings.model_fields)


def test_a_flag_wins_and_a_secret_stays_one(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENROOM_VOICE", "from-env")
    monkeypatch.setenv("HF_TOKEN", "hf_1234567")
    done = greenroom("config", "--voice", "from-flag")
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert rows["voice"] == ["from-flag", "flag", "--voice"]
    assert rows["hf_token"] == ["********", "environment", "HF_TOKEN"]
    assert "1234567" not in done.stdout + done.stderr


def test_findings_fail_and_come_in_every_form(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENROOM_VOCE", "x")
    text, as_json = greenroom("config"), greenroom("config", "--json")
    assert text.returncode == as_json.returncode == 1
    assert "did you mean GREENROOM_VOICE?" in text.stderr
    (finding,) = json.loads(as_json.stdout)["result"]["findings"]
    assert set(finding) == {"code", "severity", "path", "line", "message", "mend", "patch"}
    assert json.loads(greenroom("config", "--sarif").stdout)["version"] == "2.1.0"
    assert greenroom("config", "--github").stdout.startswith("::error title=setting-unknown::")
