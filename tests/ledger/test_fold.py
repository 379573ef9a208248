"""Fragments folded, and long journals made shorter."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from greenroom.ledger.checks import check
from greenroom.ledger.compaction import FoldRefused
from greenroom.ledger.errors_table import read_errors
from greenroom.ledger.fold import fold
from greenroom.ledger.fragments import log
from greenroom.ledger.journal import Tag, entries_of, read_journal
from greenroom.ledger.markdown import Document
from greenroom.ledger.tree import Tree
from tests.ledger.grown import contents, entry, grow, journal


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def times(root: Path, path: str = "JOURNAL.md") -> list[str]:
    return [one.time for one in entries_of((root / path).read_text())]


def test_fragments_go_to_their_place_and_are_gone(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{
            "JOURNAL.md": "# Engineering Journal\n\nWords.\n\n"
            + entry("2026-03-01 10:00")
            + "\n"
            + entry("2026-03-03 10:00"),
            "JOURNAL.d/2026-03-04T1000-bbbb.md": entry("2026-03-04 10:00", "Second"),
            "JOURNAL.d/2026-03-04T1000-aaaa.md": entry("2026-03-04 10:00", "First"),
            "JOURNAL.d/2026-03-02T1000-cccc.md": entry("2026-03-02 10:00", "Merged late"),
            "JOURNAL.d/README.md": "# What this is\n",
        },
    )
    before = read_journal(Tree.of(tmp_path)).keys
    folded = fold(tmp_path)
    assert (folded.entries, folded.archived) == (3, 0)
    assert times(tmp_path) == ["2026-03-01 10:00", "2026-03-02 10:00", "2026-03-03 10:00", *["2026-03-04 10:00"] * 2]
    text = (tmp_path / "JOURNAL.md").read_text()
    assert text.startswith("# Engineering Journal\n\nWords.\n\n## 2026-03-01")
    assert text.index("First") < text.index("Second")
    assert "\n\n\n" not in text
    assert [path.name for path in (tmp_path / "JOURNAL.d").iterdir() if path.suffix == ".md"] == ["README.md"]
    assert read_journal(Tree.of(tmp_path)).keys == before
    assert fold(tmp_path).changes == ()


def test_a_record_may_begin_with_the_mark_of_an_editor(tmp_path: Path) -> None:
    grow(tmp_path, entries=5)
    for path in (*tmp_path.glob("JOURNAL.d/*.md"), *tmp_path.glob("ERRORS.d/*.md")):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    before = read_journal(Tree.of(tmp_path)).keys
    folded = fold(tmp_path)
    assert (folded.entries, folded.events) == (3, 3)
    assert "\ufeff" not in (tmp_path / "JOURNAL.md").read_text()
    assert len(before) == len(read_journal(Tree.of(tmp_path)).keys)
    assert not any(tmp_path.glob("*.d/*.md"))


def test_a_fragment_that_is_a_link_takes_nothing_with_it(tmp_path: Path) -> None:
    write(tmp_path, **{"elsewhere/a.txt": entry("2026-03-04 10:00"), "JOURNAL.d/README.md": "# What this is\n"})
    link = tmp_path / "JOURNAL.d/2026-03-04T1000-bbbb.md"
    link.symlink_to("../elsewhere/a.txt")
    assert fold(tmp_path).entries == 1
    assert not link.is_symlink()
    assert (tmp_path / "elsewhere/a.txt").read_text() == entry("2026-03-04 10:00")


def test_a_first_fragment_begins_the_journal(tmp_path: Path) -> None:
    write(tmp_path, **{"JOURNAL.d/2026-03-04T1000-bbbb.md": entry("2026-03-04 10:00")})
    fold(tmp_path)
    assert (tmp_path / "JOURNAL.md").read_text() == "# Engineering Journal\n\n" + entry("2026-03-04 10:00")


def test_a_long_journal_is_halved_and_nothing_is_lost(tmp_path: Path) -> None:
    grow(tmp_path)
    before = [one.text for one in entries_of((tmp_path / "JOURNAL.md").read_text())]
    folded = fold(tmp_path)
    assert folded.archived == 27
    lines = (tmp_path / "JOURNAL.md").read_text().count("\n")
    assert lines <= (53 * 11 + 2) / 2 < lines + 11
    after = "".join((tmp_path / path).read_text() for path in sorted(contents(tmp_path)) if "JOURNAL" in path)
    assert all(text.rstrip() in after for text in before)
    archive = (tmp_path / "JOURNAL_ARCHIVE/2026-01.md").read_text()
    assert archive.startswith(
        "# Journal 2026-01\n\n## Summary\n"
        "10 entries from 2026-01-10 09:00 to 2026-01-19 09:00.\n\n- 2026-01-10 09:00: Step 0\n"
    )
    assert sorted(path for path in contents(tmp_path) if path.startswith("JOURNAL_ARCHIVE/2026")) == [
        f"JOURNAL_ARCHIVE/2026-0{month}.md" for month in (1, 2, 3)
    ]
    assert times(tmp_path)[0] == "2026-03-17 09:00"


def test_links_follow_and_errors_come_into_the_table(tmp_path: Path) -> None:
    grow(tmp_path)
    folded = fold(tmp_path)
    assert folded.settled == (("ERR-2026-06-01-001", "ERR-2026-06-01-002"),)
    notes = (tmp_path / "NOTES.md").read_text()
    assert "](JOURNAL_ARCHIVE/2026-01.md#2026-01-10-0900)" in notes
    assert "](JOURNAL.md#2026-06-01-1000)" in notes
    tree = Tree.of(tmp_path)
    rows = {row.id: row for row in read_errors(tree)}
    assert rows["ERR-2026-06-01-001"].area == "a"
    assert rows["ERR-2026-06-01-002"].fix == "commit abc1234, [JOURNAL](JOURNAL.md#2026-06-01-1100)"
    assert [row.path for row in rows.values()] == ["ERRORS.md"] * 3
    codes = {finding.code for finding in check(tree)}
    assert not codes & {"link-no-file", "link-no-section", "err-dup-id", "err-order", "err-section", "journal-long"}
    tagged = [one.tags[0].id for one in read_journal(tree).entries if one.tags]
    assert tagged == ["ERR-2026-06-01-001", "ERR-2026-06-01-002", "ERR-2026-06-01-002"]
    assert "<!--" not in (tmp_path / "JOURNAL.md").read_text()


def test_links_to_items_and_to_the_second_of_a_minute_follow(tmp_path: Path) -> None:
    twins = entry("2026-01-01 10:00", "One") + "\n" + entry("2026-01-01 10:00", "Other")
    write(
        tmp_path,
        **{
            "JOURNAL.md": "# Engineering Journal\n\n" + twins + journal(50, 2).removeprefix("# Engineering Journal\n"),
            "docs/A.md": "[item](../JOURNAL.md#other) [second](/JOURNAL.md#2026-01-01-1000-1) "
            "[stays](../JOURNAL.md#step-49)",
        },
    )
    fold(tmp_path)
    assert (tmp_path / "docs/A.md").read_text() == (
        "[item](../JOURNAL_ARCHIVE/2026-01.md#other) [second](/JOURNAL_ARCHIVE/2026-01.md#2026-01-01-1000-1) "
        "[stays](../JOURNAL.md#step-49)"
    )


def test_what_is_no_entry_stays_and_so_does_the_entry_around_it(tmp_path: Path) -> None:
    foreign = "## Version History\n- **v1.0.0** - all\n\n### Compaction Rule\nMove them.\n\n"
    newer, older = entry("2026-01-02 14:30", "Newer"), entry("2026-01-02 14:00", "Older")
    text = f"# Journal\n\nHead.\n\n{newer}\n{older}\n{foreign}" + journal(50, 2).removeprefix(
        "# Engineering Journal\n\n"
    )
    write(tmp_path, **{"JOURNAL.md": text})
    before = read_journal(Tree.of(tmp_path)).keys
    folded = fold(tmp_path)
    left = (tmp_path / "JOURNAL.md").read_text()
    assert left.startswith(f"# Journal\n\nHead.\n\n{older}\n{foreign}## 2026-0")
    assert folded.archived > 20
    assert times(tmp_path, "JOURNAL_ARCHIVE/2026-01.md") == ["2026-01-02 14:30"]
    assert read_journal(Tree.of(tmp_path)).keys == before


def test_words_over_the_rule_that_ends_an_entry_are_no_heading(tmp_path: Path) -> None:
    text = journal(50).replace("\n\n---\n", "\n\nAll is well.\n---\n")
    write(tmp_path, **{"JOURNAL.md": text})
    before = read_journal(Tree.of(tmp_path)).keys
    assert fold(tmp_path).archived > 20
    after = read_journal(Tree.of(tmp_path))
    assert after.keys == before
    assert all(len(one.items[0].fields) == 5 for one in after.entries)


def test_an_archive_keeps_the_words_of_its_head(tmp_path: Path) -> None:
    head = "# Journal 2026-01\n\n## Summary\nA good month.\n\n"
    write(tmp_path, **{"JOURNAL_ARCHIVE/2026-01.md": head + entry("2026-01-31 09:00"), "JOURNAL.md": journal(50)})
    fold(tmp_path)
    text = (tmp_path / "JOURNAL_ARCHIVE/2026-01.md").read_text()
    assert text.startswith(f"{head}## 2026-01-10 09:00")
    assert times(tmp_path, "JOURNAL_ARCHIVE/2026-01.md")[-1] == "2026-01-31 09:00"


def test_records_may_name_entries_that_move_away(tmp_path: Path) -> None:
    task, name = "TASKS_ARCHIVE/2026-01/TASK-2026-01-10-001.md", "JOURNAL.d/2026-06-02T1000-aaaa.md"
    said = f"See [0](#2026-01-10-0900), [1](JOURNAL.md#2026-01-11-0900) and [new]({name})."
    text = journal(50) + "\n" + entry("2026-06-01 09:00").replace("It was due.", said)
    write(tmp_path, **{"JOURNAL.md": text, name: entry("2026-06-02 10:00")})
    write(tmp_path, **{task: "# T\n\n[why](../../JOURNAL.md#2026-01-10-0900)\n", "NOTES.md": "[x](JOURNAL.md#y)\n"})
    before = [finding.code for finding in check(Tree.of(tmp_path))]
    assert before == ["journal-long", "link-no-section"]
    assert fold(tmp_path).archived > 20
    assert [(finding.code, finding.path) for finding in check(Tree.of(tmp_path))] == [("link-no-section", "NOTES.md")]
    write(tmp_path, **{task: "# T\n\n[why](../../JOURNAL.md#2026-01-10-0901)\n"})
    assert [finding.path for finding in check(Tree.of(tmp_path))] == ["NOTES.md", task]


def test_the_newest_entry_stays_however_long(tmp_path: Path) -> None:
    long = entry("2026-02-01 10:00").replace("It was due.", "It was\n" + "    due\n" * 600)
    write(tmp_path, **{"JOURNAL.md": "# Engineering Journal\n\n" + entry("2026-01-01 10:00") + "\n" + long})
    assert fold(tmp_path).archived == 1
    assert times(tmp_path) == ["2026-02-01 10:00"]
    assert fold(tmp_path).changes == ()


@pytest.mark.parametrize("last", ["```\nnever closed\n", "words without an end"])
def test_a_journal_that_swallows_what_comes_behind_it_is_left(tmp_path: Path, last: str) -> None:
    write(
        tmp_path,
        **{
            "JOURNAL.md": "# Engineering Journal\n\n" + entry("2026-03-01 10:00") + "\n" + last,
            "JOURNAL.d/2026-03-04T1000-aaaa.md": entry("2026-03-04 10:00"),
        },
    )
    before = contents(tmp_path)
    if last.startswith("`"):
        with pytest.raises(FoldRefused, match="nothing was written"):
            fold(tmp_path)
        assert contents(tmp_path) == before
    else:
        assert fold(tmp_path).entries == 1
        assert times(tmp_path) == ["2026-03-01 10:00", "2026-03-04 10:00"]


def test_a_fragment_with_more_than_its_entry_is_named(tmp_path: Path) -> None:
    write(tmp_path, **{"JOURNAL.d/2026-03-04T1000-aaaa.md": "Words.\n\n" + entry("2026-03-04 10:00")})
    with pytest.raises(FoldRefused, match="aaaa"):
        fold(tmp_path)


def test_bytes_that_are_no_text_and_line_ends_stay(tmp_path: Path) -> None:
    old = b"# Engineering Journal\r\n\r\n" + entry("2026-03-01 10:00").replace("\n", "\r\n").encode() + b"\xff\xfe\r\n"
    (tmp_path / "JOURNAL.md").write_bytes(old)
    write(tmp_path, **{"JOURNAL.d/2026-03-04T1000-aaaa.md": entry("2026-03-04 10:00", "Last", Tag("TASK", "T"))})
    fold(tmp_path)
    data = (tmp_path / "JOURNAL.md").read_bytes()
    assert data.startswith(old)
    assert data.count(b"\n") == data.count(b"\r\n")


def test_an_event_of_an_error_that_is_nowhere_stays(tmp_path: Path) -> None:
    grow(tmp_path)
    stray = "# ERR-2020-01-01-001 resolved\n\n- **Time**: 2026-01-01 10:00\n- **Commit**: abc1234\n"
    write(tmp_path, **{"ERRORS.d/2026-01-01T1000-eeee.md": stray})
    assert fold(tmp_path).events == 3
    assert (tmp_path / "ERRORS.d/2026-01-01T1000-eeee.md").read_text() == stray


def test_a_ledger_without_a_table_gets_one(tmp_path: Path) -> None:
    grow(tmp_path)
    (tmp_path / "ERRORS.md").unlink()
    fold(tmp_path)
    document = Document((tmp_path / "ERRORS.md").read_text())
    assert [one.text for one in document.headings] == [
        "Critical Error Ledger",
        "Schema",
        "Active Errors",
        "Resolved Errors",
        "Keywords",
    ]
    assert [row.status for row in read_errors(Tree.of(tmp_path))] == ["active", "resolved"]


def test_nothing_is_lost_while_others_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    fields = {"What": "It is done.", "Why": "It was due."}
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(log, tmp_path, f"Title {at}", fields) for at in range(40)]
        folding = [pool.submit(fold, tmp_path) for _ in range(6)]
        folded = sum(one.result().entries for one in folding)
        assert all(one.result().path for one in writing)
    folded += fold(tmp_path).entries
    assert folded == 40
    titles = [one.items[0].title for one in entries_of((tmp_path / "JOURNAL.md").read_text())]
    assert sorted(titles) == sorted(f"Title {at}" for at in range(40))
