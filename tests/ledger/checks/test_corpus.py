"""The twelve projects of the corpus: what is found is what is labelled, and nothing more."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from greenroom.ledger.checks import check
from greenroom.ledger.tree import Tree
from tests.ledger.checks.project import CORPUS, Found

TREES: list[dict[str, Any]] = json.loads((CORPUS / "labels.json").read_text())["trees"]
every_tree = pytest.mark.parametrize("labelled", TREES, ids=lambda labelled: labelled["tree"])


def labels(labelled: dict[str, Any]) -> set[Found]:
    return {(defect["rule"], defect["file"], defect["line"]) for defect in labelled["defects"]}


def judged(folder: Path, labelled: dict[str, Any]) -> set[Found]:
    before = Tree.of(folder / "before") if labelled["has_before"] else None
    return {(one.code, one.path, one.line) for one in check(Tree.of(folder / "tree"), before)}


@every_tree
def test_what_is_found_is_what_is_labelled(labelled: dict[str, Any]) -> None:
    assert judged(CORPUS / labelled["tree"], labelled) == labels(labelled)


@every_tree
@pytest.mark.parametrize("ends", ["carriage returns", "a mark at the beginning"])
def test_how_an_editor_writes_a_file_changes_nothing(labelled: dict[str, Any], ends: str, tmp_path: Path) -> None:
    shutil.copytree(CORPUS / labelled["tree"], tmp_path, dirs_exist_ok=True)
    for path in tmp_path.rglob("*.*"):
        if path.is_file():
            data = path.read_bytes()
            path.write_bytes(data.replace(b"\n", b"\r\n") if ends == "carriage returns" else b"\xef\xbb\xbf" + data)
    assert judged(tmp_path, labelled) == labels(labelled)


def test_a_project_is_judged_alike_wherever_it_comes_from(tmp_path: Path) -> None:
    """A folder, a repository, and what git has of it."""
    (labelled,) = (one for one in TREES if one["tree"] == "08-media-probe")
    shutil.copytree(CORPUS / labelled["tree"] / "before", tmp_path / "project")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=N", "-c", "user.email=n@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "before"], check=True)
    shutil.rmtree(tmp_path / "project")
    shutil.copytree(CORPUS / labelled["tree"] / "tree", tmp_path / "project")
    before = Tree.at(tmp_path / "project", "HEAD")
    found = check(Tree.of(tmp_path / "project"), before)
    assert {(one.code, one.path, one.line) for one in found} == labels(labelled)


@every_tree
def test_each_finding_says_what_to_do(labelled: dict[str, Any]) -> None:
    for one in check(Tree.of(CORPUS / labelled["tree"] / "tree")):
        assert one.message
        assert one.mend
        if one.patch is not None:
            assert one.patch.path == one.path
            assert one.patch.before != one.patch.after


def test_every_anchor_that_moved_is_mended_by_its_patch() -> None:
    labelled = next(one for one in TREES if one["tree"] == "02-frame-resizer")
    tree = Tree.of(CORPUS / labelled["tree"] / "tree")
    expected = {(defect["file"], defect["line"]): defect["expected"] for defect in labelled["defects"]}
    found = check(tree)
    changes: dict[str, bytes | None] = {}
    for one in found:
        assert one.patch is not None
        assert one.path is not None
        assert one.line is not None
        assert expected[one.path, one.line].rpartition(" ")[2] in one.patch.after[0]
        lines = (changes.get(one.path) or tree.bytes(one.path) or b"").decode().split("\n")
        assert tuple(lines[one.line - 1 : one.line]) == one.patch.before
        lines[one.line - 1 : one.line] = one.patch.after
        changes[one.path] = "\n".join(lines).encode()
    assert check(tree.changed(changes)) == []
