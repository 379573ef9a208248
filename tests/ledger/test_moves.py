"""Links that follow entries."""

from __future__ import annotations

from pathlib import Path

from greenroom.ledger.draft import Draft
from greenroom.ledger.moves import follows, moved, places, rewrite_links
from greenroom.ledger.tree import Tree
from tests.ledger.grown import entry


def test_headings_and_marks_of_an_entry_go_with_it(tmp_path: Path) -> None:
    marked = entry("2026-01-01 10:00", "One <!-- #mine -->".replace("<!--", "<! --")).replace("<! --", "<!--")
    (tmp_path / "JOURNAL.md").write_text(
        f"# J\n\n[old](#one)\n\n{marked}\n{entry('2026-01-02 10:00', 'Two')}[in](#one)\n"
    )
    (tmp_path / "A.md").write_text(
        "[a](JOURNAL.md#mine) `[b](JOURNAL.md#one)` [c](./JOURNAL.md#one 'JOURNAL') [d](#one)\n"
    )
    (tmp_path / "TASKS_ARCHIVE").mkdir()
    (tmp_path / "TASKS_ARCHIVE/T.md").write_text("[a](../JOURNAL.md#mine)\n")
    draft = Draft(Tree.of(tmp_path))
    before = places(draft)
    text = draft.text("JOURNAL.md") or ""
    draft.put("JOURNAL_ARCHIVE/2026-01.md", f"# A\n\n{marked}")
    draft.put("JOURNAL.md", text.replace(marked, ""))
    found = moved(before, places(draft))
    assert found["JOURNAL.md", "2026-01-01-1000"] == ("JOURNAL_ARCHIVE/2026-01.md", "2026-01-01-1000")
    assert ("JOURNAL.md", "two") not in found
    rewrite_links(draft, found)
    assert draft.text("A.md") == (
        "[a](JOURNAL_ARCHIVE/2026-01.md#mine) `[b](JOURNAL.md#one)` "
        "[c](./JOURNAL_ARCHIVE/2026-01.md#one 'JOURNAL') [d](#one)\n"
    )
    # The head of the journal follows, its entries and other history say what was so.
    assert "[old](JOURNAL_ARCHIVE/2026-01.md#one)" in (draft.text("JOURNAL.md") or "")
    assert "[in](#one)" in (draft.text("JOURNAL.md") or "")
    assert "TASKS_ARCHIVE/T.md" not in draft.changes


def test_history_does_not_follow() -> None:
    paths = ("JOURNAL.md", "JOURNAL.d/a.md", "ERRORS.d/a.md", "TASKS_ARCHIVE/2026-01/T.md", "activity/a.md")
    assert not any(map(follows, paths))
    assert all(map(follows, ("ERRORS.md", "TASKS.md", "CONDUCTOR.md", "docs/JOURNAL.md")))
