"""Entries in their order."""

from __future__ import annotations

from pathlib import Path

from greenroom.ledger.fixing import mend
from greenroom.ledger.journal import entries_of
from tests.ledger.grown import entry


def test_entries_are_sorted_and_those_of_a_minute_stay_as_they_stood(tmp_path: Path) -> None:
    texts = [
        entry(f"2026-01-01 {time}", title)
        for time, title in (("14:30", "a"), ("14:00", "b"), ("14:30", "c"), ("13:00", "d"))
    ]
    (tmp_path / "JOURNAL.md").write_text("# Engineering Journal\n\nWords.\n\n" + "\n".join(texts))
    mend(tmp_path)
    text = (tmp_path / "JOURNAL.md").read_text()
    assert [one.items[0].title for one in entries_of(text)] == ["d", "b", "a", "c"]
    assert text == "# Engineering Journal\n\nWords.\n\n" + "\n".join([texts[3], texts[1], texts[0], texts[2]]) + "\n"


def test_words_behind_an_entry_go_with_it(tmp_path: Path) -> None:
    foreign = "## Version History\n- v1\n\n"
    newer, older = entry("2026-01-02 10:00"), entry("2026-01-01 10:00")
    (tmp_path / "JOURNAL.md").write_text(f"# Engineering Journal\n\n{newer}\n{foreign}{older}")
    mend(tmp_path)
    assert (tmp_path / "JOURNAL.md").read_text() == f"# Engineering Journal\n\n{older}\n{newer}\n{foreign}"
