"""The ledger of errors."""

from __future__ import annotations

import pytest

from greenroom.ledger.errors_table import Event, event_text
from tests.ledger.checks.project import Found, Project, clean

ERRORS, JOURNAL = "ERRORS.md", "JOURNAL.md"
LINK = "[JOURNAL](JOURNAL.md#2026-08-05-1100)"


def row(name: str, seen: str, status: str = "active", severity: str = "P1", fix: str = "") -> str:
    return f"| {name} | {seen} | {status} | {severity} | area | {fix} |\n"


def told(project: Project, *ids: str) -> Project:
    """With an entry for each error."""
    for name in ids:
        fields = "".join(f"- **{name}**: x\n" for name in ("What", "Why", "How", "Issues", "Result"))
        project.added(JOURNAL, f"\n## 2026-09-01 10:00\n\n### An error |ERROR:{name}|\n{fields}\n---\n")
    return project


def active(*rows: str) -> Project:
    """With rows above the active error of the project."""
    project = clean()
    first = next(line for line in project.text(ERRORS).split("\n") if line.startswith("| ERR-"))
    return project.replaced(ERRORS, first, "".join(rows) + first)


def errors(code: str, *lines: int) -> set[Found]:
    return {(code, ERRORS, line) for line in lines}


FIRST = 10


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("ERR-2026-09-01-001", False),
        ("ERR-2026-09-01-999", False),
        ("ERR-2026-09-01-1", True),
        ("ERR-2026-09-01-0001", True),
        ("ERR-2026-9-1-001", True),
        ("ERR-2026-09-31-001", True),
        ("err-2026-09-01-001", True),
        ("TASK-2026-09-01-001", True),
        ("BUG-7", True),
    ],
)
def test_the_form_of_an_id(name: str, wrong: bool) -> None:
    found = told(active(row(name, "2026-09-01 09:00")), name).found()
    assert found == (errors("err-id", FIRST) if wrong else set())


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [("2026-09-01 09:00", False), ("2026-09-01", False), ("2026-09-02 00:00", True), ("", True), ("today", True)],
)
def test_the_day_of_an_id_is_the_day_it_was_seen(seen: str, wrong: bool) -> None:
    found = told(active(row("ERR-2026-09-01-001", seen)), "ERR-2026-09-01-001").found()
    assert found - errors("err-order", FIRST + 1) == (errors("err-date", FIRST) if wrong else set())


def test_one_id_is_one_error() -> None:
    both = row("ERR-2026-09-01-001", "2026-09-01 09:00") * 2
    assert told(active(both), "ERR-2026-09-01-001").found() == errors("err-dup-id", FIRST + 1)
    resolved = clean().text(ERRORS).split("## Resolved")[1].split("| ERR-")[1].split(" ")[0]
    copy = row(f"ERR-{resolved}", f"{resolved[:10]} 23:59")
    project = active().replaced(ERRORS, "\n## Resolved", f"{copy}\n## Resolved")
    line = project.line(ERRORS, f"| ERR-{resolved}", 2)
    assert project.found() == errors("err-dup-id", line)
    event = Event("2026-09-01T0900-7f3a", "ERR-2026-09-01-001", "opened", "2026-09-01 09:00", "P1", "lamps")
    project = told(active(row("ERR-2026-09-01-001", "2026-09-01 09:00")), "ERR-2026-09-01-001")
    (found,) = project.written(f"ERRORS.d/{event.name}.md", event_text(event)).findings()
    assert found.message.endswith(f"the other is at {ERRORS}:{FIRST}")


@pytest.mark.parametrize(
    ("status", "wrong"), [("active", False), ("investigating", False), ("resolved", True), ("Resolved", True)]
)
def test_an_active_error_is_not_resolved(status: str, wrong: bool) -> None:
    project = told(
        active(row("ERR-2026-09-01-001", "2026-09-01", status, fix=f"commit 1a2b3c4, {LINK}")), "ERR-2026-09-01-001"
    )
    fix = errors("link-no-section", FIRST)
    assert project.found() - fix == (errors("err-section", FIRST) if wrong else set())


@pytest.mark.parametrize("status", ["active", "open", ""])
def test_a_resolved_error_is_not_active(status: str) -> None:
    project = clean()
    line = project.line(ERRORS, "| ERR-", 2)
    project.replaced(ERRORS, "| resolved |", f"| {status} |")
    assert project.found() == errors("err-section", line)


