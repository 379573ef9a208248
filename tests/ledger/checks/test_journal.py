"""The journal and its archives."""

from __future__ import annotations

import pytest

from tests.ledger.checks.project import Found, Project, clean

JOURNAL = "JOURNAL.md"
ARCHIVE = "JOURNAL_ARCHIVE/2026-07.md"
ITEM = "### Something\n- **What**: a\n- **Why**: b\n- **How**: c\n- **Issues**: d\n- **Result**: e\n"


def entry(time: str, item: str = ITEM) -> str:
    return f"\n## {time}\n\n{item}\n---\n"


def journal(code: str, *lines: int) -> set[Found]:
    return {(code, JOURNAL, line) for line in lines}


def with_lines(count: int, end: str = "\n") -> Project:
    project = clean()
    text = project.text(JOURNAL).rstrip("\n")
    return project.written(JOURNAL, text + "\n" * (count - text.count("\n") - 1) + end)


@pytest.mark.parametrize(
    ("count", "end", "wrong"), [(500, "\n", False), (500, "", False), (500, "\n.", True), (501, "\n", True)]
)
def test_a_journal_has_five_hundred_lines_at_most(count: int, end: str, wrong: bool) -> None:
    assert with_lines(count, end).found() == ({("journal-long", JOURNAL, None)} if wrong else set())


def test_an_archive_may_be_as_long_as_it_is() -> None:
    assert Project("11-palette-maker").added(ARCHIVE, "\n" * 500).found() == set()


def test_entries_are_in_order_of_time() -> None:
    project = clean().added(JOURNAL, entry("2026-08-06 08:44") + entry("2026-08-06 08:44 - the same minute"))
    assert project.found() == set()
    project.added(JOURNAL, entry("2026-09-01 00:00") + entry("2026-08-10 00:00") + entry("2026-08-20 00:00"))
    lines = [project.line(JOURNAL, f"## {day}") for day in ("2026-08-10", "2026-08-20")]
    assert project.found() == journal("journal-order", *lines)


@pytest.mark.parametrize(
    ("heading", "wrong"),
    [
        ("## 2026-09-01 10:00", False),
        ("## 2026-09-01 10:00 - a title", False),
        ("## 2026-09-01 10:00 - a title <!-- #mark --> ##", False),
        ("## 2026-09-01 10:00 a title", True),
        ("## 2026-09-01", True),
        ("## 2026-9-1 10:00", True),
        ("## 2026-02-30 10:00", True),
        ("## 2026-09-01 24:01", True),
        ("## 1 September 2026, 10:00", True),
        ("## Version History", True),
        ("##", True),
        ("### 2026-09-01", False),
        ("# Notes", False),
        ("##2026-09-01", False),
        ("```\n## Example\n```", False),
        ("<!--\n## Example\n-->", False),
        ("words\n---", False),
    ],
)
def test_a_heading_begins_an_entry(heading: str, wrong: bool) -> None:
    item = ITEM if "###" not in heading else ITEM.removeprefix("### Something\n")
    project = clean().added(JOURNAL, f"\n{heading}\n\n{item}\n---\n")
    line = project.text(JOURNAL).split("\n").index(heading.split("\n", maxsplit=1)[0]) + 1
    found = {one for one in project.found() if one[0] != "journal-order"}
    assert found == (journal("journal-heading", line) if wrong else set())


def test_a_heading_above_all_entries_is_none_either() -> None:
    project = clean().replaced(JOURNAL, "# Engineering Journal\n", "# Engineering Journal\n\n## How to write\n")
    assert project.found() == journal("journal-heading", 3)


@pytest.mark.parametrize(
    ("item", "wrong"),
    [
        (ITEM, False),
        (ITEM.replace("- **", "**").replace("\n**", "\n\n**"), False),
        (ITEM.replace("- **What**: a", "- **What**:\n  - a\n  - b"), False),
        (ITEM.replace("- **What**:", "* **What:**"), False),
        (ITEM.replace("- **How**", "- **Note**: x\n- **How**"), False),
        (ITEM.replace("- **How**: c\n", ""), True),
        (ITEM.replace("- **Result**: e\n", ""), True),
        (ITEM.replace("- **What**: a\n- **Why**: b\n", "- **Why**: b\n- **What**: a\n"), True),
        (ITEM.replace("**Issues**: d", "**Issues**:"), True),
        (ITEM.replace("- **What**: a\n", "```\n- **What**: a\n```\n"), True),
        ("### Something\nWords.\n", True),
    ],
)
def test_an_item_has_its_fields_in_order(item: str, wrong: bool) -> None:
    project = clean().added(JOURNAL, entry("2026-09-01 10:00", f"{ITEM}\n{item}\n{ITEM}"))
    line = project.line(JOURNAL, "### Something", 2)
    assert project.found() == (journal("journal-field", line) if wrong else set())


def test_what_stands_below_no_entry_is_no_item() -> None:
    assert (
        clean().replaced(JOURNAL, "# Engineering Journal\n", "# Engineering Journal\n\n### How to write\n").found()
        == set()
    )


