"""TASKS.md read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.ledger.tasks import archive_path, tasks_of

TEXT = """# Task Management

## Active Phase
**Phase**: Chunks
**Progress**: 3/4 tasks completed

## Current Task
**Task ID**: TASK-2026-04-09-001
**Title**: Pack short ones
**Status**: IN_PROGRESS
**Dependencies**: TASK-2026-04-07-001, TASK-2026-03-30-004

### Task Context
- **Previous Work**: some
- **Key Files**:
  - `a.py:1-2`
- **Next Steps**:

### Findings & Decisions
- **FINDING-001**: it is so
- **DECISION-002**: do it

## Another
**Task ID**: TASK-2026-04-09-002
**Status**: TESTING
**Dependencies**: none

### Task Chain
1. ✅ Chunks for speech (TASK-2026-04-06-001)
2. 🔄 CURRENT: Pack short ones (TASK-2026-04-09-001)
3. ⏳ Later (CURRENT)
4. ⏳ Measure

```
5. ⏳ In a fence
```
"""


def test_phase_tasks_and_chain_have_their_lines() -> None:
    found = tasks_of(TEXT)
    assert found.phase is not None
    assert (found.phase.name, found.phase.done, found.phase.total, found.phase.progress_line) == ("Chunks", 3, 4, 5)
    first, second = found.tasks
    assert (first.line, first.line_of("Status"), first.title, first.status) == (8, 10, "Pack short ones", "IN_PROGRESS")
    assert first.dependencies == ("TASK-2026-04-07-001", "TASK-2026-03-30-004")
    assert first.context == ("Previous Work", "Key Files")
    assert [(note.name, note.line) for note in first.notes] == [("FINDING-001", 20), ("DECISION-002", 21)]
    assert (second.id, second.dependencies) == ("TASK-2026-04-09-002", ())
    assert TEXT[second.start : second.end].startswith("**Task ID**: TASK-2026-04-09-002\n")
    assert TEXT[second.end :].startswith("### Task Chain")


def test_the_chain_knows_marks_and_ids() -> None:
    found = tasks_of(TEXT)
    assert [(item.number, item.mark, item.title, item.id) for item in found.chain][:4] == [
        (1, "✅", "Chunks for speech", "TASK-2026-04-06-001"),
        (2, "🔄", "Pack short ones", "TASK-2026-04-09-001"),
        (3, "⏳", "Later", None),
        (4, "⏳", "Measure", None),
    ]
    assert len(found.chain) == 4
    assert found.progress == (1, 4)
    assert found.known == {"TASK-2026-04-06-001", "TASK-2026-04-09-001", "TASK-2026-04-09-002"}


@pytest.mark.parametrize("mark", ["⏳ ", "⏸️ ", "⏸️", "🚫 ", ""])
def test_a_step_of_any_mark_takes_another(mark: str) -> None:
    text = f"### Task Chain\n1. {mark}A (TASK-2026-04-01-001)\n"
    (item,) = tasks_of(text).chain
    assert (item.title, item.id, item.is_done) == ("A", "TASK-2026-04-01-001", False)
    (item,) = tasks_of(item.marked(text, "✅")).chain
    assert (item.mark, item.title, item.is_done) == ("✅", "A", True)


def test_words_over_a_rule_do_not_end_a_task() -> None:
    (first, _) = tasks_of(TEXT.replace("### Findings", "So far.\n---\n\n### Findings")).tasks
    assert [note.name for note in first.notes] == ["FINDING-001", "DECISION-002"]


def test_parts_of_a_step_are_no_steps() -> None:
    chain = "  1. ✅ A (TASK-2026-04-01-001)\n     1. ✅ first\n     2. then\n  2. ⏳ B\n 10. ⏳ C\n"
    found = tasks_of(f"### Task Chain\n{chain}")
    assert ([item.title for item in found.chain], found.progress) == (["A", "B", "C"], (1, 3))


def test_a_title_may_name_other_tasks() -> None:
    chain = (
        "### Task Chain\n1. ⏳ As (TASK-2026-04-01-001) (TASK-2026-04-02-002)\n2. ⏳ B (TASK-2026-04-02-003), soon\n"
    )
    assert [(item.title, item.id) for item in tasks_of(chain).chain] == [
        ("As (TASK-2026-04-01-001)", "TASK-2026-04-02-002"),
        ("B", "TASK-2026-04-02-003"),
    ]


def test_the_archive_goes_by_the_month_of_the_id() -> None:
    assert archive_path("TASK-2026-04-09-001") == "TASKS_ARCHIVE/2026-04/TASK-2026-04-09-001.md"


@given(st.text(st.sampled_from("#*1. ✅⏳:()TASK-ID\n|`"), max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    tasks_of(text)
