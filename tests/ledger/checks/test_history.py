"""What was there before and must be there still."""

from __future__ import annotations

import pytest

from greenroom.ledger.errors_table import Event, event_text
from greenroom.ledger.fragments import means
from tests.ledger.checks.project import Project, clean

JOURNAL, TASKS, ERRORS = "JOURNAL.md", "TASKS.md", "ERRORS.md"
ARCHIVE = "JOURNAL_ARCHIVE/2026-08.md"
DONE = "TASK-2026-08-03-001"
WAITING = "TASK-2026-08-06-002"


def since(project: Project, before: Project | None = None) -> set[tuple[str, str | None, int | None]]:
    """What is found besides what is found without looking back."""
    return project.found(before or clean()) - project.found()


def entry(time: str, word: str = "x") -> str:
    fields = "".join(f"- **{name}**: {word}\n" for name in ("What", "Why", "How", "Issues", "Result"))
    return f"\n## {time}\n\n### Something\n{fields}\n---\n"


def test_nothing_that_was_added_is_found() -> None:
    project = clean().added(JOURNAL, entry("2026-09-01 10:00"))
    assert project.found(clean()) == set()
    assert project.written("JOURNAL.d/2026-09-01T1100-7f3a.md", entry("2026-09-01 11:00")).found(clean()) == set()


def test_an_entry_that_is_gone() -> None:
    project = clean().without(JOURNAL, r"^## 2026-08-03 15:13\n(?:.|\n)*?^---\n\n", count=1)
    assert since(project) == {("journal-lost", JOURNAL, None)}
    (lost,) = (one for one in project.findings(clean()) if one.code == "journal-lost")
    assert "2026-08-03 15:13" in lost.message


def test_an_entry_that_is_gone_from_where_it_was() -> None:
    before = Project("11-palette-maker")
    path = "JOURNAL_ARCHIVE/2026-07.md"
    project = Project("11-palette-maker").without(path, r"^## 2026-07-03 15:20\n(?:.|\n)*?^---\n\n", count=1)
    assert since(project, before) == {("journal-lost", path, None)}
    fragment = "JOURNAL.d/2026-09-01T1000-7f3a.md"
    assert since(clean(), clean().written(fragment, entry("2026-09-01 10:00"))) == {("journal-lost", fragment, None)}


@pytest.mark.parametrize(
    ("old", "new", "edited"),
    [
        ("A socket and a timeout", "A restart", True),
        ("### ", "### A ", True),
        ("- **What**: ", "- **What**:   ", False),
        ("\n\n### ", "\n### ", False),
        ("---\n", "", False),
        ("---\n", "\n---\n---\n", False),
    ],
)
def test_an_entry_says_the_same_words(old: str, new: str, edited: bool) -> None:
    project = clean()
    begin = project.text(JOURNAL).index("## 2026-08-04 16:31")
    text = project.text(JOURNAL)
    assert old in text[begin:]
    project.written(JOURNAL, text[:begin] + text[begin:].replace(old, new, 1))
    line = project.line(JOURNAL, "## 2026-08-04 16:31")
    assert since(project) == ({("journal-edited", JOURNAL, line)} if edited else set())


def test_an_entry_with_another_title_was_edited() -> None:
    project = clean().replaced(JOURNAL, "## 2026-08-03 15:13", "## 2026-08-03 15:13 - a title")
    assert since(project) == {("journal-edited", JOURNAL, project.line(JOURNAL, "## 2026-08-03 15:13"))}


def test_of_two_entries_in_one_minute_each_is_its_own() -> None:
    before = clean().added(JOURNAL, entry("2026-09-01 10:00", "one") + entry("2026-09-01 10:00", "two"))
    lost = clean().added(JOURNAL, entry("2026-09-01 10:00", "two"))
    assert since(lost, before) == {("journal-lost", JOURNAL, None)}
    edited = clean().added(JOURNAL, entry("2026-09-01 10:00", "one") + entry("2026-09-01 10:00", "three"))
    assert since(edited, before) == {("journal-edited", JOURNAL, edited.line(JOURNAL, "## 2026-09-01 10:00", 2))}
    titled = clean().added(JOURNAL, entry("2026-09-01 10:00 - b", "one") + entry("2026-09-01 10:00", "three"))
    lines = {titled.line(JOURNAL, "## 2026-09-01 10:00", number) for number in (1, 2)}
    assert since(titled, before) == {("journal-edited", JOURNAL, line) for line in lines}


def test_of_two_titles_in_one_minute_the_right_one_is_lost() -> None:
    before = clean().added(JOURNAL, entry("2026-09-01 10:00 - a", "one") + entry("2026-09-01 10:00 - b", "two"))
    found = clean().added(JOURNAL, entry("2026-09-01 10:00 - b", "three")).findings(before)
    assert {one.code: one.message.partition(" was ")[0].partition(" says ")[0] for one in found} == {
        "journal-lost": "the entry of 2026-09-01 10:00 - a",
        "journal-edited": "the entry of 2026-09-01 10:00 - b",
    }


