"""What the page on the ledger says beside its console: commands for git, workflows, a hook, codes of findings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import ROOT

_PAGE = (ROOT / "docs" / "ledger.md").read_text()
_CODES = re.compile(r"(?:Finding|_finding|_Size|found)\(\s*\"([a-z]+(?:-[a-z]+)+)\"")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", _PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def lanterns(tmp_path: Path) -> Path:
    """A repository with a ledger as the page has it: on a branch that comes from main, and an earlier one beside it."""
    folder = tmp_path / "lanterns"
    folder.mkdir()
    (folder / "lantern.py").write_bytes((ROOT / "docs" / "examples" / "ledger" / "lantern.py").read_bytes())
    assert run("greenroom ledger init", folder).returncode == 0
    assert run("cp -r . ../earlier", folder).returncode == 0
    begun = "git init -q -b main; git add .; git -c user.name=Ada -c user.email=ada@example.com commit -q -m Begun"
    assert (
        run(f"{begun}; git update-ref refs/remotes/origin/main main; git checkout -q -b work", folder).returncode == 0
    )
    return folder


def run(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_line_of_a_block_runs_in_a_repository(lanterns: Path) -> None:
    lines = "".join(blocks("bash")).splitlines()
    assert lines
    for line in lines:
        done = run(line, lanterns)
        assert (done.returncode, done.stdout) == (0, "nothing was found wrong\n"), (line, done.stderr)


def test_what_workflows_run_says_what_is_wrong_and_where(lanterns: Path) -> None:
    workflows: list[dict[str, Any]] = [block for text in blocks("yaml") if "jobs" in (block := yaml.safe_load(text))]
    steps = [step for workflow in workflows for step in workflow["jobs"]["ledger"]["steps"] if "run" in step]
    annotated, alerted = (step for step in steps if "greenroom ledger" in step["run"])
    assert [step["run"] for step in steps if step not in (annotated, alerted)] == ["pip install greenroom"] * 2
    assert annotated["env"] == {"BASE": "${{ github.base_ref }}"}
    assert run(annotated["run"], lanterns, BASE="main").stdout == ""
    assert run(alerted["run"], lanterns).returncode == 0
    journal = lanterns / "JOURNAL.md"
    journal.write_text(journal.read_text().replace("need not ask", "may ask"))
    (lanterns / "lantern.py").write_text("")
    found = run(annotated["run"], lanterns, BASE="main")
    assert found.returncode == 1
    assert "::error file=JOURNAL.md,line=3,title=journal-edited::" in found.stdout
    assert run(alerted["run"], lanterns).returncode == 0
    (uploaded,) = (step["with"] for step in workflows[1]["jobs"]["ledger"]["steps"] if "sarif" in step.get("uses", ""))
    sarif = json.loads((lanterns / uploaded["sarif_file"]).read_text())
    assert {result["ruleId"] for result in sarif["runs"][0]["results"]} == {"anchor-no-symbol", "filelen-stale"}


def test_the_hook_of_the_page_is_there_and_runs(lanterns: Path) -> None:
    (hooked,) = (block["repos"][0] for text in blocks("yaml") if "repos" in (block := yaml.safe_load(text)))
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [one["id"] for one in hooked["hooks"]] == [hook["id"]]
    assert run(hook["entry"], lanterns).returncode == 0


def test_the_codes_of_the_page_are_those_that_are_found() -> None:
    rows = "".join(line for line in _PAGE.splitlines() if line.startswith("| "))
    told = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", rows))
    package = ROOT / "src" / "greenroom"
    texts = [source.read_text() for part in ("ledger/checks", "anchors") for source in (package / part).glob("*.py")]
    assert {code for text in texts for code in _CODES.findall(text)} <= told
    texts += [source.read_text() for source in (package / "plan").glob("*.py")]
    assert {code for code in told if not any(f'"{code}"' in text for text in texts)} == set()
