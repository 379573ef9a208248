"""Documents of entries put together."""

from __future__ import annotations

import pytest

from greenroom.ledger.journal import entries_of, pages
from greenroom.ledger.markdown import Document
from greenroom.ledger.shelves import in_order, inserted, is_counted, shelved, summarised, with_entries
from tests.ledger.grown import entry


def test_an_entry_comes_behind_the_last_that_is_not_newer() -> None:
    times = ["14:30", "14:00", "15:30", "15:30", "16:00"]
    entries = [one for time in times for one in entries_of(entry(f"2026-01-01 {time}"))]
    (new,) = entries_of(entry("2026-01-01 15:30", "New"))
    inserted(entries, new)
    assert [one.items[0].title for one in entries].index("New") == 4
    assert [one.time[-5:] for one in in_order(entries)] == ["14:00", "14:30", "15:30", "15:30", "15:30", "16:00"]


def test_entries_that_stood_together_stay_so_and_others_stand_a_line_apart() -> None:
    text = "# T\n## 2026-01-01 10:00\na\n## 2026-01-02 10:00\nb"
    found = pages(Document(text))
    assert with_entries(text, found.head, found.entries) == f"{text}\n"
    assert with_entries(text, found.head, found.entries[::-1]) == (
        "# T\n\n## 2026-01-02 10:00\nb\n\n## 2026-01-01 10:00\na\n"
    )


@pytest.mark.parametrize(
    ("head", "begins"),
    [
        ("", "## Summary\n1 entry from"),
        ("# Title", "# Title\n\n## Summary\n1 entry from"),
        ("# Title\n\nWords.\n\n", "# Title\n\n## Summary\n1 entry from"),
        ("## Keywords\n# Title\n", "## Summary\n1 entry from"),
        ("# Title\n\n## Summary\n\n", "# Title\n\n## Summary\n1 entry from"),
        ("# Title\n\n## Summary\nOurs.\n\n", "# Title\n\n## Summary\nOurs.\n\n"),
    ],
)
def test_a_summary_stands_first_and_once(head: str, begins: str) -> None:
    entries = entries_of(entry("2026-01-01 10:00"))
    found = summarised(head, entries)
    assert found.startswith(begins)
    assert found.count("## Summary") == 1
    assert summarised(found, entries) == found
    assert all(line in found for line in head.split("\n"))


def test_an_archive_counts_again_what_it_holds() -> None:
    one = shelved(None, "2026-01", entries_of(entry("2026-01-02 10:00")))
    two = shelved(one, "2026-01", entries_of(entry("2026-01-01 10:00", "Earlier")))
    assert "\n2 entries from 2026-01-01 10:00 to 2026-01-02 10:00.\n" in two
    assert two.count("from 2026") == 1
    assert is_counted("1 entry from 2026-01-01 10:00 to 2026-01-02 10:00.\n\n- 2026-01-01 10:00: A\n")
    assert not is_counted("1 entry from 2026-01-01 10:00 to 2026-01-02 10:00.\n\nAnd a word.\n")
