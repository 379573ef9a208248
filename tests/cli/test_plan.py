"""Plans on the command line: checked, run, stopped, gone on with, taken back."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from greenroom.plan.actions import Shell
from greenroom.plan.place import Place
from greenroom.plan.plan import Plan
from greenroom.plan.writing import render
from tests.cli.conftest import Run
from tests.plan.phases import order, phase, plan

CORPUS = Path(__file__).parents[1] / "corpus" / "plans"


def write(folder: Path, steps: Plan) -> Path:
    path = folder / "PLAN.md"
    path.write_text(render(steps))
    return path


def test_a_plan_is_checked_run_looked_at_and_undone(greenroom: Run, tmp_path: Path) -> None:
    write(tmp_path, plan(phase(1), phase(2, 1)))
    checked = greenroom("plan", "check")
    assert (checked.returncode, checked.stdout) == (0, "Test: 2 phases, ready 20/50\n")
    assert "nothing was found wrong" in checked.stderr
    dry = greenroom("plan", "run", "--dry-run")
    assert dry.stdout == "1.  phase-1  Make 1: echo 1 >> order\n2.  phase-2  Make 2: echo 2 >> order\n"
    assert not (tmp_path / "order").exists()
    done = greenroom("plan", "run", "--json")
    result = json.loads(done.stdout)["result"]
    assert (done.returncode, result["outcome"], done.stderr) == (0, "done", "")
    assert [one["state"] for one in result["phases"]] == ["done", "done"]
    assert "phase-1 skip done before" in greenroom("plan", "run").stderr
    assert "done; looked at again" in greenroom("plan", "run", "--dry-run").stdout
    assert greenroom("plan", "status").stdout.count("  done  ") == 2
    assert "total         20/50" in greenroom("plan", "score").stdout
    undone = greenroom("plan", "undo")
    assert (undone.returncode, undone.stdout.count("undone")) == (0, 2)
    assert greenroom("plan", "undo").stdout == "nothing is to be undone\n"


def test_findings_are_told_in_four_forms_and_nothing_is_run(greenroom: Run, tmp_path: Path) -> None:
    shutil.copytree(CORPUS / "10-frame-sequence", tmp_path / "tree")
    path = "tree/PLAN.md"
    checked = greenroom("plan", "check", path)
    assert checked.returncode == 1
    assert f"{path}:38: error: nobody sees whether phase-3 (Count lines) is done [plan-no-verify]" in checked.stderr
    sarif = json.loads(greenroom("plan", "check", path, "--sarif").stdout)
    assert {result["ruleId"] for result in sarif["runs"][0]["results"]} >= {"plan-no-verify", "plan-score"}
    assert "::error file=tree/PLAN.md,line=38" in greenroom("plan", "check", path, "--github").stdout
    told = json.loads(greenroom("plan", "check", path, "--json").stdout)["result"]
    assert told["score"]["most"] == 50
    assert len(told["findings"]) >= 4
    refused = greenroom("plan", "run", path)
    assert refused.returncode == 1
    assert "nothing was run" in refused.stderr
    assert not (tmp_path / "tree" / "out").exists()
    assert json.loads(greenroom("plan", "run", path, "--json").stdout)["result"]["outcome"] == "refused"


def test_a_check_that_runs_nothing(greenroom: Run, tmp_path: Path) -> None:
    write(tmp_path, plan(phase(1, verify=Shell(f"touch {tmp_path}/ran"))))
    assert greenroom("plan", "check", "--static").returncode == 0
    assert not (tmp_path / "ran").exists()
    assert "plan-verify-idle" in greenroom("plan", "check").stderr
    assert (tmp_path / "ran").exists()


def test_a_failure_says_what_failed_and_what_was_undone(greenroom: Run, tmp_path: Path) -> None:
    write(tmp_path, plan(phase(1), phase(2, 1, do=Shell("echo no room; exit 3"))))
    failed = greenroom("plan", "run")
    assert failed.returncode == 1
    assert "phase-2  failed, undone" in failed.stdout
    assert "phase-2 said last:\n  no room" in failed.stderr
    assert "error: phase-2 (Make 2): do: exit 3: no room [plan-phase-failed]" in failed.stderr


@pytest.mark.parametrize("verb", ["check", "run", "undo", "status", "score"])
def test_a_plan_that_is_not_there(greenroom: Run, verb: str) -> None:
    done = greenroom("plan", verb, "absent.md")
    assert done.returncode == 1
    assert "the plan 'absent.md' cannot be read: No such file or directory" in done.stderr


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_how_to_go_on(tmp_path: Path, stop: signal.Signals) -> None:
    path = write(tmp_path, plan(phase(1), phase(2, 1, do=Shell("touch begun; sleep 60")))).rename(tmp_path / "my plan")
    place = Place.of(path)
    command = [sys.executable, "-m", "greenroom", "plan", "run", "my plan"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "begun").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(stop)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped before the end; greenroom plan run 'my plan' goes on" in err
    assert "phase-2  stopped" in out
    assert order(place) == ["1"]


@pytest.mark.parametrize("verb", ["undo", "status", "score"])
def test_a_file_without_phases_is_no_plan(greenroom: Run, tmp_path: Path, verb: str) -> None:
    (tmp_path / "PLAN.md").write_text("# Something else\n")
    refused = greenroom("plan", verb)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "there is no phase" in refused.stderr
