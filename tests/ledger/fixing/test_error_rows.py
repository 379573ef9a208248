"""Rows in the right section and order."""

from __future__ import annotations

from greenroom.ledger.errors_table import ACTIVE, RESOLVED, ErrorRow, row, rows_of
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


def test_sections_that_are_missing_come_before_the_keywords() -> None:
    found = placed("# Errors\n\n## Keywords\n- errors\n", (), [made("ERR-1", "2026", RESOLVED)])
    headings = [line for line in found.split("\n") if line.startswith("## ")]
    assert headings == ["## Active Errors", "## Resolved Errors", "## Keywords"]
    assert rows_of(found)[0].section == RESOLVED


def test_line_ends_stay() -> None:
    text = TEXT.replace("\n", "\r\n")
    found = placed(text, rows_of(text), [*rows_of(text), made("ERR-1", "2026-01-01", ACTIVE)])
    assert found.count("\n") == found.count("\r\n")
