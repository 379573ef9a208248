"""Ids that were given out twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.ledger.errors_table import read_errors
from greenroom.ledger.fixing import fix, mend
from greenroom.ledger.fragments import means
from greenroom.ledger.journal import Tag, read_journal
from greenroom.ledger.tasks import read_tasks
from greenroom.ledger.tree import Tree
from tests.ledger.checks.project import Project
from tests.ledger.grown import entry, grow
from tests.ledger.test_task_verbs import TEXT


def test_the_earlier_keeps_its_id_then_the_smaller_name(tmp_path: Path) -> None:
    grow(tmp_path)
    event = tmp_path / "ERRORS.d/2026-06-01T1000-bbbb.md"
    event.write_text(event.read_text().replace("10:00", "09:59"))
    mend(tmp_path)
    found = {row.area: row.id for row in read_errors(Tree.of(tmp_path))}
    assert found == {"first": "ERR-2026-01-10-001", "a": "ERR-2026-06-01-002", "b": "ERR-2026-06-01-001"}
    entries = {one.items[0].title: one.tags[0].id for one in read_journal(Tree.of(tmp_path)).entries if one.tags}
    assert entries == {"Broken a": found["a"], "Broken b": found["b"], "Mended": found["b"]}


def test_an_entry_that_an_event_links_to_is_meant_without_a_word_above_it(tmp_path: Path) -> None:
    grow(tmp_path)
    for fragment in (tmp_path / "JOURNAL.d").glob("*.md"):
        fragment.write_text(fragment.read_text().partition("-->\n\n")[2])
    mend(tmp_path)
    entries = {one.items[0].title: one.tags[0].id[-3:] for one in read_journal(Tree.of(tmp_path)).entries if one.tags}
    assert entries == {"Broken a": "001", "Broken b": "002", "Mended": "002"}


def test_a_row_of_the_table_keeps_its_id(tmp_path: Path) -> None:
    grow(tmp_path)
    table = tmp_path / "ERRORS.md"
    table.write_text(table.read_text().replace("ERR-2026-01-10-001", "ERR-2026-06-01-001"))
    assert mend(tmp_path).settled == (
        ("ERR-2026-06-01-001", "ERR-2026-06-01-002"),
        ("ERR-2026-06-01-001", "ERR-2026-06-01-003"),
    )
    assert {row.area: row.id[-3:] for row in read_errors(Tree.of(tmp_path))} == {"first": "001", "a": "002", "b": "003"}


def test_tasks_of_one_id_are_told_apart_by_their_titles(tmp_path: Path) -> None:
    name = "TASK-2026-04-09-001"
    text = TEXT.replace("3. ⏳ Measure (TASK-2026-04-09-002)\n", f"3. ⏳ Measure ({name})\n4. ⏳ Measure ({name})\n")
    (tmp_path / "TASKS.md").write_text(text)
    (tmp_path / "JOURNAL.d").mkdir()
    for letter, title in (("a", "Measure"), ("b", "Pack short ones")):
        said = means({name: title}) + entry("2026-04-10 10:00", title, Tag("TASK", name))
        (tmp_path / f"JOURNAL.d/2026-04-10T1000-{letter}.md").write_text(said)
    assert mend(tmp_path).settled == ((name, "TASK-2026-04-09-002"),)
    tree = Tree.of(tmp_path)
    assert [(item.title, item.id) for item in read_tasks(tree).chain][1:] == [
        ("Pack short ones", name),
        ("Measure", "TASK-2026-04-09-002"),
    ]
    assert [one.tags[0].id for one in read_journal(tree).entries] == ["TASK-2026-04-09-002", name]


@pytest.mark.parametrize("name", ["TASK-2026-06-05-001", "TASK-2026-06-03-001"])
def test_a_task_may_be_called_otherwise_in_its_text_and_in_the_archive(name: str) -> None:
    titled = {"TASK-2026-06-05-001": "Age of a lease", "TASK-2026-06-03-001": "Budget first"}[name]
    project = Project("09-machine-lease")
    paths = ("TASKS.md", f"TASKS_ARCHIVE/2026-06/{name}.md")
    path = next(path for path in paths if f"**Title**: {titled}" in project.text(path))
    project.replaced(path, f"**Title**: {titled}", f"**Title**: {titled}, in more words")
    assert project.findings() == []
    assert fix(project.tree) == []


def test_a_step_that_a_merge_kept_twice_stands_once_as_far_as_it_came(tmp_path: Path) -> None:
    done = "2. ✅ Pack short ones (TASK-2026-04-09-001)\n"
    text = TEXT.replace("3. ⏳", f"{done}3. ⏳")
    (tmp_path / "TASKS.md").write_text(text)
    mend(tmp_path)
    after = (tmp_path / "TASKS.md").read_text()
    assert after == TEXT.replace("🔄", "✅").replace("1/3", "2/3")
