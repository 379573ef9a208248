"""What is mended, what is left, and that mending again changes nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from greenroom.ledger.errors_table import read_errors
from greenroom.ledger.fixing import fix, mend
from greenroom.ledger.journal import read_journal
from greenroom.ledger.tree import Tree
from tests.ledger.grown import contents, grow

GOLDENS = Path(__file__).parents[2] / "goldens/ledger"
# What a person has to say, or to choose.
LEFT = {
    "03-job-queue": ["toc-unlisted", "link-no-file", "link-no-section", "link-no-file", "link-no-section"],
    "04-weight-manifest": ["keywords-empty", "keywords-missing", "section-missing", "context-facts", "section-missing"],
    "05-text-chunker": ["task-dep-unknown", "task-two-active"],
    # The second of an id has a number of its own now, and no entry that speaks of it.
    "06-download-retry": ["err-no-journal", "err-severity", "err-no-journal", "err-no-journal"],
    "07-audio-mixer": ["boilerplate-dup"],
    "08-media-probe": ["task-no-journal"],
    "10-frame-sequence": ["plan-no-verify", "plan-parallel", "plan-needs", "plan-score"],
}


def copied(name: str, folder: Path) -> Path:
    root = folder / name
    shutil.copytree(GOLDENS / name / "tree", root)
    return root


@pytest.mark.parametrize("name", sorted(path.parent.name for path in GOLDENS.glob("*/tree")))
def test_what_is_left_needs_a_person(tmp_path: Path, name: str) -> None:
    root = copied(name, tmp_path)
    tree = Tree.of(root)
    entries, errors = read_journal(tree).keys, len(read_errors(tree))
    foreseen = fix(tree)
    assert contents(root) == contents(GOLDENS / name / "tree")
    mended = mend(root)
    assert [change.path for change in foreseen] == [change.path for change in mended.changes]
    assert Counter(finding.code for finding in mended.left) == Counter(LEFT.get(name, ()))
    after = Tree.of(root)
    assert read_journal(after).keys == entries
    assert len(read_errors(after)) == errors
    assert mend(root).changes == ()
    assert fix(after) == []
    # Where there was nothing to mend, nothing at all is left behind.
    assert (root / "JOURNAL.d").exists() == bool(mended.changes)


def test_a_line_that_is_mended_keeps_its_own_end(tmp_path: Path) -> None:
    root = copied("02-frame-resizer", tmp_path)
    path = root / "CONDUCTOR.md"
    first, *others = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([first + b"\r", *others]))
    mend(root)
    assert path.read_bytes().count(b"\r") == 1


def test_only_the_numbers_of_an_anchor_change(tmp_path: Path) -> None:
    changes = mend(copied("02-frame-resizer", tmp_path)).changes
    assert [change.path for change in changes] == ["ARCHITECTURE.md", "CONDUCTOR.md", "TASKS.md"]
    for change in changes:
        assert change.before is not None
        assert change.after is not None
        for old, new in zip(change.before.splitlines(), change.after.splitlines(), strict=True):
            assert [part for part in old if not part.isdigit()] == [part for part in new if not part.isdigit()]
    assert "-**Floor**: `resizer.py:17-19` - `floor_to` multiple of the step" in changes[1].diff()
    assert "+**Floor**: `resizer.py:22-24` - `floor_to` multiple of the step" in changes[1].diff()


def test_an_archive_in_a_folder_moves_out_of_it(tmp_path: Path) -> None:
    root = copied("08-media-probe", tmp_path)
    text = (root / "JOURNAL_ARCHIVE/2026-05/2026-05.md").read_text()
    (root / "NOTES.md").write_text(
        "[a](JOURNAL_ARCHIVE/2026-05/2026-05.md) [b](JOURNAL_ARCHIVE/2026-05/2026-05.md#summary)\n"
    )
    mend(root)
    assert (root / "JOURNAL_ARCHIVE/2026-05.md").read_text() == text
    assert not (root / "JOURNAL_ARCHIVE/2026-05").exists()
    assert (
        root / "NOTES.md"
    ).read_text() == "[a](JOURNAL_ARCHIVE/2026-05.md) [b](JOURNAL_ARCHIVE/2026-05.md#summary)\n"


def test_a_grown_ledger_is_mended_in_one_change(tmp_path: Path) -> None:
    grow(tmp_path)
    foreseen = mend(tmp_path, dry=True)
    assert (tmp_path / "JOURNAL_ARCHIVE/2025-12/2025-12.md").exists()
    mended = mend(tmp_path)
    assert mended == foreseen
    assert mended.settled == (("ERR-2026-06-01-001", "ERR-2026-06-01-002"),)
    assert {change.path for change in mended.changes} >= {"JOURNAL.md", "JOURNAL_ARCHIVE/2025-12.md", "NOTES.md"}
    assert "](JOURNAL_ARCHIVE/2025-12.md#2025-12-01-0900)" in (tmp_path / "NOTES.md").read_text()
    assert "JOURNAL.d/2026-06-01T1000-aaaa.md" in contents(tmp_path)


def test_documents_without_a_ledger_have_their_anchors_mended(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("\n\ndef f():\n    pass\n")
    (tmp_path / "README.md").write_bytes(b"\xff `a.py:1-2` - `f`\r\nSee `a.py:1-2` - `f`.\r\n")
    mend(tmp_path)
    assert (tmp_path / "README.md").read_bytes() == b"\xff `a.py:1-2` - `f`\r\nSee `a.py:3-4` - `f`.\r\n"
