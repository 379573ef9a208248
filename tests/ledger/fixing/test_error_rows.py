"""Rows in the right section and order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.ledger.compaction import FoldRefused
from greenroom.ledger.errors_table import ACTIVE, RESOLVED, ErrorRow, row, rows_of
from greenroom.ledger.fixing import mend
from greenroom.ledger.fixing.error_rows import placed

HEAD = "| ID | First seen | Status | Severity | Affected area | Link to fix |\n|----|----|----|----|----|----|\n"
TEXT = f"""# Critical Error Ledger

Words.

## Active Errors
{HEAD}| ERR-2 | 2026-01-02 | active | P1 | b | |

More words.

## Resolved Errors
{HEAD}
## Keywords
- errors
"""


def made(name: str, seen: str, section: str) -> ErrorRow:
    cells = (name, seen, "resolved" if section == RESOLVED else "active", "P1", "x", "")
    return ErrorRow(*cells, section, row(*cells))


def test_new_rows_stand_above_older_ones_and_all_else_stays() -> None:
    rows = rows_of(TEXT)
    new = [made("ERR-1", "2026-01-01", ACTIVE), made("ERR-3", "2026-01-03", ACTIVE), made("ERR-0", "2026", RESOLVED)]
    found = placed(TEXT, rows, [*rows, *new])
    assert [one.id for one in rows_of(found)] == ["ERR-3", "ERR-2", "ERR-1", "ERR-0"]
    lines = [line for line in found.split("\n") if "ERR-" not in line or "ERR-2" in line]
    assert "\n".join(lines) == TEXT
    assert f"{HEAD}| ERR-0 | 2026 | resolved | P1 | x | |\n\n## Keywords" in found


def test_new_rows_stand_newest_first(tmp_path: Path) -> None:
    new = [made(f"ERR-{at}", f"2026-01-0{at}", ACTIVE) for at in (4, 6, 5)]
    assert [one.id for one in rows_of(placed(TEXT, rows_of(TEXT), [*rows_of(TEXT), *new]))] == [
        "ERR-6",
        "ERR-5",
        "ERR-4",
        "ERR-2",
    ]
    (tmp_path / "ERRORS.md").write_text(
        TEXT.replace("| ERR-2 |", "| ERR-1 | 2026-01-01 | active | P1 | a | |\n| ERR-2 |")
    )
    mend(tmp_path)
    assert [one.id for one in rows_of((tmp_path / "ERRORS.md").read_text())] == ["ERR-2", "ERR-1"]


def test_sections_that_are_missing_come_before_the_keywords() -> None:
    found = placed("# Errors\n\n## Keywords\n- errors\n", (), [made("ERR-1", "2026", RESOLVED)])
    headings = [line for line in found.split("\n") if line.startswith("## ")]
    assert headings == ["## Active Errors", "## Resolved Errors", "## Keywords"]
    assert rows_of(found)[0].section == RESOLVED


def test_a_section_that_comes_first_moves_the_lines_of_the_others() -> None:
    table = f"{HEAD}| ERR-1 | 2026 | active | P1 | a | |\n| ERR-2 | 2026 | resolved | P1 | b | |\n"
    text = f"# Errors\n\n## Keywords\n- errors\n\n## Resolved Errors\n{table}"
    rows = rows_of(text)
    found = placed(text, rows, [replace(rows[0], section=ACTIVE), rows[1]])
    assert [(one.id, one.section) for one in rows_of(found)] == [("ERR-1", ACTIVE), ("ERR-2", RESOLVED)]


def test_a_document_that_hides_its_sections_is_left() -> None:
    with pytest.raises(FoldRefused, match="hides"):
        placed("# Errors\n\n```\n", (), [made("ERR-1", "2026", ACTIVE)])


def test_line_ends_stay() -> None:
    text = TEXT.replace("\n", "\r\n")
    found = placed(text, rows_of(text), [*rows_of(text), made("ERR-1", "2026-01-01", ACTIVE)])
    assert found.count("\n") == found.count("\r\n")
