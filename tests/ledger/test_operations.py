"""Operations tell of themselves: what they came to, which errors they open and mend, and never in anybody's way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from greenroom.errors import Cancelled, GreenroomError, InputInvalid
from greenroom.ledger.errors_table import read_errors
from greenroom.ledger.failures import Severity
from greenroom.ledger.fold import fold
from greenroom.ledger.fragments import resolve_error
from greenroom.ledger.journal import Entry, read_journal
from greenroom.ledger.operations import Asked, Ledger, ledger_at, operation
from greenroom.ledger.tree import Tree

DEPLOY = Asked("deploy", "joe", "release joe", "deploy joe")


def ledger(root: Path) -> Ledger:
    return Ledger(root, lambda text: text.replace("hush", "****"), pytest.fail, "greenroom deploy joe.json")


def told(root: Path) -> list[Entry]:
    return list(read_journal(Tree.of(root)).entries)


def field(entry: Entry, name: str) -> str:
    return next(one.text for one in entry.items[0].fields if one.name == name)


def fails(root: Path, severity: Severity | None, asked: Asked = DEPLOY) -> None:
    with operation(ledger(root), asked) as done:
        done.failed("it did not answer", severity=severity)


def test_what_succeeds_says_what_with_and_how_it_went(tmp_path: Path) -> None:
    with operation(ledger(tmp_path), DEPLOY) as done:
        assert done.is_kept
        done.uses(image="joe@sha256:1", release=2, endpoint="", in_use=None)
        done.warned.append("hush: the cache was cold")
        done.done("release 2 is live", "live")
    (entry,) = told(tmp_path)
    assert entry.items[0].title == "Deploy joe: live"
    assert field(entry, "What") == "Release joe: `greenroom deploy joe.json`"
    assert field(entry, "Why") == "It was asked for: release joe."
    assert field(entry, "How").endswith("; image joe@sha256:1; release 2")
    assert field(entry, "Issues") == "****: the cache was cold"
    assert field(entry, "Result") == "release 2 is live; 0.0 s, exit code 0"
    assert [path.suffix for path in (tmp_path / "JOURNAL.d").iterdir() if path.is_file()] == [".md"]


def test_without_a_ledger_or_news_nothing_is_written(tmp_path: Path) -> None:
    with operation(None, DEPLOY) as done:
        done.failed("no", severity="P1")
    assert not done.is_kept
    with operation(ledger(tmp_path), DEPLOY) as done:
        done.unchanged()
    assert told(tmp_path) == []


@pytest.mark.parametrize(
    ("error", "title", "code"),
    [
        (GreenroomError("no route"), "failed", 1),
        (Cancelled(), "stopped", 130),
        (KeyboardInterrupt(), "stopped", 130),
        (BrokenPipeError(), "stopped", 130),
        (InputInvalid("no such flag"), None, 2),
    ],
)
def test_what_ends_it_is_passed_on_and_kept(tmp_path: Path, error: BaseException, title: str | None, code: int) -> None:
    with pytest.raises(type(error)), operation(ledger(tmp_path), DEPLOY, ["said first"]):
        raise error
    entries = told(tmp_path)
    assert [entry.items[0].title for entry in entries] == ([f"Deploy joe: {title}"] if title else [])
    for entry in entries:
        assert f"exit code {code}" in field(entry, "Result")
        assert field(entry, "Issues") != "None."
        assert ("said first" in field(entry, "Result")) == (code == 1)
    assert read_errors(Tree.of(tmp_path)) == ()


def test_a_failure_that_nobody_foresaw_opens_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), operation(ledger(tmp_path), DEPLOY):
        raise ZeroDivisionError
    (row,) = read_errors(Tree.of(tmp_path))
    assert (row.severity, row.area) == ("P1", "deploy joe")
    with pytest.raises(ZeroDivisionError), operation(ledger(tmp_path), Asked("pull", "tiny", "fetch")):
        raise ZeroDivisionError
    assert len(read_errors(Tree.of(tmp_path))) == 1


def test_one_failure_after_another_is_one_error_unless_it_grows_worse(tmp_path: Path) -> None:
    for severity in ("P1", "P1", "P0", "P1"):
        fails(tmp_path, severity)
    fails(tmp_path, "P1", Asked("deploy", "ann", "release ann", "deploy ann"))
    fails(tmp_path, None, Asked("deploy", "bob", "release bob", "deploy bob"))
    rows = {row.id[-3:]: (row.area, row.severity, row.status) for row in read_errors(Tree.of(tmp_path))}
    assert rows == {
        "001": ("deploy joe", "P1", "active"),
        "002": ("deploy joe", "P0", "active"),
        "003": ("deploy ann", "P1", "active"),
    }
    tagged = sorted(tag.id[-3:] for entry in told(tmp_path) for tag in entry.tags)
    assert tagged == ["001", "001", "002", "002", "003"]


def test_what_goes_well_again_drafts_a_mend_once(tmp_path: Path) -> None:
    fails(tmp_path, "P1")
    for _ in range(2):
        with operation(ledger(tmp_path), Asked("rollback", "joe", "bring joe back", "deploy joe")) as done:
            done.done("release 1 is live")
    (row,) = read_errors(Tree.of(tmp_path))
    assert row.status == "active"
    assert row.fix.startswith("brought back: [JOURNAL](JOURNAL.d/")
    assert row.fix.count("[JOURNAL]") == 1
    assert all([tag.id for tag in entry.tags] == [row.id] for entry in told(tmp_path))
    path = row.fix.partition("(")[2].rstrip(")")
    assert "Rollback joe" in (tmp_path / path).read_text()


def test_a_folded_error_is_met_and_mended_too(tmp_path: Path) -> None:
    row = "| ERR-2026-03-04-001 | 2026-03-04 10:12 | active | P1 | deploy joe | |"
    (tmp_path / "ERRORS.md").write_text(
        "# Critical Error Ledger <!-- auto-maintained -->\n\n## Active Errors\n\n"
        f"| ID | First seen | Status | Severity | Affected area | Link to fix |\n|---|---|---|---|---|---|\n{row}\n"
    )
    fails(tmp_path, "P1")
    with operation(ledger(tmp_path), DEPLOY):
        pass
    (found,) = read_errors(Tree.of(tmp_path))
    assert (found.id, found.status) == ("ERR-2026-03-04-001", "active")
    assert found.fix.startswith("works again: [JOURNAL](JOURNAL.d/")
    assert [[tag.id for tag in entry.tags] for entry in told(tmp_path)] == [[found.id]] * 2


def test_operations_of_one_minute_stay_in_their_order(tmp_path: Path) -> None:
    for number in range(5):
        with operation(ledger(tmp_path), Asked("pull", str(number), "fetch")):
            pass
    assert [entry.items[0].title for entry in told(tmp_path)] == [f"Pull {number}: done" for number in range(5)]


def test_the_task_that_is_worked_on_is_why(tmp_path: Path) -> None:
    (tmp_path / "TASKS.md").write_text(
        "# Tasks\n\n## Current Task\n\n**Task ID**: TASK-2026-03-04-001\n**Title**: Other\n**Status**: BLOCKED\n\n"
        "**Task ID**: TASK-2026-03-04-002\n**Title**: Serve | joe\n**Status**: IN_PROGRESS\n"
    )
    with operation(ledger(tmp_path), DEPLOY):
        pass
    (entry,) = told(tmp_path)
    assert [tag.id for tag in entry.tags] == ["TASK-2026-03-04-002"]
    assert field(entry, "Why") == "TASK-2026-03-04-002: Serve | joe"


def test_a_ledger_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    with operation(Ledger(tmp_path / "absent", str, said.append), DEPLOY):
        pass
    assert len(said) == 1
    assert not (tmp_path / "absent").exists(), "a name that was mistyped makes no ledger"
    root = tmp_path / "later"
    root.mkdir()
    with operation(Ledger(root, str, said.append), DEPLOY) as done:
        (root / "JOURNAL.d").rename(root / "away")
        (root / "JOURNAL.d").write_text("")
        done.done("it went well")
    assert len(said) == 2
    assert said[1].startswith(f"nothing of this is kept in the ledger {root}: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="everything may be written by root")
def test_rights_that_are_missing_are_said(tmp_path: Path) -> None:
    said: list[str] = []
    tmp_path.chmod(0o500)
    with operation(Ledger(tmp_path, str, said.append), DEPLOY):
        pass
    assert len(said) == 1


def test_the_ledger_is_at_or_above_a_folder(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert ledger_at(deep) is None
    (tmp_path / "a" / "CONDUCTOR.md").touch()
    assert ledger_at(deep) == tmp_path / "a"
    (deep / "JOURNAL.d").mkdir()
    assert ledger_at(deep) == deep


def test_a_draft_is_folded_with_its_error_and_resolved_by_a_person(tmp_path: Path) -> None:
    (tmp_path / "JOURNAL.md").write_text("# Engineering Journal\n")
    fails(tmp_path, "P1")
    with operation(ledger(tmp_path), DEPLOY):
        pass
    fold(tmp_path)
    assert not list((tmp_path / "ERRORS.d").glob("*"))
    (row,) = read_errors(Tree.of(tmp_path))
    assert row.status == "active"
    assert row.fix.startswith("works again: [JOURNAL](JOURNAL.md#")
    said = {"What": "the image", "Why": "it did not answer"}
    resolve_error(tmp_path, row.id, "Joe answers", said, commit="abc1234")
    fold(tmp_path)
    (row,) = read_errors(Tree.of(tmp_path))
    assert row.status == "resolved"
    assert row.fix.count("](JOURNAL.md#") == 2
    assert ", commit abc1234, " in row.fix
    fails(tmp_path, "P1")
    assert sorted(row.status for row in read_errors(Tree.of(tmp_path))) == ["active", "resolved"]


def test_what_was_refused_or_stopped_mends_nothing(tmp_path: Path) -> None:
    fails(tmp_path, "P1")
    fails(tmp_path, None)
    with operation(ledger(tmp_path), DEPLOY) as done:
        done.stopped()
    (row,) = read_errors(Tree.of(tmp_path))
    assert row.fix == ""
    assert sum(len(entry.tags) for entry in told(tmp_path)) == 1


def test_a_warning_that_nobody_hears_is_in_nobodys_way(tmp_path: Path) -> None:
    def left(text: str) -> None:
        raise BrokenPipeError

    with operation(Ledger(tmp_path / "absent", str, left), DEPLOY) as done:
        done.done("it went well")
