"""A small ledger that has grown: all that folding and mending move is there to be moved."""

from __future__ import annotations

from pathlib import Path

from greenroom.ledger.errors_table import Event, event_text
from greenroom.ledger.fragments import means
from greenroom.ledger.journal import Tag, written

_TABLE = "| ID | First seen | Status | Severity | Affected area | Link to fix |\n|----|---|---|---|---|---|\n"


def entry(time: str, title: str = "Something", *tags: Tag) -> str:
    """An entry as the journal writes it."""
    return written(time, title, {"What": f"{title}, done.", "Why": "It was due."}, tags)


def journal(count: int, first_month: int = 1) -> str:
    """A journal of so many entries, ten a month, each of eleven lines."""
    times = (f"2026-{first_month + at // 10:02d}-{at % 10 + 10} 09:00" for at in range(count))
    return "# Engineering Journal\n\n" + "\n".join(entry(time, f"Step {at}") for at, time in enumerate(times))


def grow(root: Path, entries: int = 50) -> None:
    """Make it: entries, of which 50 are too many, fragments, events of two errors of one id, a nested archive."""
    error, name = "ERR-2026-06-01-001", "2026-06-01T1000-{}"
    files = {
        "JOURNAL.md": journal(entries),
        "JOURNAL_ARCHIVE/2025-12/2025-12.md": "# Journal 2025-12\n\n" + entry("2025-12-01 09:00", "Begun"),
        "ERRORS.md": "# Critical Error Ledger <!-- auto-maintained -->\n\n"
        f"## Active Errors\n{_TABLE}| ERR-2026-01-10-001 | 2026-01-10 09:00 | active | P1 | first | |\n\n"
        f"## Resolved Errors\n{_TABLE}\n## Keywords\n- errors\n",
        "NOTES.md": "# Notes\n\n- [step 0](JOURNAL.md#2026-01-10-0900)\n"
        "- [the first](JOURNAL.d/2026-06-01T1000-aaaa.md)\n"
        "- [before](JOURNAL_ARCHIVE/2025-12/2025-12.md#2025-12-01-0900)\n\n## Keywords\n- notes\n",
    }
    for letter in "ab":
        own = name.format(letter * 4)
        tag = Tag("ERROR", error)
        files[f"JOURNAL.d/{own}.md"] = means({error: own}) + entry("2026-06-01 10:00", f"Broken {letter}", tag)
        opened = Event(own, error, "opened", "2026-06-01 10:00", "P1", letter, link=f"JOURNAL.d/{own}.md")
        files[f"ERRORS.d/{own}.md"] = event_text(opened)
    mended, opened_by = name.format("cccc").replace("T1000", "T1100"), name.format("bbbb")
    files[f"JOURNAL.d/{mended}.md"] = means({error: opened_by}) + entry(
        "2026-06-01 11:00", "Mended", Tag("ERROR", error)
    )
    resolved = Event(
        mended, error, "resolved", "2026-06-01 11:00", record=opened_by, commit="abc1234", link=f"JOURNAL.d/{mended}.md"
    )
    files[f"ERRORS.d/{mended}.md"] = event_text(resolved)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def contents(root: Path) -> dict[str, bytes]:
    """All files of a folder but hidden ones."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
    }