def test_the_newest_active_error_stands_first() -> None:
    ids = [f"ERR-2026-09-0{day}-001" for day in (3, 1, 2, 2)]
    ids[3] = "ERR-2026-09-02-002"
    rows = [row(name, f"{name[4:14]} 09:00") for name in ids]
    assert told(active(*rows), *ids).found() == errors("err-order", FIRST + 2)


def test_resolved_errors_may_stand_in_any_order() -> None:
    project = clean()
    first, second = (
        line for line in project.text(ERRORS).split("## Resolved")[1].split("\n") if line.startswith("| ERR-")
    )
    assert project.replaced(ERRORS, f"{first}\n{second}", f"{second}\n{first}").found() == set()


@pytest.mark.parametrize(
    ("severity", "wrong"), [("P0", False), ("P1", False), ("P2", True), ("p1", True), ("high", True), ("", True)]
)
def test_small_errors_do_not_belong_here(severity: str, wrong: bool) -> None:
    name = "ERR-2026-09-01-001"
    found = told(active(row(name, "2026-09-01", severity=severity)), name).found()
    assert found == (errors("err-severity", FIRST) if wrong else set())


def test_every_error_is_told_in_the_journal() -> None:
    name = "ERR-2026-09-01-001"
    assert active(row(name, "2026-09-01")).found() == errors("err-no-journal", FIRST)
    project = active(row(name, "2026-09-01"))
    told(project, "ERR-2026-09-01-002")
    assert {code for code, *_ in project.found()} == {"err-no-journal", "journal-tag"}
    archived = clean().text(JOURNAL).replace(clean().text(JOURNAL).split("\n")[0], "# Journal\n\n## Summary\nAll.", 1)
    project = clean().written("JOURNAL_ARCHIVE/2026-08.md", archived).written(JOURNAL, "# Engineering Journal\n")
    assert {code for code, *_ in project.found()} == {"link-no-section"}


@pytest.mark.parametrize(
    ("fix", "wrong"),
    [
        ("commit 1a2b3c4, PR #7, [JOURNAL](JOURNAL.md)", False),
        ("[1a2b3c4](https://example.org/1), [told](./JOURNAL.md)", False),
        ("commit 0123456789abcdef0123456789abcdef01234567, [told](JOURNAL_ARCHIVE/2026-07.md)", False),
        ("PR #7, [JOURNAL](JOURNAL.md)", True),
        ("commit, [JOURNAL](JOURNAL.md)", True),
        ("commit 1a2b3, [JOURNAL](JOURNAL.md)", True),
        ("PR #7, [JOURNAL](JOURNAL.md#20260805)", True),
        ("commit 1a2b3c4", True),
        ("commit 1a2b3c4, JOURNAL.md", True),
        ("commit 1a2b3c4, [TASKS](TASKS.md)", True),
        ("commit 1a2b3c4, `[JOURNAL](JOURNAL.md)`", True),
        ("", True),
    ],
)
def test_a_resolved_error_says_what_mended_it(fix: str, wrong: bool) -> None:
    project = Project("11-palette-maker")
    line = project.line(ERRORS, "| ERR-", 2)
    cells = project.text(ERRORS).split("\n")[line - 1]
    project.replaced(ERRORS, cells, "|".join([*cells.split("|")[:6], f" {fix} |"]))
    found = project.found() - errors("link-no-section", line)
    assert found == (errors("err-no-fix", line) if wrong else set())


def test_what_lacks_is_said() -> None:
    project = clean()
    line = project.text(ERRORS).split("\n")[project.line(ERRORS, "| ERR-", 2) - 1]
    (found,) = project.replaced(ERRORS, line, "|".join([*line.split("|")[:6], " |"])).findings()
    assert found.message.endswith("is resolved, and does not say its commit and its entry in the journal")


def test_an_active_error_needs_no_fix_and_a_table_in_a_fence_is_an_example() -> None:
    example = "```\n" + row("BUG-1", "today", "resolved") + "```\n"
    assert clean().replaced(ERRORS, "\n## Resolved", f"\n{example}\n## Resolved").found() == set()
    assert clean().replaced(ERRORS, "\n## Active", f"\n{row('BUG-1', 'today')}\n## Active").found() == set()
