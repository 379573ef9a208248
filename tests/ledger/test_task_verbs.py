"""What is done with tasks."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from greenroom.errors import FileUnreadable, InputInvalid, UnknownName
from greenroom.ledger import task_verbs as verbs
from greenroom.ledger.journal import read_journal
from greenroom.ledger.task_edits import TRANSITIONS, TransitionRefused, check_transition
from greenroom.ledger.task_verbs import NoTaskLeft, TaskUnderWay, TaskWaits
from greenroom.ledger.tasks import read_tasks
from greenroom.ledger.tree import Tree
from tests.ledger.grown import contents

NOW = datetime(2026, 4, 10, 9, 30, tzinfo=UTC)
FIELDS = {"What": "It is done.", "Result": "It takes 3 s where it took 40."}
TEXT = """# Task Management

## Active Phase
**Phase**: Chunks, first release
**Started**: 2026-04-06
**Target**: 2026-04-20
**Progress**: 1/3 tasks completed

## Current Task
**Task ID**: TASK-2026-04-09-001
**Title**: Pack short ones
**Status**: IN_PROGRESS
**Started**: 2026-04-09 09:00
**Dependencies**: TASK-2026-04-07-001

### Task Context
- **Previous Work**: TASK-2026-04-07-001
- **Key Files**: `a.py:1-2` - `f`
- **Environment**: Python 3.11
- **Next Steps**: the test first

### Findings & Decisions
- **DECISION-001**: Short sentences share a chunk → [ARCHITECTURE](ARCHITECTURE.md#decisions)

### Task Chain
1. ✅ Long sentences (TASK-2026-04-07-001)
2. 🔄 Pack short ones (TASK-2026-04-09-001)
3. ⏳ Measure (TASK-2026-04-09-002)

Words that stay.
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "TASKS.md").write_text(TEXT)
    return tmp_path


def text(root: Path) -> str:
    return (root / "TASKS.md").read_text()


def test_each_way_of_the_table_may_be_gone_and_no_other() -> None:
    for state, wanted in product(TRANSITIONS, TRANSITIONS):
        if wanted in TRANSITIONS[state]:
            check_transition("T", state, wanted)
        else:
            with pytest.raises(TransitionRefused, match=state) as refused:
                check_transition("T", state, wanted)
            assert all(other in refused.value.message for other in TRANSITIONS[state])
    with pytest.raises(TransitionRefused, match="DONE"):
        check_transition("T", "DONE", "TESTING")


def test_a_new_task_is_a_step_of_the_chain(root: Path) -> None:
    step = verbs.new(root, " Write\n it ", now=NOW)
    assert (step.id, step.title, step.status) == ("TASK-2026-04-10-001", "Write it", "PLANNING")
    expected = TEXT.replace("(TASK-2026-04-09-002)\n", "(TASK-2026-04-09-002)\n4. ⏳ Write it (TASK-2026-04-10-001)\n")
    assert text(root) == expected.replace("1/3", "1/4")
    assert verbs.new(root, "More", now=NOW).id == "TASK-2026-04-10-002"
    with pytest.raises(InputInvalid):
        verbs.new(root, " ", now=NOW)
    with pytest.raises(InputInvalid, match="holds the tag"):
        verbs.new(root, "|TASK:TASK-2026-04-09-001| again", now=NOW)


def test_a_title_that_opens_a_comment_hides_no_other_task(root: Path) -> None:
    step = verbs.new(root, "Find <!-- in", now=NOW)
    assert verbs.new(root, "and --> in texts", now=NOW).id == "TASK-2026-04-10-002"
    assert {"TASK-2026-04-10-001", "TASK-2026-04-10-002"} <= read_tasks(Tree.of(root)).known
    assert verbs.new(root, "Keep <!-- this -->", now=NOW).title == "Keep <!-- this -->"
    assert step.title == "Find <! -- in"


