"""Entries read and written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid
from greenroom.ledger.journal import FIELDS, Tag, entries_of, is_journal, pages, read_journal, without_rule, written
from greenroom.ledger.markdown import Document
from greenroom.ledger.tree import Tree
from tests.ledger.grown import entry, grow

_FOREIGN = """# Engineering Journal

## 2024-09-06 14:30 - Everything in a container

### [Container]

**What**: One image.

**Why**: It runs elsewhere.

**How**: In steps:
- a base image
- **a** script

**Issues**:
- one
- two

**Result**: It runs.

### [Structure]
**What**: Folders.

---

## 2024-09-06 14:00

### Rules |TASK:TASK-2024-09-06-001| |ERROR:ERR-2024-09-06-002|
- **What**: x

```
## 2024-09-06 10:00
```

---

## Version History
- **v1.0.0** - all
"""


def test_an_entry_is_all_up_to_the_next_one_and_nothing_is_left_out() -> None:
    found = pages(Document(_FOREIGN))
    assert found.head + "".join(one.text for one in found.entries) == _FOREIGN
    assert [(one.heading, one.line) for one in found.entries] == [
        ("2024-09-06 14:30 - Everything in a container", 3),
        ("2024-09-06 14:00", 26),
    ]
    assert found.entries[1].strays == (37,)
    assert found.entries[0].month == "2024-09"


def test_items_have_tags_and_fields_in_both_forms() -> None:
    first, second = entries_of(_FOREIGN)
    assert [item.title for item in first.items] == ["[Container]", "[Structure]"]
    assert [field.name for field in first.items[0].fields] == list(FIELDS)
    assert first.items[0].fields[2].text == "In steps:\n- a base image\n- **a** script"
    assert first.items[1].fields[0].text == "Folders."
    assert second.tags == (Tag("TASK", "TASK-2024-09-06-001", 28), Tag("ERROR", "ERR-2024-09-06-002", 28))
    assert second.items[0].title == "Rules"


def test_white_space_and_the_rule_at_the_end_are_left_out_of_account() -> None:
    (one,) = entries_of("## 2026-01-01 10:00\n\n### A  b\ntext\n\n---\n")
    (other,) = entries_of("x\n\n## 2026-01-01 10:00\n### A b\n\ntext\n\n---\n\n---\n\n\n")
    assert one.key == other.key
    assert entries_of("## 2026-01-01 10:00\n### A b\nanother\n")[0].key != one.key
    assert without_rule("a\n---") == "a"


def test_what_is_written_is_read_again() -> None:
    text = written(
        "2026-01-01 10:00",
        " A  title ",
        {"What": "One.\n\n## 2026-01-02 10:00\n---", "Why": "```\ncode"},
        [Tag("TASK", "T")],
    )
    (found,) = entries_of(text + text.replace("10:00\n\n###", "11:00\n\n###"))[:1]
    assert found.items[0].title == "A title"
    assert [field.name for field in found.items[0].fields] == list(FIELDS)
    assert found.items[0].fields[3].text == "None recorded."
    assert text.endswith("\n\n---\n")


@example({"What": "a", "Why": "b", "Result": "```\nnever closed"}, "t")
@example({"What": "a", "Why": "b", "Result": "~~~~ x\n```\n~~~"}, "t")
@example({"What": "a", "Why": "b", "Result": "open\n<!-- comment"}, "t --> <!-- u")
@example({"What": "a", "Why": "\\```\nb", "Result": "c\n\nd\n---"}, "t")
@given(
    st.dictionaries(st.sampled_from(FIELDS), st.text(st.sampled_from("ab `~#-*<!>|\\\n 1"), max_size=40)),
    st.text(max_size=20),
)
def test_whatever_is_said_stays_within_its_entry(fields: dict[str, str], title: str) -> None:
    try:
        text = written("2026-01-01 10:00", title, fields)
    except InputInvalid:
        return
    behind = entry("2026-01-02 10:00", "Behind -->\n```\n")
    found = entries_of(text + "\n" + behind)
    assert [one.time for one in found] == ["2026-01-01 10:00", "2026-01-02 10:00"]
    assert [one.line for item in found[0].items[:1] for one in item.fields] == sorted(
        one.line for item in found[0].items[:1] for one in item.fields
    )
    assert [field.name for field in found[0].items[0].fields] == list(FIELDS)
    assert len(found[0].items) == 1
    assert found[0].strays == ()


@given(st.text(st.sampled_from("#`-*<!> \n\r|2026-01 :1aT"), max_size=200))
def test_any_text_is_a_document_of_entries(text: str) -> None:
    found = pages(Document(text))
    assert found.head + "".join(one.text for one in found.entries) == text


@pytest.mark.parametrize(
    "fields", [{}, {"What": "a"}, {"Why": "b"}, {"What": " ", "Why": "b"}, {"What": "---", "Why": "b"}]
)
def test_an_entry_needs_what_and_why(fields: dict[str, str]) -> None:
    with pytest.raises(InputInvalid):
        written("2026-01-01 10:00", "Title", fields)


def test_a_rule_alone_says_nothing_and_behind_words_it_stays() -> None:
    text = written("2026-01-01 10:00", "Title", {"What": "a\n---", "Why": "b", "How": "---", "Result": "***"})
    assert "- **What**: a\n    ---\n" in text
    assert [field.text for field in entries_of(text)[0].items[0].fields][2:] == [
        "Not recorded.", "None recorded.", "Not recorded.",
    ]  # fmt: skip


def test_the_journal_is_what_all_places_hold_by_time(tmp_path: Path) -> None:
    grow(tmp_path)
    journal = read_journal(Tree.of(tmp_path))
    assert len(journal.entries) == 54
    assert [one.time for one in journal.entries] == sorted(one.time for one in journal.entries)
    assert journal.entries[0].path == "JOURNAL_ARCHIVE/2025-12/2025-12.md"
    assert journal.tagged("ERROR") == {"ERR-2026-06-01-001"}
    assert sum(journal.keys.values()) == 54
    assert [is_journal(path) for path in ("JOURNAL.md", "JOURNAL.d/a.md", "JOURNAL.d/a.part", "docs/JOURNAL.md")] == [
        True,
        True,
        False,
        False,
    ]
