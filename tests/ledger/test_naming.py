"""Anchors that say lines alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.ledger.checks import check
from greenroom.ledger.fixing import mend
from greenroom.ledger.naming import unnamed
from greenroom.ledger.tree import Tree

CODE = """class Lamp:
    def fill(self):
        self.oil = 1
        return self


def twice(): ...


def twice(): ...
"""


def noted(root: Path, notes: str) -> list[tuple[str, str | None]]:
    (root / "lamp.py").write_text(CODE)
    (root / "NOTES.md").write_text(notes)
    return [(one.mend, one.patch.after[0] if one.patch else None) for one in unnamed(Tree.of(root))]


@pytest.mark.parametrize(
    ("line", "mends", "after"),
    [
        ("`lamp.py:2-4`", "write `lamp.py:2-4` - `Lamp.fill`", "`lamp.py:2-4` - `Lamp.fill`"),
        ("**Oil**: `lamp.py:2-4` - fills", "write **Oil**: `lamp.py:2-4` - `Lamp.fill`",
         "**Oil**: `lamp.py:2-4` - `Lamp.fill` fills"),
        ("see `lamp.py:3`.", "write `lamp.py:2-4` - `Lamp.fill`", None),
        ("`lamp.py:1-3`", "write `lamp.py:1-4` - `Lamp`", None),
    ],
)  # fmt: skip
def test_the_symbol_around_is_proposed(tmp_path: Path, line: str, mends: str, after: str | None) -> None:
    assert noted(tmp_path, f"{line}\n") == [(mends, after)]


@pytest.mark.parametrize(
    "line",
    [
        "`lamp.py:2-4` - `Lamp.fill`", '`lamp.py:3` - "self.oil"', "`lamp.py:5-7`", "`lamp.py:7`", "`gone.py:1`",
        "`lamp.py:99`", "`NOTES.md:1`", "## `lamp.py`\n**The whole of it (Lines 1-4)**",
    ],
)  # fmt: skip
def test_nothing_is_proposed_where_there_is_nothing_to_name(tmp_path: Path, line: str) -> None:
    assert noted(tmp_path, f"{line}\n") == []


def test_they_are_named_when_that_is_asked_for(tmp_path: Path) -> None:
    noted(tmp_path, "`lamp.py:2-4`, `lamp.py:1-4` - all, `lamp.py:3`\n")
    assert mend(tmp_path).changes == ()
    done = mend(tmp_path, naming=True)
    text = "`lamp.py:2-4` - `Lamp.fill`, `lamp.py:1-4` - `Lamp` all, `lamp.py:3`\n"
    assert (tmp_path / "NOTES.md").read_text() == text
    assert [finding.code for finding in done.left] == ["anchor-unnamed"]
    assert check(Tree.of(tmp_path)) == []
