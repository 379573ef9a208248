"""Tasks, their chain, and what must be there when one is done."""

from __future__ import annotations

import pytest

from greenroom.ledger.tasks import tasks_of
from tests.ledger.checks.project import Found, Project, clean

TASKS = "TASKS.md"
CURRENT = "TASK-2026-08-06-001"
DONE = "TASK-2026-08-03-001"


def tasks(code: str, *lines: int) -> set[Found]:
    return {(code, TASKS, line) for line in lines}


def line(beginning: str, number: int = 1, project: Project | None = None) -> int:
    return (project or clean()).line(TASKS, beginning, number)


def another(task: str = "TASK-2026-08-06-009", status: str = "TESTING", **fields: str) -> Project:
    """With one more task, in front of the chain."""
    said = {"Previous Work": "a", "Key Files": "b", "Environment": "c", "Next Steps": "d", **fields}
    context = "".join(f"- **{name}**: {value}\n" for name, value in said.items() if value)
    head = f"## Another\n**Task ID**: {task}\n**Status**: {status}\n**Dependencies**: none\n"
    return clean().replaced(TASKS, "### Task Chain", f"{head}\n### Task Context\n{context}\n### Task Chain")


@pytest.mark.parametrize(
    ("task", "wrong"),
    [
        ("TASK-2026-08-06-009", False),
        ("TASK-2026-08-06-9", True),
        ("TASK-2026-08-06-0009", True),
        ("TASK-2026-8-6-009", True),
        ("TASK-2026-02-30-009", True),
        ("task-2026-08-06-009", True),
        ("ERR-2026-08-06-009", True),
        ("none", True),
        ("", True),
    ],
)
def test_the_form_of_an_id(task: str, wrong: bool) -> None:
    project = another(task)
    assert project.found() == (tasks("task-id", line("**Task ID**", 2, project)) if wrong else set())


def test_one_id_is_one_task() -> None:
    project = another(CURRENT)
    assert project.found() == tasks("task-dup-id", line("**Task ID**", 2, project))


def test_one_id_is_one_step_of_the_chain() -> None:
    """Two branches have begun one each, and a merge has kept both."""
    last = max(tasks_of(clean().text(TASKS)).chain, key=lambda item: item.line)
    said = clean().text(TASKS)[last.start : last.end]
    project = clean().replaced(TASKS, said, f"{said}\n{said.replace(last.title, 'Another')}")
    assert tasks("task-dup-id", last.line + 1) <= project.found()


@pytest.mark.parametrize("status", ["PLANNING", "IN_PROGRESS", "BLOCKED", "TESTING", "COMPLETE", "COMPLETE ✅"])
def test_a_state(status: str) -> None:
    assert clean().replaced(TASKS, "**Status**: IN_PROGRESS", f"**Status**: {status}").found() == set()


@pytest.mark.parametrize("status", ["DONE", "in_progress", "In progress", "IN_PROGRESS|BLOCKED", ""])
def test_what_is_no_state(status: str) -> None:
    project = clean().replaced(TASKS, "**Status**: IN_PROGRESS", f"**Status**: {status}")
    assert project.found() == tasks("task-state", line("**Status**"))


def test_a_task_without_a_status() -> None:
    assert clean().without(TASKS, r"^\*\*Status.*\n").found() == tasks("task-state", line("**Task ID**"))


def test_one_task_is_in_progress() -> None:
    project = another(status="IN_PROGRESS")
    assert project.found() == tasks("task-two-active", line("**Status**", 2, project))
    for status in ("TESTING", "BLOCKED", "PLANNING", "COMPLETE"):
        assert another(status=status).found() == set()
    third = another(status="IN_PROGRESS").replaced(
        TASKS, "## Another", "## Third\n**Task ID**: X\n**Status**: IN_PROGRESS\n## Another"
    )
    assert {one for one in third.found() if one[0] == "task-two-active"} == tasks(
        "task-two-active", line("**Status**", 2, third), line("**Status**", 3, third)
    )


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("2/4 tasks", "2/4", False),
        ("2/4 tasks", "2 / 4 tasks", False),
        ("2/4 tasks", "3/4 tasks", True),
        ("2/4 tasks", "2/5 tasks", True),
        ("2/4 tasks completed", "half of it", False),
        ("4. ⏳", "4. ✅", True),
        ("3. 🔄", "4. ⏳ One more\n3. 🔄", True),
    ],
)
def test_progress_is_counted(old: str, new: str, wrong: bool) -> None:
    found = {one for one in clean().replaced(TASKS, old, new).found() if one[0] == "task-progress"}
    assert found == (tasks("task-progress", line("**Progress**")) if wrong else set())


def test_progress_is_mended() -> None:
    (found,) = clean().replaced(TASKS, "2/4 tasks", "7/9 tasks").findings()
    assert found.patch is not None
    assert found.patch.safe
    assert found.patch.after == ("**Progress**: 2/4 tasks completed",)


@pytest.mark.parametrize(
    ("needs", "wrong"),
    [
        ("none", False),
        ("", False),
        (f"{DONE}, {CURRENT}", False),
        ("[the one before](TASKS_ARCHIVE/2026-08/TASK-2026-08-03-001.md)", False),
        ("`TASK-2026-08-06-002` and TASK-2026-08-04-001", False),
        ("TASK-2026-08-06-007", True),
        (f"{DONE}, TASK-2026-08-06-007", True),
        (f"{DONE} and TASK-2026-08-06-007", True),
        (f"\n- {DONE}\n- TASK-2026-08-06-007", True),
        ("TASK-7", True),
        ("none\n\nWords about TASK-2026-08-06-007.", False),
    ],
)
def test_a_dependency_is_a_task(needs: str, wrong: bool) -> None:
    project = another().replaced(TASKS, "**Dependencies**: none", f"**Dependencies**: {needs}")
    where = line("**Dependencies**", 2, project)
    assert project.found() == (tasks("task-dep-unknown", where) if wrong else set())


