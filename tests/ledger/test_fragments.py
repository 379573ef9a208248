"""Records that are files of their own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from greenroom.errors import InputInvalid, UnknownName
from greenroom.ledger.errors_table import read_errors
from greenroom.ledger.fold import fold
from greenroom.ledger.fragments import (
    AlreadyResolved,
    SeverityForJournal,
    free_id,
    log,
    meant,
    open_error,
    resolve_error,
)
from greenroom.ledger.journal import read_journal
from greenroom.ledger.tree import Tree
from tests.ledger.grown import contents

NOW = datetime(2026, 3, 4, 10, 12, tzinfo=UTC)
FIELDS = {"What": "It broke.", "Why": "Nobody knows."}
TASKS = "# Task Management\n\n### Task Chain\n1. ⏳ Begin --> here (TASK-2026-03-01-001)\n"


def test_an_entry_is_one_new_file_and_touches_no_other(tmp_path: Path) -> None:
    (tmp_path / "JOURNAL.md").write_text("# Engineering Journal\n")
    before = contents(tmp_path)
    recorded = log(tmp_path, "Title", FIELDS, now=NOW.astimezone(timezone(timedelta(hours=5))))
    assert recorded.path.startswith("JOURNAL.d/2026-03-04T1012-")
    assert contents(tmp_path) == {**before, recorded.path: recorded.text.encode()}
    (entry,) = read_journal(Tree.of(tmp_path)).entries
    assert (entry.time, entry.items[0].title, entry.path) == ("2026-03-04 10:12", "Title", recorded.path)


def test_many_may_write_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda at: log(tmp_path, f"Title {at}", FIELDS, now=NOW).path, range(40)))
    assert len(set(made)) == 40
    assert len(read_journal(Tree.of(tmp_path)).entries) == 40


def test_a_tag_is_of_something_that_is_there_and_says_which(tmp_path: Path) -> None:
    (tmp_path / "TASKS.md").write_text(TASKS)
    text = log(tmp_path, "Title", FIELDS, task="TASK-2026-03-01-001", now=NOW).text
    assert text.startswith(
        "<!-- TASK-2026-03-01-001 = Begin here -->\n\n## 2026-03-04 10:12\n\n### Title |TASK:TASK-2026-03-01-001|\n"
    )
    for unknown in ({"task": "TASK-2026-03-01-002"}, {"error": "ERR-2026-03-01-001"}):
        with pytest.raises(UnknownName):
            log(tmp_path, "Title", FIELDS, now=NOW, **unknown)
    assert meant("<!-- TASK-1 = A -->\n\n") == {"TASK-1": "A"}
    assert meant("words\n") is None
    assert meant("\n") == {}


def test_an_error_is_opened_and_resolved_with_an_entry_each(tmp_path: Path) -> None:
    opened = open_error(tmp_path, "Broken", FIELDS, severity="p0", area="a | b\nc", now=NOW)
    assert opened.id == "ERR-2026-03-04-001"
    (row,) = read_errors(Tree.of(tmp_path))
    assert (row.seen, row.status, row.severity, row.area) == ("2026-03-04 10:12", "active", "P0", "a \\| b c")
    later = NOW + timedelta(minutes=1)
    resolved = resolve_error(tmp_path, opened.id, "Mended", FIELDS, commit="ABC1234", pull="#7", now=later)
    (row,) = read_errors(Tree.of(tmp_path))
    assert (row.status, row.fix) == ("resolved", f"commit abc1234, PR #7, [JOURNAL]({resolved.path})")
    assert [entry.tags[0].id for entry in read_journal(Tree.of(tmp_path)).entries] == [opened.id] * 2
    with pytest.raises(AlreadyResolved, match="abc1234"):
        resolve_error(tmp_path, opened.id, "Mended", FIELDS, commit="abc1234", now=later)
    assert open_error(tmp_path, "Again", FIELDS, severity="P1", area="x", now=NOW).id == "ERR-2026-03-04-002"


@pytest.mark.parametrize("severity", ["P2", "p3"])
def test_small_errors_are_for_the_journal(tmp_path: Path, severity: str) -> None:
    with pytest.raises(SeverityForJournal, match="journal only") as refused:
        open_error(tmp_path, "Title", FIELDS, severity=severity, area="x", now=NOW)
    assert "ledger log" in refused.value.mend
    assert contents(tmp_path) == {}


def test_records_of_one_minute_stay_in_their_order(tmp_path: Path) -> None:
    titles = [f"Entry {number}" for number in range(40)]
    for title in titles:
        log(tmp_path, title, FIELDS, now=NOW)
    opened = open_error(tmp_path, "Opened", FIELDS, severity="P0", area="x", now=NOW)
    resolve_error(tmp_path, opened.id, "Mended", FIELDS, commit="abc1234", now=NOW)
    told = [entry.items[0].title for entry in read_journal(Tree.of(tmp_path)).entries]
    assert told == [*titles, "Opened", "Mended"]


def test_a_minute_whose_last_name_is_taken_has_names_left(tmp_path: Path) -> None:
    (tmp_path / "JOURNAL.d").mkdir()
    (tmp_path / "JOURNAL.d" / "2026-03-04T1012-ffff.md").write_text("")
    paths = {log(tmp_path, "Title", FIELDS, now=NOW).path for _ in range(3)}
    assert len(paths) == 3


def test_an_area_that_opens_a_comment_hides_no_other_row(tmp_path: Path) -> None:
    for area in ("<!-- never closed", "<!-- closed --> here", "the last"):
        open_error(tmp_path, "Broken", FIELDS, severity="P1", area=area, now=NOW)
    fold(tmp_path)
    rows = read_errors(Tree.of(tmp_path))
    assert [row.area for row in rows] == ["<! -- never closed", "<!-- closed --> here", "the last"]


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(SeverityForJournal, match="'high' is no severity") as refused:
        open_error(tmp_path, "Title", FIELDS, severity="high", area="x", now=NOW)
    assert refused.value.mend == "--severity P0 or --severity P1"
    for tag in ("|TASK:x|", "|ERROR:ERR-2026-03-04-001|"):
        with pytest.raises(InputInvalid, match="holds the tag"):
            open_error(tmp_path, f"Title {tag}", FIELDS, severity="P0", area="x", now=NOW)
        with pytest.raises(InputInvalid, match="holds the tag"):
            log(tmp_path, f"Title {tag} more", FIELDS, now=NOW)
    with pytest.raises(InputInvalid, match="area"):
        open_error(tmp_path, "Title", FIELDS, severity="P0", area=" ", now=NOW)
    with pytest.raises(InputInvalid, match="What"):
        open_error(tmp_path, "Title", {}, severity="P0", area="x", now=NOW)
    with pytest.raises(InputInvalid, match="commit"):
        resolve_error(tmp_path, "ERR-2026-03-04-001", "Title", FIELDS, commit="soon", now=NOW)
    with pytest.raises(InputInvalid, match="pull request"):
        resolve_error(tmp_path, "ERR-2026-03-04-001", "Title", FIELDS, commit="abc1234", pull="seven", now=NOW)
    with pytest.raises(UnknownName):
        resolve_error(tmp_path, "ERR-2026-03-04-001", "Title", FIELDS, commit="abc1234", now=NOW)
    assert contents(tmp_path) == {}


def test_ids_count_on_from_the_highest_of_their_day() -> None:
    assert (
        free_id("ERR-2026-03-04-", ["ERR-2026-03-04-002", "ERR-2026-03-05-009", "ERR-2026-03-04-x"])
        == "ERR-2026-03-04-003"
    )
    assert free_id("ERR-2026-03-04-", ["ERR-2026-03-04-999"]) == "ERR-2026-03-04-1000"
