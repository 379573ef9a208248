"""Plans beside a ledger, and the logs of their runs."""

from __future__ import annotations

import pytest

from tests.ledger.checks.project import Found, clean

PLAN = "PLAN.md"
LOG = "activity/2026-08-03.log"


def plan(code: str, *beginnings: str) -> set[Found]:
    return {(code, PLAN, clean().line(PLAN, beginning)) for beginning in beginnings}


VERIFY = "```sh verify\ntest -s out/lines.txt\n```\n"
LINES = "- **Writes**: `out/lines.txt`"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (VERIFY, "", plan("plan-no-verify", "## Phase 3")),
        (VERIFY, VERIFY.replace(" verify", ""), plan("plan-no-verify", "## Phase 3")),
        ("```sh undo\nrm -f out/lines.txt\n```\n", "", plan("plan-no-undo", "## Phase 3")),
        ("```sh undo\nrm -rf out\n```\n", "", plan("plan-no-undo", "## Phase 1")),
        ("- **Needs**: phase-2, phase-3", "- **Needs**: phase-2, phase-9", plan("plan-needs", "## Phase 4")),
        ("- **Needs**: phase-2, phase-3", "- **Needs**: setup", plan("plan-needs", "## Phase 4")),
        ("- **Needs**: phase-2, phase-3", "- **Needs**: none", set()),
        ("- **Needs**: none", "- **Needs**: phase-4", plan("plan-cycle", "## Phase 1")),
        ("- **Needs**: none", "- **Needs**: phase-1", plan("plan-cycle", "## Phase 1")),
        (LINES, f"{LINES}, `out/compile.txt`", plan("plan-parallel", "## Phase 3")),
        (LINES, "- **Writes**: `./out/./compile.txt`", plan("plan-parallel", "## Phase 3")),
        ("- **Writes**: `out/summary.txt`", "- **Writes**: `out/compile.txt`", set()),
        ("8/10 | 8/10 | +0 |", "8/10 | 11/10 | +3 |", plan("plan-score", "| Recovery", "| **TOTAL")),
        ("**26/30** | **+5**", "**27/30** | **+6**", plan("plan-score", "| **TOTAL")),
        ("+2 |", "+9 |", set()),
        ("8/10 | 8/10 | +0 |", "8/10 | 7/10 | +0 |", plan("plan-score", "| **TOTAL")),
        ("**21/30**", "**21/40**", plan("plan-score", "| **TOTAL")),
        ("3. `start.sh` - the main file", "3. `stop.sh` - the main file", plan("plan-output", "3. ")),
        ("3. `start.sh` - the main file", "3. `PLAYBOOKS/` - a folder\n\n4. words\n", set()),
    ],
)  # fmt: skip
def test_a_plan(old: str, new: str, expected: set[Found]) -> None:
    assert clean().replaced(PLAN, old, new).found() == expected


def test_a_total_that_is_the_sum_is_right_however_high() -> None:
    rows = "| A | 7/10 | 12/10 | +5 |\n| B | 8/10 | 9/10 | +1 |\n| TOTAL | 15/20 | 21/20 | +6 |\n"
    project = clean().replaced(PLAN, "## Files Generated", f"## Score of one\n{rows}\n## Files Generated")
    assert project.found() == {("plan-score", PLAN, project.line(PLAN, "| A |"))}
    assert project.replaced(PLAN, "21/20", "22/20").found() == {
        ("plan-score", PLAN, project.line(PLAN, beginning)) for beginning in ("| A |", "| TOTAL |")
    }


def test_runs_and_needs_may_be_written_large() -> None:
    project = clean().replaced(PLAN, LINES, "- **Writes**: `out/compile.txt`").replaced(PLAN, "parallel", "Parallel", 2)
    assert project.replaced(PLAN, "- **Needs**: none", "- **Needs**: None").found() == plan(
        "plan-parallel", "## Phase 3"
    )


