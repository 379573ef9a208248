"""Documents while a change is worked out."""

from __future__ import annotations

from pathlib import Path

from greenroom.ledger.changes import writing
from greenroom.ledger.draft import Draft
from greenroom.ledger.tree import Tree
from tests.ledger.grown import contents, entry


def test_only_what_becomes_another_is_written(tmp_path: Path) -> None:
    data = {"a.md": b"\xef\xbb\xbf\xff\r\n", "b.md": b"b", "c/d.md": b"d"}
    (tmp_path / "c").mkdir()
    for path, content in data.items():
        (tmp_path / path).write_bytes(content)
    draft = Draft(Tree.of(tmp_path))
    for path in data:
        draft.put(path, draft.text(path) or "")
    assert draft.changes == {}
    draft.put("b.md", "new")
    draft.put("c/e.md", "e")
    draft.remove(["c/d.md", "never.md"])
    assert draft.changes == {"b.md": b"new", "c/e.md": b"e", "c/d.md": None}
    assert draft.paths() == ("a.md", "b.md", "c/e.md")
    assert draft.paths("c") == ("c/e.md",)
    assert (draft.before("b.md"), draft.text("c/d.md"), draft.tree.text("b.md")) == (b"b", None, "new")
    with writing(tmp_path) as writer:
        draft.apply(writer)
    assert contents(tmp_path) == {"a.md": data["a.md"], "b.md": b"new", "c/e.md": b"e"}


def test_the_journal_is_written_last(tmp_path: Path) -> None:
    (tmp_path / "JOURNAL.md").write_text(entry("2026-01-01 10:00"))
    draft = Draft(Tree.of(tmp_path))
    draft.put("JOURNAL.md", "# Engineering Journal\n")
    draft.put("JOURNAL_ARCHIVE/2026-01.md", entry("2026-01-01 10:00"))
    written: list[str] = []
    with writing(tmp_path) as writer:
        writer.apply = lambda writes, *_: written.extend(writes)  # type: ignore[method-assign]  # a spy
        draft.apply(writer)
    assert written == ["JOURNAL_ARCHIVE/2026-01.md", "JOURNAL.md"]


def test_what_is_read_follows_what_is_put(tmp_path: Path) -> None:
    draft = Draft(Tree.of(tmp_path))
    assert draft.pages("JOURNAL.md").entries == ()
    draft.put("JOURNAL.md", entry("2026-01-01 10:00"))
    assert [one.time for one in draft.pages("JOURNAL.md").entries] == ["2026-01-01 10:00"]
    assert draft.document("JOURNAL.md").headings[0].text == "2026-01-01 10:00"
    draft.remove(["JOURNAL.md"])
    assert draft.pages("JOURNAL.md").entries == ()