@pytest.mark.parametrize(
    ("tag", "wrong"),
    [
        ("|TASK:TASK-2026-08-03-001|", False),  # in the archive and the chain
        ("|TASK:TASK-2026-08-06-001|", False),
        ("|ERROR:ERR-2026-08-06-001|", False),
        ("|TASK:TASK-2026-08-03-001| |ERROR:ERR-2026-08-06-001|", False),
        ("|TASK:TASK-2026-08-03-009|", True),
        ("|ERROR:ERR-2026-08-06-009|", True),
        ("|ERROR:TASK-2026-08-03-001|", True),
        ("|TASK:TASK-2026-08-03-001| |ERROR:ERR-2026-08-06-009|", True),
    ],
)
def test_a_tag_means_something(tag: str, wrong: bool) -> None:
    project = clean()
    assert "TASK-2026-08-06-001" in project.text("TASKS.md")
    assert "ERR-2026-08-06-001" in project.text("ERRORS.md")
    project.added(JOURNAL, entry("2026-09-01 10:00", ITEM.replace("Something", f"Something {tag}")))
    line = project.line(JOURNAL, "### Something")
    assert project.found() == (journal("journal-tag", line) if wrong else set())


def test_the_title_of_an_entry_may_be_tagged() -> None:
    done = "TASK-2026-08-03-001"
    project = clean().without(JOURNAL, rf" \|TASK:{done}\|")
    assert {code for code, *_ in project.found()} == {"task-no-journal"}
    assert project.added(JOURNAL, entry(f"2026-09-01 10:00 - A title |TASK:{done}|")).found() == set()
    project.replaced(JOURNAL, f"A title |TASK:{done}|", f"A title |TASK:{done}| |ERROR:ERR-2026-08-06-009|")
    assert project.found() == journal("journal-tag", project.line(JOURNAL, "## 2026-09-01"))


def test_tags_of_archives_are_history() -> None:
    project = Project("11-palette-maker").replaced(ARCHIVE, "|TASK:TASK-2026-07-03-001|", "|TASK:TASK-2026-07-03-009|")
    assert {code for code, *_ in project.found()} == {"task-no-journal"}


def test_a_fragment_is_an_entry_of_the_journal() -> None:
    path = "JOURNAL.d/2026-09-01T1000-7f3a.md"
    assert clean().written(path, entry("2026-09-01 10:00")).found() == set()
    wrong = entry("2026-09-01 10:00", "### Something |TASK:TASK-2026-08-03-009|\n") + "\n## Notes\n"
    found = {(code, line) for code, place, line in clean().written(path, wrong).found() if place == path}
    assert found == {("journal-field", 4), ("journal-tag", 4), ("journal-heading", 8)}


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("JOURNAL_ARCHIVE/2026-06.md", False),
        ("JOURNAL_ARCHIVE/README.md", False),
        ("JOURNAL_ARCHIVE/2026-06/2026-06.md", True),
        ("JOURNAL_ARCHIVE/2026-6.md", True),
        ("JOURNAL_ARCHIVE/2026-13.md", True),
        ("JOURNAL_ARCHIVE/June.md", True),
        ("JOURNAL_ARCHIVE/2026-06-1.md", True),
    ],
)
def test_where_an_archive_lies(path: str, wrong: bool) -> None:
    text = "# Journal\n\n## Summary\nOne.\n" + entry("2026-06-30 10:00")
    assert Project("11-palette-maker").written(path, text).found() == (
        {("archive-path", path, None)} if wrong else set()
    )


@pytest.mark.parametrize(
    ("head", "wrong"),
    [
        ("# Journal\n\n## Summary\nOne.\n", False),
        ("# Journal\n\n## summary <!-- #summary -->\n", False),
        ("# Journal\n\n### Contents\n\n## Summary\n", False),
        ("", True),
        ("# Journal\n\n### Summary\n", True),
        ("# Journal\n\n```\n## Summary\n```\n", True),
        ("# Journal\n\n## Contents\n\n## Summary\n", True),
    ],
)
def test_an_archive_begins_with_a_summary(head: str, wrong: bool) -> None:
    path = "JOURNAL_ARCHIVE/2026-06.md"
    project = Project("11-palette-maker").written(path, head + entry("2026-06-30 10:00"))
    assert project.found() == ({("archive-no-summary", path, None)} if wrong else set())


def test_an_entry_lies_in_the_archive_of_its_month() -> None:
    project = Project("11-palette-maker").added(ARCHIVE, entry("2026-08-01 00:00") + entry("2026-07-31 23:59"))
    assert project.found() == {("archive-misfiled", ARCHIVE, project.line(ARCHIVE, "## 2026-08-01"))}
    nested = "JOURNAL_ARCHIVE/2026-06/2026-06.md"
    text = "# Journal\n\n## Summary\nOne.\n" + entry("2026-07-01 00:00")
    found = Project("11-palette-maker").written(nested, text).found()
    assert found == {("archive-path", nested, None), ("archive-misfiled", nested, 6)}
