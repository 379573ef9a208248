"""One task or error with all that was written of it, the day, and what is open."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from greenroom.errors import InputInvalid, UnknownName
from greenroom.ledger import fragments, task_verbs
from greenroom.ledger.showing import Sheet, show
from greenroom.ledger.templates.beginning import begin
from greenroom.ledger.tree import Tree

DAY, NEXT = datetime(2026, 3, 4, 10, 12, tzinfo=UTC), datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
SAID = {"What": "This.", "Why": "Therefore."}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A ledger of two days: tasks that are done, under way and waiting; an error that is open and one that is not."""
    begin(tmp_path, profile="core", main_file=None, now=DAY)
    for title in ("First", "Second", "Third"):
        task_verbs.new(tmp_path, title, now=DAY)
    task_verbs.start(tmp_path, "TASK-2026-03-04-001", now=DAY)
    task_verbs.done(tmp_path, "TASK-2026-03-04-001", SAID, now=DAY)
    fragments.open_error(tmp_path, "Broke", SAID, severity="P0", area="lamp.py", now=DAY)
    fragments.resolve_error(tmp_path, "ERR-2026-03-04-001", "Mended", SAID, commit="9f1c2d3", now=NEXT)
    fragments.open_error(tmp_path, "Slow", SAID, severity="P1", area="oil.py", now=NEXT)
    task_verbs.start(tmp_path, "TASK-2026-03-04-002", now=NEXT)
    return tmp_path


def shown(root: Path, asked: str, today: str = "2026-03-05") -> Sheet:
    return show(Tree.of(root), asked, today)


def test_what_is_open(root: Path) -> None:
    sheet = shown(root, "open")
    assert [(task.id[-3:], task.status) for task in sheet.tasks] == [("002", "IN_PROGRESS"), ("003", "WAITING")]
    assert [(error.id, error.area) for error in sheet.errors] == [("ERR-2026-03-05-001", "oil.py")]
    lines = sheet.lines()
    assert lines[:3] == [
        "TASK-2026-03-04-002  IN_PROGRESS  Second",
        "TASK-2026-03-04-003  WAITING  Third",
        "ERR-2026-03-05-001  P1 active  oil.py",
    ]
    assert len(lines) == 6  # and the last three entries, each a line
    assert set(lines[-2:]) == {"2026-03-05 09:00  Mended", "2026-03-05 09:00  Slow"}


def test_today(root: Path) -> None:
    sheet = shown(root, "TODAY")
    assert {entry.title for entry in sheet.entries} == {"Mended", "Slow"}
    assert [error.id for error in sheet.errors] == ["ERR-2026-03-05-001"]
    assert "- **What**: This." in sheet.lines()
    assert shown(root, "today", "2026-03-06").entries == ()


def test_a_finished_task_with_its_entries(root: Path) -> None:
    sheet = shown(root, "task-2026-03-04-001")
    (task,) = sheet.tasks
    assert (task.status, task.title, task.path) == ("COMPLETE", "First", "TASKS_ARCHIVE/2026-03/TASK-2026-03-04-001.md")
    assert [entry.title for entry in sheet.entries] == ["First"]
    assert "**Completed**: 2026-03-04 10:12" in sheet.lines()


def test_a_task_that_waits_and_one_under_way(root: Path) -> None:
    assert [task.status for task in shown(root, "TASK-2026-03-04-003").tasks] == ["WAITING"]
    (task,) = shown(root, "TASK-2026-03-04-002").tasks
    assert task.text.startswith("**Task ID**: TASK-2026-03-04-002\n**Title**: Second\n")
    assert "### Task Chain" not in task.text


def test_an_error_with_its_entries(root: Path) -> None:
    sheet = shown(root, "ERR-2026-03-04-001")
    assert [(error.status, error.severity) for error in sheet.errors] == [("resolved", "P0")]
    assert [entry.title for entry in sheet.entries] == ["Broke", "Mended"]
    assert sheet.lines()[:2] == ["ERR-2026-03-04-001  P0 resolved  lamp.py", "  first seen: 2026-03-04 10:12"]


def test_what_is_nowhere(root: Path) -> None:
    with pytest.raises(UnknownName, match="no task 'TASK-2026-03-04-009'"):
        shown(root, "TASK-2026-03-04-009")
    with pytest.raises(UnknownName, match="no error 'ERR-2026-03-04-009'"):
        shown(root, "ERR-2026-03-04-009")
    with pytest.raises(InputInvalid, match="'tomorrow' is no id"):
        shown(root, "tomorrow")


def test_a_tag_without_a_record_still_shows_its_entries(tmp_path: Path) -> None:
    entry = "## 2026-03-04 10:12\n\n### Once |TASK:TASK-2026-03-04-007|\n- **What**: This.\n"
    (tmp_path / "JOURNAL.md").write_text(f"# Engineering Journal\n\n{entry}")
    sheet = shown(tmp_path, "TASK-2026-03-04-007")
    assert (sheet.tasks, [one.title for one in sheet.entries]) == ((), ["Once"])
    assert sheet.lines()[0] == "## 2026-03-04 10:12"


def test_an_area_is_shown_as_it_was_given(tmp_path: Path) -> None:
    opened = fragments.open_error(tmp_path, "Broke", SAID, severity="P0", area="a | b", now=DAY)
    assert [error.area for error in show(Tree.of(tmp_path), opened.id, "2026-03-04").errors] == ["a | b"]
