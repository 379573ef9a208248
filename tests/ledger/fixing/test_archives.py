"""Archives and entries in their places."""

from __future__ import annotations

from pathlib import Path

from greenroom.ledger.fixing import mend
from greenroom.ledger.journal import entries_of, read_journal
from greenroom.ledger.tree import Tree
from tests.ledger.grown import contents, entry

HEAD = "# Journal {0}\n\n## Summary\n{1}\n\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def mended(root: Path, files: dict[str, str]) -> dict[str, str]:
    """What becomes of archives; no entry may change."""
    write(root, {"JOURNAL.md": "# Engineering Journal\n", **files})
    before = read_journal(Tree.of(root)).keys
    mend(root)
    assert read_journal(Tree.of(root)).keys == before
    assert mend(root).changes == ()
    return {path: data.decode() for path, data in contents(root).items() if path.startswith("JOURNAL_ARCHIVE/")}


def test_entries_of_another_month_go_to_theirs(tmp_path: Path) -> None:
    text = HEAD.format("2026-01", "Ours.") + entry("2026-01-01 10:00") + "\n" + entry("2026-02-01 10:00", "Astray")
    found = mended(tmp_path, {"JOURNAL_ARCHIVE/2026-01.md": text})
    assert found["JOURNAL_ARCHIVE/2026-01.md"] == HEAD.format("2026-01", "Ours.") + entry("2026-01-01 10:00") + "\n"
    said = "1 entry from 2026-02-01 10:00 to 2026-02-01 10:00.\n\n- 2026-02-01 10:00: Astray"
    assert found["JOURNAL_ARCHIVE/2026-02.md"] == HEAD.format("2026-02", said) + entry("2026-02-01 10:00", "Astray")


def test_an_archive_with_nothing_left_goes(tmp_path: Path) -> None:
    found = mended(tmp_path, {"JOURNAL_ARCHIVE/2026-01.md": "# Journal 2026-01\n\n" + entry("2026-02-01 10:00")})
    assert list(found) == ["JOURNAL_ARCHIVE/2026-02.md"]


def test_two_archives_of_one_month_become_one_with_the_words_of_both(tmp_path: Path) -> None:
    first, second = entry("2026-01-01 10:00"), entry("2026-01-02 10:00")
    found = mended(
        tmp_path,
        {
            "JOURNAL_ARCHIVE/2026-01.md": HEAD.format("2026-01", "Mine.") + second,
            "JOURNAL_ARCHIVE/2026-01/2026-01.md": HEAD.format("2026-01", "Yours.") + first,
        },
    )
    assert found == {"JOURNAL_ARCHIVE/2026-01.md": HEAD.format("2026-01", "Mine.\n\nYours.") + first + "\n" + second}


def test_a_summary_is_counted_where_there_is_none(tmp_path: Path) -> None:
    text = (
        "# Journal 2026-01\n\nWords of ours.\n\n"
        + entry("2026-01-02 10:00", "A [link](b.md) |x|")
        + "\n"
        + entry("2026-01-01 10:00")
    )
    found = mended(tmp_path, {"JOURNAL_ARCHIVE/2026-01.md": text})["JOURNAL_ARCHIVE/2026-01.md"]
    assert found.startswith(
        "# Journal 2026-01\n\n## Summary\n2 entries from 2026-01-01 10:00 to 2026-01-02 10:00.\n\n"
        "- 2026-01-01 10:00: Something\n- 2026-01-02 10:00: A link |x|\n\nWords of ours.\n\n## 2026-01-01"
    )
    assert [one.time for one in entries_of(found)] == ["2026-01-01 10:00", "2026-01-02 10:00"]


def test_links_to_an_entry_that_somebody_moved_follow_it(tmp_path: Path) -> None:
    said = "[a](JOURNAL.md#2026-01-01-1000) [b](JOURNAL.md#2026-01-09-1000) [c](JOURNAL.md#something)"
    files = {
        f"JOURNAL_ARCHIVE/2026-0{at}.md": HEAD.format(f"2026-0{at}", "x") + entry(f"2026-0{at}-01 10:00")
        for at in (1, 2)
    }
    mended(tmp_path, {"NOTES.md": said, **files})
    moved = said.replace("JOURNAL.md#2026-01-01", "JOURNAL_ARCHIVE/2026-01.md#2026-01-01")
    assert (tmp_path / "NOTES.md").read_text() == moved  # b is nowhere, and c may be either of two


def test_names_that_are_no_month_are_left_to_a_person(tmp_path: Path) -> None:
    found = mended(tmp_path, {"JOURNAL_ARCHIVE/old.md": "# Old\n\n## Summary\nOld.\n\n" + entry("2026-01-01 10:00")})
    assert list(found) == ["JOURNAL_ARCHIVE/old.md"]
