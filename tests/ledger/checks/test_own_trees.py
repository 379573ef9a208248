"""Projects written from the grammar alone, before the checks were read: what is found is what is labelled.

Each is a file: its defects as rule, file and line, its files as lines, and, where history matters, what was otherwise
one step earlier (null: a file that was not there).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from greenroom.ledger.checks import check
from greenroom.ledger.tree import Tree

OWN = Path(__file__).parents[2] / "goldens" / "ledger-own"
PROJECTS = sorted(OWN.glob("*.json"))


def written(folder: Path, files: dict[str, list[str] | None]) -> Tree:
    for name, lines in files.items():
        if lines is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes("\n".join(lines).encode())
    return Tree.of(folder)


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.stem)
def test_what_is_found_is_what_is_labelled(path: Path, tmp_path: Path) -> None:
    project: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    tree = written(tmp_path / "tree", project["tree"])
    before = None
    if "before" in project:
        before = written(tmp_path / "before", project["tree"] | project["before"])
    found = {(one.code, one.path, one.line) for one in check(tree, before)}
    assert found == {tuple(defect) for defect in project["defects"]}


def test_the_rules_are_broken_each_somewhere() -> None:
    """All of the grammar but the length of a journal, which would be long here, too."""
    broken = {rule for path in PROJECTS for rule, *_ in json.loads(path.read_text(encoding="utf-8"))["defects"]}
    assert len(broken) == 52
