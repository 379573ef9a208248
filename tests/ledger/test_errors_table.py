"""The table of errors, and events that are not yet in it."""

from __future__ import annotations

from pathlib import Path

from greenroom.ledger.errors_table import (
    ACTIVE,
    RESOLVED,
    Event,
    event_of,
    event_text,
    merged,
    read_errors,
    rendered,
    row,
    rows_of,
)
from greenroom.ledger.tree import Tree
from tests.ledger.grown import grow

_TEXT = """# Critical Error Ledger <!-- auto-maintained -->

## Schema
| ID | First seen | Status | Severity | Affected area | Link to fix |
|----|------------|--------|----------|---------------|-------------|
| P0 | outage | | | | |

## Active Errors <!-- #active -->
| ID | First seen | Status | Severity | Affected area | Link to fix |
|:---|------------|--------|----------|---------------|------------:|
| ERR-2026-02-06-001 | 2026-02-06 08:42 | active | P1 | a \\| b | |
| ERR-2026-02-05-001 | 2026-02-05
```
| ERR-2026-01-01-001 | in a fence | | | | |
```

## Resolved Errors
| ERR-2026-02-04-001 | 2026-02-04 10:13 | Resolved | P0 | loop | commit 24ede51, PR #8 |
"""


def test_rows_are_those_of_the_two_sections_with_their_lines() -> None:
    found = rows_of(_TEXT)
    assert [(one.id, one.section, one.line) for one in found] == [
        ("ERR-2026-02-06-001", ACTIVE, 11),
        ("ERR-2026-02-05-001", ACTIVE, 12),
        ("ERR-2026-02-04-001", RESOLVED, 18),
    ]
    assert found[0].area == "a \\| b"
    assert (found[1].seen, found[1].fix) == ("2026-02-05", "")
    assert [one.is_resolved for one in found] == [False, False, True]
    assert found[0].text == row(
        *(getattr(found[0], name) for name in ("id", "seen", "status", "severity", "area", "fix"))
    )


def test_a_row_below_both_headings_is_of_the_nearer_one_and_stands_once() -> None:
    nested = rows_of(_TEXT.replace("## Resolved", "### Resolved"))
    assert [(one.section, one.line) for one in nested] == [(ACTIVE, 11), (ACTIVE, 12), (RESOLVED, 18)]
    turned = rows_of(_TEXT.replace(RESOLVED, "x").replace(ACTIVE, RESOLVED).replace("## x", f"## {ACTIVE}"))
    assert [(one.section, one.line) for one in turned] == [(RESOLVED, 11), (RESOLVED, 12), (ACTIVE, 18)]


def test_events_come_back_as_they_were_written() -> None:
    opened = Event(
        "2026-01-01T1000-aaaa", "ERR-2026-01-01-001", "opened", "2026-01-01 10:00", "P0", "x", link="JOURNAL.d/y.md"
    )
    resolved = Event("n", "ERR-1", "resolved", "t", record="r", commit="abc1234", pull="7", link="JOURNAL.d/z.md")
    for event in (opened, resolved):
        assert event_of(event_text(event), f"ERRORS.d/{event.name}.md") == event
    assert event_of("# Something else\n", "ERRORS.d/a.md") is None


def test_events_change_the_rows_that_they_mean() -> None:
    events = [
        Event("b", "ERR-1", "resolved", "2026-01-03", record="a", commit="abc1234", pull="#7", link="JOURNAL.d/b.md"),
        Event("a", "ERR-1", "opened", "2026-01-02", "P0", "late"),
        Event("c", "ERR-2026-02-06-001", "resolved", "2026-01-01", commit="fff0000"),
        Event("d", "ERR-9", "resolved", "2026-01-01", commit="fff0000"),
    ]
    found = merged(rows_of(_TEXT), events)
    assert [(one.id, one.status, one.fix) for one in found] == [
        ("ERR-2026-02-06-001", "resolved", "commit fff0000"),
        ("ERR-2026-02-05-001", "", ""),
        ("ERR-2026-02-04-001", "Resolved", "commit 24ede51, PR #8"),
        ("ERR-1", "resolved", "commit abc1234, PR #7, [JOURNAL](JOURNAL.d/b.md)"),
    ]
    assert found[0].section == RESOLVED
    assert found[3].record == "a"


def test_two_mends_of_one_error_are_both_kept() -> None:
    events = [Event(name, "ERR-2026-02-06-001", "resolved", name, commit=f"{name}000000") for name in "ab"]
    assert merged(rows_of(_TEXT), events)[0].fix == "commit a000000, commit b000000"


def test_a_table_is_rendered_newest_first() -> None:
    lines = rendered(rows_of(_TEXT)[::-1], ACTIVE).splitlines()
    assert lines[2].startswith("| ERR-2026-02-06-001")
    assert rendered((), RESOLVED).count("\n") == 2


def test_a_tree_has_the_rows_of_both(tmp_path: Path) -> None:
    grow(tmp_path)
    assert [(one.id, one.area, one.status) for one in read_errors(Tree.of(tmp_path))] == [
        ("ERR-2026-01-10-001", "first", "active"),
        ("ERR-2026-06-01-001", "a", "active"),
        ("ERR-2026-06-01-001", "b", "resolved"),
    ]