def test_a_tag_follows_an_id_that_was_given_twice() -> None:
    """Two branches gave it, and ``fix`` has given the later error the next free one."""
    first, second = "ERR-2026-09-01-001", "ERR-2026-09-01-002"

    def project(later: str, tag: str) -> Project:
        found = clean()
        for name, error, told in (("1000-1a2b", first, first), ("1001-7f3a", later, tag)):
            time, record = f"2026-09-01 {name[:2]}:{name[2:4]}", f"2026-09-01T{name}"
            found.written(f"ERRORS.d/{record}.md", event_text(Event(record, error, "opened", time, "P1", "lamps")))
            said = entry(time).replace("### Something", f"### Something |ERROR:{told}|")
            found.written(f"JOURNAL.d/{record}.md", f"{means({told: record})}{said}")
        return found

    assert ("err-dup-id", "ERRORS.d/2026-09-01T1001-7f3a.md", 1) in project(first, first).found()
    assert since(project(second, second), project(first, first)) == set()
    # A tag that means another error that was known then was edited.
    edited = since(project(second, first), project(second, second))
    assert edited == {("journal-edited", "JOURNAL.d/2026-09-01T1001-7f3a.md", 4)}


def test_entries_may_move_to_the_archive_and_into_the_journal() -> None:
    text = clean().text(JOURNAL)
    at = text.index("## 2026-08-05")
    head = "# Engineering Journal\n\n"
    project = clean().written(JOURNAL, head + text[at:])
    project.written(ARCHIVE, f"# Journal 2026-08\n\n## Summary\nSome.\n\n{text[len(head) : at]}")
    assert since(project) == set()
    before = clean().written("JOURNAL.d/2026-09-01T1000-7f3a.md", entry("2026-09-01 10:00"))
    assert since(clean().added(JOURNAL, entry("2026-09-01 10:00")), before) == set()


def complete(status: str = "COMPLETE") -> Project:
    return clean().replaced(TASKS, "**Status**: IN_PROGRESS", f"**Status**: {status}")


@pytest.mark.parametrize("status", ["IN_PROGRESS", "BLOCKED", "PLANNING", "TESTING", "DONE", ""])
def test_what_was_complete_stays_complete(status: str) -> None:
    line = clean().line(TASKS, "**Status**")
    assert since(complete(status), complete()) == {("task-reopened", TASKS, line)}
    assert since(complete(), complete(status)) == set()
    assert since(complete(status), complete("TESTING")) == set()


def test_what_was_done_in_the_chain_or_archived_is_complete_too() -> None:
    block = f"**Task ID**: {DONE}\n**Status**: BLOCKED\n\n### Task Context\n"
    project = clean().replaced(TASKS, "### Task Chain", f"## Again\n{block}\n### Task Chain")
    line = project.line(TASKS, "**Status**", 2)
    assert since(project) == {("task-reopened", TASKS, line)}
    assert since(project, project) == set()


def test_an_archived_task_is_not_reopened_where_it_lies() -> None:
    path = f"TASKS_ARCHIVE/2026-08/{DONE}.md"
    project = clean().replaced(path, "**Status**: COMPLETE", "**Status**: IN_PROGRESS")
    assert since(project) == {("task-reopened", path, project.line(path, "**Status**"))}
    assert since(project, project) == set()


def test_a_task_does_not_vanish() -> None:
    project = clean().without(TASKS, rf"^4\. .*{WAITING}\)\n").replaced(TASKS, "2/4", "2/3")
    assert since(project) == {("task-lost", TASKS, None)}
    archived = project.written(f"TASKS_ARCHIVE/2026-08/{WAITING}.md", "# Gone\n")
    assert since(archived) == set()
    assert since(clean().without(TASKS, rf" \({DONE}\)")) == set()  # it is in the archive
    assert since(clean().replaced(TASKS, f"**Task ID**: {WAITING[:-1]}1", "**Task ID**: none")) == set()  # in the chain


def test_tasks_do_not_vanish_with_their_document() -> None:
    lost = [one for one in clean().gone(TASKS).findings(clean()) if one.code == "task-lost"]
    assert [one.message.split()[0] for one in lost] == ["TASK-2026-08-06-001", "TASK-2026-08-06-002"]


def test_an_error_does_not_vanish() -> None:
    project = clean().without(ERRORS, r"^\| ERR-2026-08-06-001.*\n")
    assert since(project) == {("err-lost", ERRORS, None)}
    moved = clean().replaced(ERRORS, "| ERR-2026-08-06-001", "| ERR-2026-08-06-1")
    assert since(clean(), moved) == set()  # an id that was none was mended
