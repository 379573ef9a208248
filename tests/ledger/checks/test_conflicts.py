"""Marks of a merge that are left."""

from __future__ import annotations

import pytest

from tests.ledger.checks.project import clean

CONFLICT = "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> branch\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (CONFLICT, [2]),
        (f"{CONFLICT}\n{CONFLICT}", [2, 8]),
        (f"```\n{CONFLICT}```\n", []),
        ("<<<<<<< HEAD\n", []),
        (">>>>>>> branch\n<<<<<<< HEAD\n", []),
        ("> > > quoted\n\n=======\n", []),
    ],
)
def test_a_conflict_that_is_left(text: str, lines: list[int]) -> None:
    project = clean().added("ARCHITECTURE.md", "\n")
    above = project.text("ARCHITECTURE.md").count("\n") - 1
    project.added("ARCHITECTURE.md", text)
    found = [(one.code, one.line) for one in project.findings() if one.code == "conflict-left"]
    assert found == [("conflict-left", above + line) for line in lines]