def test_done_archives_marks_counts_and_tells(root: Path) -> None:
    step = verbs.done(root, "TASK-2026-04-09-001", FIELDS, now=NOW)
    assert (step.status, step.next_id, step.next_title) == ("COMPLETE", "TASK-2026-04-09-002", "Measure")
    begun, end = TEXT.index("**Task ID**"), TEXT.index("### Task Chain")
    nobody = "_None under way: `greenroom ledger task next`_\n\n"
    expected = TEXT[:begun] + nobody + TEXT[end:].replace("🔄", "✅")
    assert text(root) == expected.replace("1/3", "2/3")
    archive = (root / "TASKS_ARCHIVE/2026-04/TASK-2026-04-09-001.md").read_text()
    assert archive.startswith("# TASK-2026-04-09-001\n\n**Title**: Pack short ones\n**Status**: COMPLETE\n")
    assert "**Completed**: 2026-04-10 09:30\n" in archive
    assert "](../../ARCHITECTURE.md#decisions)\n" in archive
    (entry,) = read_journal(Tree.of(root)).entries
    assert entry.path == step.entry
    assert entry.items[0].title == "Pack short ones"
    assert [tag.id for tag in entry.tags] == ["TASK-2026-04-09-001"]
    assert entry.items[0].fields[1].text == "A task of the phase Chunks, first release."


def test_what_a_person_says_beside_a_status_stays(root: Path) -> None:
    (root / "TASKS.md").write_text(TEXT.replace("IN_PROGRESS", "IN_PROGRESS (asked Ann)\nand Bo"))
    (task,) = read_tasks(Tree.of(root)).tasks
    assert task.status == "IN_PROGRESS"
    verbs.done(root, task.id, FIELDS, now=NOW)
    archive = (root / "TASKS_ARCHIVE/2026-04/TASK-2026-04-09-001.md").read_text()
    assert "**Status**: COMPLETE (asked Ann)\n" in archive
    assert "\nand Bo\n" in archive


def test_what_a_person_says_below_a_step_stays_with_it(root: Path) -> None:
    said = "(TASK-2026-04-09-002)\n   waits for Ann,\n   - and for Bo\n"
    for end in ("\n", "\r\n"):
        before = TEXT.replace("(TASK-2026-04-09-002)\n", said).replace("\n", end)
        (root / "TASKS.md").write_bytes(before.encode())
        verbs.new(root, "Write it", now=NOW)
        after = before.replace(f"Bo{end}", f"Bo{end}4. ⏳ Write it (TASK-2026-04-10-001){end}").replace("1/3", "1/4")
        assert (root / "TASKS.md").read_bytes() == after.encode()


def test_what_a_person_says_where_no_task_is_stays(root: Path) -> None:
    begun, end = TEXT.index("**Task ID**"), TEXT.index("### Task Chain")
    said = "_None: Ann knows what is next_\n"
    (root / "TASKS.md").write_text(f"{TEXT[:begun]}{said}\n{TEXT[end:]}")
    verbs.start(root, "TASK-2026-04-09-002", now=NOW)
    assert f"## Current Task\n{said}\n**Task ID**: TASK-2026-04-09-002\n" in text(root)


def test_progress_in_other_words_is_left(root: Path) -> None:
    said = "**Progress**: slow since 12/05"
    (root / "TASKS.md").write_text(TEXT.replace("**Progress**: 1/3 tasks completed", said))
    verbs.new(root, "Write it", now=NOW)
    assert said in text(root)


def test_what_is_done_is_final(root: Path) -> None:
    verbs.done(root, "TASK-2026-04-09-001", FIELDS, now=NOW)
    before = contents(root)
    for verb in (verbs.start, verbs.test):
        with pytest.raises(TransitionRefused, match="COMPLETE, and stays"):
            verb(root, "TASK-2026-04-09-001")
    assert contents(root) == before


def test_only_a_task_under_way_is_done(root: Path) -> None:
    with pytest.raises(TransitionRefused, match="PLANNING"):
        verbs.done(root, "TASK-2026-04-09-002", FIELDS, now=NOW)
    verbs.block(root, "TASK-2026-04-09-001", now=NOW)
    with pytest.raises(TransitionRefused, match="BLOCKED"):
        verbs.done(root, "TASK-2026-04-09-001", FIELDS, now=NOW)
    with pytest.raises(UnknownName):
        verbs.done(root, "TASK-2026-04-09-009", FIELDS, now=NOW)


