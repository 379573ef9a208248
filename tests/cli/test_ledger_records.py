"""Entries, errors and tasks on the command line, from any folder of the project."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from greenroom.ledger.checks import check
from greenroom.ledger.templates.beginning import begin
from greenroom.ledger.tree import Tree
from tests import command
from tests.cli.conftest import Run

SAID = ("--what", "This.", "--why", "Therefore.")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    begin(tmp_path, profile="core", main_file=None, now=datetime.now(UTC))
    return tmp_path


def entry(root: Path, said: str) -> str:
    """The text of the entry that a verb names last in its line."""
    return (root / said.rsplit(maxsplit=1)[-1]).read_text()


def test_an_entry_is_a_file_of_its_own(greenroom: Run, root: Path) -> None:
    before = (root / "JOURNAL.md").read_bytes()
    done = greenroom("ledger", "log", "Lamps burn longer", *SAID, "--issues", "None")
    assert done.returncode == 0
    assert re.fullmatch(r"JOURNAL\.d/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{4}-[0-9a-f]{4}\.md\n", done.stdout)
    text = entry(root, done.stdout)
    assert "### Lamps burn longer\n- **What**: This.\n- **Why**: Therefore.\n- **How**: Not recorded.\n" in text
    assert "- **Issues**: None\n" in text
    assert (root / "JOURNAL.md").read_bytes() == before
    told = json.loads(greenroom("ledger", "log", "Again", *SAID, "--json").stdout)
    assert told["schema"] == "greenroom/ledger-log/1"
    assert (root / told["result"]["path"]).is_file()
    assert check(Tree.of(root)) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("log", "A", "--why", "B"), "Missing option '--what'"),
        (("log", "A", "--what", "B"), "Missing option '--why'"),
        (("log", *SAID), "Missing argument 'TITLE'"),
        (("log", " ", *SAID), "an entry needs a title"),
        (("log", "A", *SAID, "--task", "TASK-2026-03-04-001"), "there is no task"),
        (("error", "open", "A", "--what", "B", "--severity", "P2", "--area", "x"), "'P2' is for the journal only"),
        (("error", "open", "A", "--what", "B", "--severity", "P1"), "Missing option '--area'"),
        (("error", "resolve", "ERR-2026-03-04-001", "--commit", "9f1c2d3"), "there is no error"),
        (("error", "resolve", "ERR-2026-03-04-001"), "Missing option '--commit'"),
        (("task", "new", " "), "a task needs a title"),
        (("task", "start"), "no task is PLANNING or BLOCKED or TESTING"),
        (("task", "done", "--what", "A"), "no task is IN_PROGRESS or TESTING"),
        (("task", "block"), "Missing option '--why'"),
        (("task", "start", "TASK-2026-03-04-001"), "there is no task"),
        (("show", "yesterday"), "'yesterday' is no id"),
    ],
)
def test_what_cannot_be_written_is_said_and_nothing_is(
    greenroom: Run, root: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*.md")}
    done = greenroom("ledger", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "mend: " in done.stderr or "and no other" in done.stderr
    assert {path: path.read_bytes() for path in root.rglob("*.md")} == before


@pytest.mark.parametrize("verb", [("log", "A", *SAID), ("task", "new", "A"), ("show",), ("fold",)])
def test_without_a_ledger_it_says_how_to_begin_one(greenroom: Run, tmp_path: Path, verb: tuple[str, ...]) -> None:
    done = greenroom("ledger", *verb)
    assert done.returncode == 2
    assert "no ledger is kept at" in done.stderr
    assert "greenroom ledger init" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_error_is_opened_and_resolved(greenroom: Run, root: Path) -> None:
    opened = greenroom("ledger", "error", "open", "Out", "--what", "No light.", "--severity", "p0", "--area", "lamp")
    id_ = opened.stdout.split()[0]
    assert re.fullmatch(r"ERR-[0-9]{4}-[0-9]{2}-[0-9]{2}-001", id_)
    assert f"### Out |ERROR:{id_}|\n- **What**: No light.\n- **Why**: Not known yet.\n" in entry(root, opened.stdout)
    assert f"{id_}  P0 active  lamp" in greenroom("ledger", "show", "open").stdout
    resolved = greenroom("ledger", "error", "resolve", id_, "--commit", "9f1c2d3", "--pr", "#7")
    assert resolved.stdout.startswith(id_)
    assert f"### Mended: lamp |ERROR:{id_}|\n- **What**: Mended by commit 9f1c2d3.\n" in entry(root, resolved.stdout)
    shown = greenroom("ledger", "show", id_).stdout
    assert "fix: commit 9f1c2d3, PR #7, [JOURNAL]" in shown
    assert check(Tree.of(root)) == []
    again = greenroom("ledger", "error", "resolve", id_, "--commit", "9f1c2d3")
    assert again.returncode == 1
    assert "is resolved already" in again.stderr


def test_a_task_is_taken_through_its_states(greenroom: Run, root: Path) -> None:
    id_, second = (greenroom("ledger", "task", "new", title).stdout.split()[0] for title in ("First", "Second"))
    unclear = greenroom("ledger", "task", "start")
    assert unclear.returncode == 2
    assert f"mend: say which: greenroom ledger task start {id_}" in unclear.stderr
    begun = greenroom("ledger", "task", "next", "--key-files", "lamp.py", "--next-steps", "light it")
    assert begun.stdout == f"{id_}  IN_PROGRESS  First\n"
    assert "- **Key Files**: lamp.py\n" in (root / "TASKS.md").read_text()
    refused = greenroom("ledger", "task", "start", second)
    assert (refused.returncode, "only one task may be" in refused.stderr) == (1, True)
    assert greenroom("ledger", "task", "block", "--why", "No oil.").stdout.startswith(
        f"{id_}  BLOCKED  First  JOURNAL.d/"
    )
    assert greenroom("ledger", "task", "start", id_).returncode == 0
    assert greenroom("ledger", "task", "test").stdout == f"{id_}  TESTING  First\n"
    done = greenroom("ledger", "task", "done", "--what", "It burns.")
    assert done.stdout.startswith(f"{id_}  COMPLETE  First  JOURNAL.d/")
    assert done.stderr == "next: Second; greenroom ledger task next begins it\n"
    text = entry(root, done.stdout)
    assert "- **Issues**: It was blocked: No oil.\n" in text  # it is known, and so it is said
    assert greenroom("ledger", "task", "next", "--json").returncode == 0
    last = greenroom("ledger", "task", "done", "--what", "It burns, too.", "--issues", "None")
    assert "no task waits" in last.stderr
    assert "2/2" in (root / "TASKS.md").read_text()
    assert check(Tree.of(root)) == []


def test_a_task_that_was_blocked_had_issues(greenroom: Run, root: Path) -> None:
    id_ = greenroom("ledger", "task", "new", "First").stdout.split()[0]
    greenroom("ledger", "task", "start")
    greenroom("ledger", "task", "block", "--why", "No oil.")
    greenroom("ledger", "task", "start")
    for verb in (("task", "done", "--what", "A"), ("log", "A", *SAID, "--task", id_)):
        refused = greenroom("ledger", *verb, "--issues", "none.")
        assert refused.returncode == 2
        assert "was blocked, and --issues says None: 'No oil.'" in refused.stderr
    assert greenroom("ledger", "task", "done", "--what", "A", "--issues", "Waited a day.").returncode == 0


def test_a_task_waits_for_those_that_it_needs(greenroom: Run, root: Path) -> None:
    first, second = (greenroom("ledger", "task", "new", title).stdout.split()[0] for title in ("First", "Second"))
    refused = greenroom("ledger", "task", "start", second, "--needs", first)
    assert refused.returncode == 1
    assert f"{second} needs {first}, which is PLANNING" in refused.stderr
    for verb in (("start", first), ("done", "--what", "A"), ("start", second, "--needs", first)):
        assert greenroom("ledger", "task", *verb).returncode == 0
    assert f"**Dependencies**: {first}\n" in (root / "TASKS.md").read_text()


def test_it_works_in_a_folder_below(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    below = root / "src" / "lamps"
    below.mkdir(parents=True)
    for arguments in (
        ("init",),
        ("task", "new", "First"),
        ("task", "next"),
        ("log", "A", *SAID),
        ("check",),
        ("fix",),
        ("fold",),
    ):
        done = command.greenroom(["ledger", *arguments], capfd, folder=below)
        assert done.returncode == 0, done.stderr
    assert list(below.iterdir()) == []
    assert "### A\n" in (root / "JOURNAL.md").read_text()