def test_a_dependency_may_be_in_the_archive_alone() -> None:
    project = another().replaced(TASKS, "**Dependencies**: none", "**Dependencies**: TASK-2026-05-01-001")
    assert {code for code, *_ in project.found()} == {"task-dep-unknown"}
    assert project.written("TASKS_ARCHIVE/2026-05/TASK-2026-05-01-001.md", "# Old\n").found() == set()


@pytest.mark.parametrize("name", ["Previous Work", "Key Files", "Environment", "Next Steps"])
def test_a_context_is_whole(name: str) -> None:
    assert another(**{name: "x\n  y"}).found() == set()
    said = {"Previous Work": "a", "Key Files": "b", "Environment": "c", "Next Steps": "d"}
    for project in (
        another(**{name: ""}),
        another().replaced(TASKS, f"- **{name}**: {said[name]}\n", f"- **{name}**:\n"),
        another().replaced(TASKS, f"- **{name}**", "- **Something**", count=2),
        another().replaced(TASKS, f"- **{name}**", "- **Something**"),
    ):
        ids = {line("**Task ID**", 1, project), line("**Task ID**", 2, project)}
        found = project.found()
        assert found
        assert {(code, path) for code, path, _ in found} == {("task-context", TASKS)}
        assert {at for *_, at in found} <= ids


def test_a_context_may_stand_anywhere_before_the_next_task() -> None:
    project = clean().replaced(TASKS, "### Task Context", "## Task Context")
    assert project.found() == set()
    listed = clean().replaced(TASKS, "- **Environment**: ", "- **Environment**:\n  - ")
    assert listed.found() == set()


@pytest.mark.parametrize(
    ("decision", "wrong"),
    [
        ("- **DECISION-002**: a → [ARCHITECTURE](ARCHITECTURE.md#decisions)", False),
        ("**DECISION-002**: a, see [why](./ARCHITECTURE.md)", False),
        ("- **DECISION-002**: a\n  → [ARCHITECTURE](ARCHITECTURE.md)", False),
        ("- **DECISION-002**: a → ARCHITECTURE.md", True),
        ("- **DECISION-002**: a → `[x](ARCHITECTURE.md)`", True),
        ("- **DECISION-002**: a → [TASKS](TASKS.md)", True),
        ("- **DECISION-002**: a\n- **FINDING-002**: [x](ARCHITECTURE.md)", True),
        ("- **DECISION-002**: a\n\nSee [x](ARCHITECTURE.md).", True),
        ("- **FINDING-002**: a\n- **BLOCKER-001**: b", False),
    ],
)
def test_a_decision_is_linked(decision: str, wrong: bool) -> None:
    project = clean().replaced(TASKS, "- **DECISION-001**", f"{decision}\n- **DECISION-001**")
    at = line(decision.split(":", maxsplit=1)[0], 1, project)
    assert project.found() == (tasks("task-decision-unlinked", at) if wrong else set())


def test_a_decision_in_a_fence_is_an_example() -> None:
    example = "```\n- **DECISION-002**: a\n```\n"
    assert clean().replaced(TASKS, "- **DECISION-001**", f"{example}- **DECISION-001**").found() == set()


def test_what_is_done_is_told_in_the_journal() -> None:
    at = line("1. ✅")
    assert clean().without("JOURNAL.md", rf" \|TASK:{DONE}\|").found() == tasks("task-no-journal", at)
    project = clean().without("JOURNAL.md", rf" \|TASK:{DONE}\|")
    fields = "".join(f"- **{name}**: x\n" for name in ("What", "Why", "How", "Issues", "Result"))
    entry = f"## 2026-08-03 20:00\n\n### Done |TASK:{DONE}|\n{fields}"
    archive = "JOURNAL_ARCHIVE/2026-08.md"
    assert project.written(archive, f"# Journal\n\n## Summary\nOne.\n\n{entry}").found() == set()
    assert project.gone(archive).written("JOURNAL.d/2026-08-03T2000-7f3a.md", entry).found() == set()


def test_what_is_done_is_archived_in_the_month_of_its_id() -> None:
    path = f"TASKS_ARCHIVE/2026-08/{DONE}.md"
    at = line("1. ✅")
    project = clean()
    text = project.text(path)
    assert project.gone(path).found() == tasks("task-not-archived", at)
    assert project.written(f"TASKS_ARCHIVE/2026-07/{DONE}.md", text).found() == tasks("task-not-archived", at)
    assert project.written(path, text).found() == set()


def test_what_is_not_done_needs_neither() -> None:
    project = clean().replaced(TASKS, f"({DONE})", "").gone(f"TASKS_ARCHIVE/2026-08/{DONE}.md")
    assert project.without("JOURNAL.md", rf" \|TASK:{DONE}\|").found() == set()


@pytest.mark.parametrize("mark", ["🚫 ", "⏸️ ", ""])
def test_a_step_of_another_mark_counts_and_is_not_done(mark: str) -> None:
    assert clean().replaced(TASKS, "4. ⏳ ", f"4. {mark}").found() == set()
    assert clean().replaced(TASKS, "2. ✅ ", f"2. {mark}").found() == tasks("task-progress", line("**Progress**"))