def test_parallel_phases_of_which_one_needs_the_other_may_write_one_path() -> None:
    project = clean().replaced(PLAN, "- **Writes**: `out/lines.txt`", "- **Writes**: `out/compile.txt`")
    assert project.found() == plan("plan-parallel", "## Phase 3")
    begin = project.text(PLAN).index("## Phase 3")
    text = project.text(PLAN)
    project.written(PLAN, text[:begin] + text[begin:].replace("phase-1", "phase-2", 1))
    assert project.found() == set()


def test_sequential_phases_may_write_one_path() -> None:
    project = clean().replaced(PLAN, "- **Writes**: `out/lines.txt`", "- **Writes**: `out/compile.txt`")
    assert project.replaced(PLAN, "- **Runs**: parallel", "- **Runs**: sequential").found() == set()


def test_what_a_plan_that_is_to_run_needs_besides_is_told_elsewhere() -> None:
    """By ``greenroom plan check``."""
    project = clean().replaced(
        PLAN, "## Phase 2: Compile", "## Phase 2: Compile\n- **Owner**: nobody\n- **Retry**: often"
    )
    assert project.found() == set()


def test_a_plan_in_a_folder_has_its_files_there() -> None:
    project = clean().written("plans/PLAN.md", clean().text(PLAN)).written("plans/start.sh", "serve\n")
    project.replaced("CONDUCTOR.md", "6. [Plan]", "7. [Other](plans/PLAN.md)\n6. [Plan]")
    found = {(code, path) for code, path, _ in project.found() if not code.startswith("anchor-")}
    assert found == {("plan-output", "plans/PLAN.md")}
    log = "[2026-08-03T09:01:00+00:00] phase-1 done\n"
    project.written("plans/activity/2026-08-03.log", log)
    assert ("plan-log", "plans/activity/2026-08-03.log", 1) in project.found()


TIME = "[2026-08-03T09:01:13+00:00] phase-4 start"


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("[2026-08-03T09:01:01+00:00] phase-1 verify-ok test -d out\n", "", {2}),
        ("phase-2 verify-ok", "phase-2 verify-fail", {12}),
        ("phase-3 start", "phase-2 start", {5}),
        ("phase-1 start", "phase-1 skip", set()),  # that it began is not said, and need not be
        ("phase-2 undo", "phase-2 verify-ok", {10}),
        ("[2026-08-03T09:01:09+00:00] phase-2 start\n", "", set()),
        ("phase-4 verify-ok", "phase-4 start", {14, 15}),
        ("phase-4 verify-ok", "phase-4 verify-fail\n[2026-08-03T09:01:14+00:00] phase-4 verify-ok", set()),
        (TIME, TIME.replace("01:13", "01:11"), {13}),
        (TIME, TIME.replace("T09", "T10"), {14}),
        (TIME, TIME.replace("T09", "T10").replace("+00", "+01"), set()),
        (TIME, f"words\n\n[today] phase-4 rest\n{TIME}", set()),
    ],
)
def test_a_line_that_cannot_follow(old: str, new: str, lines: set[int]) -> None:
    assert clean().replaced(LOG, old, new).found() == {("plan-log", LOG, line) for line in lines}


def test_days_are_one_log_and_other_files_their_own() -> None:
    project = clean().written("activity/2026-08-02.log", "[2026-08-04T00:00:00+00:00] phase-1 start\n")
    assert project.found() == {("plan-log", LOG, 1)}
    other = clean().written("activity/other.log", "[2026-08-01T00:00:00+00:00] phase-1 start\n")
    assert other.found() == set()
    assert other.added("activity/other.log", "[2026-08-01T00:00:00+00:00] phase-1 done\n").found() == {
        ("plan-log", "activity/other.log", 2)
    }


def test_the_last_line_of_a_log_counts_without_an_end() -> None:
    project = clean()
    project.written(LOG, project.text(LOG).replace("phase-4 verify-ok\n", "phase-4 verify-fail\n").rstrip("\n"))
    assert project.found() == {("plan-log", LOG, project.line(LOG, "[2026-08-03T09:01:14", 2))}