def test_one_is_in_progress(root: Path) -> None:
    with pytest.raises(TaskUnderWay, match="Pack short ones"):
        verbs.start(root, "TASK-2026-04-09-002", now=NOW)
    verbs.test(root, "TASK-2026-04-09-001")
    verbs.start(root, "TASK-2026-04-09-002", context={"Environment": "Python 3.12"}, now=NOW)
    found = read_tasks(Tree.of(root))
    assert [(task.id, task.status) for task in found.tasks] == [
        ("TASK-2026-04-09-001", "TESTING"),
        ("TASK-2026-04-09-002", "IN_PROGRESS"),
    ]
    assert found.tasks[1].context == ("Previous Work", "Key Files", "Environment", "Next Steps")
    assert "Python 3.12" in text(root)
    verbs.done(root, "TASK-2026-04-09-002", FIELDS, now=NOW)
    assert "## Task beside It" not in text(root)
    verbs.done(root, "TASK-2026-04-09-001", FIELDS, now=NOW)
    assert read_tasks(Tree.of(root)).progress == (3, 3)
    with pytest.raises(NoTaskLeft):
        verbs.start_next(root, now=NOW)


def test_blocked_with_its_reason_and_back(root: Path) -> None:
    step = verbs.block(root, "TASK-2026-04-09-001", "no power", now=NOW)
    assert "- **BLOCKER-001**: no power\n" in text(root)
    assert "2. ⏳ Pack short ones" in text(root)
    assert read_journal(Tree.of(root)).entries[0].path == step.entry
    verbs.start(root, "TASK-2026-04-09-001", now=NOW)
    expected = TEXT.replace("#decisions)\n", "#decisions)\n- **BLOCKER-001**: no power\n")
    assert text(root) == expected


def test_dependencies_come_first(root: Path) -> None:
    verbs.done(root, "TASK-2026-04-09-001", FIELDS, now=NOW)
    later = verbs.new(root, "Later", now=NOW).id
    with pytest.raises(TaskWaits, match="TASK-2026-04-09-002"):
        verbs.start(root, later, dependencies=["TASK-2026-04-09-002"], now=NOW)
    verbs.start(root, later, dependencies=["TASK-2026-04-09-001"], now=NOW)
    assert "**Dependencies**: TASK-2026-04-09-001\n" in text(root)


def test_the_next_one_gets_an_id_if_it_has_none(root: Path) -> None:
    (root / "TASKS.md").write_text(TEXT.replace(" (TASK-2026-04-09-002)", ""))
    verbs.done(root, "TASK-2026-04-09-001", FIELDS, now=NOW)
    step = verbs.start_next(root, now=NOW)
    assert (step.id, step.title) == ("TASK-2026-04-10-001", "Measure")
    assert "3. 🔄 Measure (TASK-2026-04-10-001)\n" in text(root)
    assert "_None" not in text(root)


def test_line_ends_stay(root: Path) -> None:
    (root / "TASKS.md").write_bytes(TEXT.replace("\n", "\r\n").encode())
    verbs.block(root, "TASK-2026-04-09-001", "no power", now=NOW)
    verbs.new(root, "More", now=NOW)
    data = (root / "TASKS.md").read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")
    verbs.start(root, "TASK-2026-04-09-001", now=NOW)
    verbs.done(root, "TASK-2026-04-09-001", FIELDS, now=NOW)
    data = (root / "TASKS.md").read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")


def test_without_a_file_there_are_no_tasks(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="TASKS"):
        verbs.new(tmp_path, "One", now=NOW)
    (tmp_path / "TASKS.md").mkdir()
    with pytest.raises(FileUnreadable, match="is no file"):
        verbs.new(tmp_path, "One", now=NOW)
