"""``greenroom diagnose``: findings with places, in every form; exit 1 when something is broken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.conftest import Run

CORPUS = Path(__file__).parents[1] / "corpus" / "builds"


def test_the_missing_redirect(greenroom: Run) -> None:
    folder = CORPUS / "b23"
    done = greenroom("diagnose", str(folder))
    assert done.returncode == 1
    assert f"{folder}/Dockerfile:8: error: the build prints this line instead of writing it" in done.stderr
    assert ">> /srv/start.sh && \\" in done.stderr
    assert done.stdout == "1 error, 1 remark\n"


def test_a_healthy_recipe(greenroom: Run) -> None:
    done = greenroom("diagnose", str(CORPUS / "b14"))
    assert done.returncode == 0
    assert "error:" not in done.stderr


def test_every_form(greenroom: Run) -> None:
    folder = str(CORPUS / "b23")
    said = json.loads(greenroom("diagnose", folder, "--json").stdout)
    assert said["schema"] == "greenroom/diagnose/1"
    assert said["result"]["broken"]
    assert said["result"]["findings"][0]["patch"]["safe"]
    (result, _) = json.loads(greenroom("diagnose", folder, "--sarif").stdout)["runs"][0]["results"]
    assert result["ruleId"] == "redirect-missing"
    assert result["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"]["startLine"] == 8
    assert greenroom("diagnose", folder, "--github").stdout.startswith("::error file=")
    assert greenroom("diagnose", folder, "--diff").stdout.startswith("--- a/Dockerfile\n+++ b/Dockerfile\n")


def test_fix_mends_what_is_safe(greenroom: Run, tmp_path: Path) -> None:
    folder = tmp_path / "recipe"
    shutil.copytree(CORPUS / "b23", folder)
    done = greenroom("diagnose", str(folder), "--fix")
    assert done.returncode == 0
    assert f"fixed: {folder}/Dockerfile: redirect-missing" in done.stderr
    assert "echo 'exec python3 /srv/server.py' >> /srv/start.sh && \\" in (folder / "Dockerfile").read_text()


def test_no_folder(greenroom: Run, tmp_path: Path) -> None:
    done = greenroom("diagnose", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "is no folder" in done.stderr


def test_an_empty_folder_and_two_wishes_at_once(greenroom: Run, tmp_path: Path) -> None:
    done = greenroom("diagnose", str(tmp_path))
    assert done.returncode == 2
    assert "there is nothing to read" in done.stderr
    done = greenroom("diagnose", str(CORPUS / "b23"), "--fix", "--diff")
    assert done.returncode == 2
    assert "give one of them" in done.stderr
