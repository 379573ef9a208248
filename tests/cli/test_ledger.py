"""A ledger on the command line: begun, checked, mended, folded."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import command
from tests.cli.conftest import Run
from tests.cli.test_main import HEAVY

CODE = """class Lamp:
    \"\"\"One.\"\"\"


def main() -> None:
    \"\"\"Light one.\"\"\"
"""
SAID = ("--what", "This.", "--why", "Therefore.")


@pytest.fixture
def root(greenroom: Run, tmp_path: Path) -> Path:
    """A ledger of a program that has grown since by a line."""
    (tmp_path / "lamp.py").write_text(CODE)
    assert greenroom("ledger", "init").returncode == 0
    assert greenroom("ledger", "check").stdout == "nothing was found wrong\n"
    (tmp_path / "lamp.py").write_text(f"import os\n{CODE}")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    name = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True)


def test_init_says_what_it_wrote_and_what_it_kept(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "TASKS.md").write_text("# Mine\n")
    done = greenroom("ledger", "init")
    left = "in what was there 2 errors, 0 remarks: greenroom ledger check\n"
    assert (done.returncode, done.stderr) == (0, f"kept as they are: TASKS.md\n{left}")
    assert done.stdout.splitlines() == [
        "ARCHITECTURE.md", "BUILD.md", "CONDUCTOR.md", "ERRORS.md", "JOURNAL.md", "PLAYBOOKS/DEPLOY.md",
    ]  # fmt: skip
    again = greenroom("ledger", "init", "--profile", "full")
    assert again.stdout == "nothing is missing\n"
    assert "not written, since CONDUCTOR.md does not list them: DESIGN.md, " in again.stderr


def test_init_of_another_folder_as_data(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    told = json.loads(greenroom("ledger", "init", "a", "--json").stdout)
    assert told["schema"] == "greenroom/ledger-init/1"
    assert told["result"]["root"] == "a"
    assert len(told["result"]["written"]) == 7
    assert (tmp_path / "a" / "TASKS.md").is_file()


def test_init_asks_for_the_main_file(greenroom: Run, tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("")
    asked = greenroom("ledger", "init")
    assert asked.returncode == 2
    assert "mend: say which: --main-file a.py" in asked.stderr
    assert greenroom("ledger", "init", "--main-file", "c.py").returncode == 2
    assert greenroom("ledger", "init", "--main-file", "b.py").returncode == 0


def test_findings_in_four_forms(greenroom: Run, root: Path) -> None:
    checked = greenroom("ledger", "check")
    assert (checked.returncode, checked.stdout) == (1, "8 errors, 0 remarks\n")
    assert "CONDUCTOR.md:8: error: " in checked.stderr
    assert "[filelen-stale]" in checked.stderr
    told = json.loads(greenroom("ledger", "check", "--json").stdout)
    assert told["schema"] == "greenroom/ledger-check/1"
    assert {one["code"] for one in told["result"]["findings"]} == {"anchor-stale", "filelen-stale"}
    sarif = json.loads(greenroom("ledger", "check", "--sarif").stdout)
    assert len(sarif["runs"][0]["results"]) == 8
    assert "fixes" in sarif["runs"][0]["results"][0]
    annotated = greenroom("ledger", "check", "--github")
    assert (annotated.returncode, annotated.stderr) == (1, "")
    assert annotated.stdout.startswith("::error file=ARCHITECTURE.md,line=")


def test_places_are_seen_from_where_it_was_called(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    below = root / "src"
    below.mkdir()
    assert "../CONDUCTOR.md:8: error" in command.greenroom(["ledger", "check"], capfd, folder=below).stderr
    assert (
        f"{root.name}/CONDUCTOR.md:8"
        in command.greenroom(["ledger", "check", root.name], capfd, folder=root.parent).stderr
    )


def test_mends_are_shown_and_then_made(greenroom: Run, root: Path) -> None:
    before = (root / "CONDUCTOR.md").read_text()
    shown = greenroom("ledger", "fix", "--dry")
    assert shown.returncode == 0
    assert "--- a/CONDUCTOR.md\n+++ b/CONDUCTOR.md\n" in shown.stdout
    lines = shown.stdout.splitlines()
    assert "-**Lamp**: `lamp.py:1-2` - `Lamp`" in lines
    assert "+**Lamp**: `lamp.py:2-3` - `Lamp`" in lines
    assert (root / "CONDUCTOR.md").read_text() == before
    done = greenroom("ledger", "fix")
    assert (done.returncode, done.stdout) == (0, "mended: ARCHITECTURE.md\nmended: CONDUCTOR.md\n")
    assert "lamp.py (7 lines)" in (root / "CONDUCTOR.md").read_text()
    assert greenroom("ledger", "check").returncode == 0
    assert "nothing was found wrong" in greenroom("ledger", "fix").stderr


def test_what_needs_a_person_is_left_and_said(greenroom: Run, root: Path) -> None:
    (root / "lamp.py").write_text(CODE.replace("Lamp", "Lantern"))
    done = greenroom("ledger", "fix", "--json")
    told = json.loads(done.stdout)["result"]
    assert done.returncode == 1
    assert {one["code"] for one in told["left"]} == {"anchor-no-symbol"}


def test_documents_alone_have_links_and_anchors(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Lamps\n\nSee [oil](oil.md) and `lamp.py:9-12` - `Lamp`.\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "odd.md").write_text("[nowhere](a.md)\n")
    (tmp_path / "lamp.py").write_text(CODE)
    checked = greenroom("ledger", "check", "--github")
    assert [line.split("title=")[1].split(":")[0] for line in checked.stdout.splitlines()] == [
        "anchor-stale", "link-no-file", "link-no-file",
    ]  # fmt: skip
    assert greenroom("ledger", "check", "--github", "--without", "tests/*").stdout.count("\n") == 2
    mended = greenroom("ledger", "fix", "--without", "tests/*")
    assert (mended.returncode, mended.stdout) == (1, "mended: README.md\n")
    assert "`lamp.py:1-2` - `Lamp`" in (tmp_path / "README.md").read_text()
    # No ledger is begun by that, in which operations would leave entries.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "lamp.py", "tests"]


def test_history_is_compared_with_what_was_before(greenroom: Run, root: Path) -> None:
    greenroom("ledger", "fix")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "Begun")
    shutil.copytree(root, root.parent / "earlier", dirs_exist_ok=True)
    journal = root / "JOURNAL.md"
    journal.write_text(journal.read_text().replace("need not ask", "may ask"))
    assert greenroom("ledger", "check").returncode == 0
    for earlier in (("--since", "HEAD"), ("--before", "../earlier")):
        compared = greenroom("ledger", "check", *earlier)
        assert compared.returncode == 1
        assert "[journal-edited]" in compared.stderr
    git(root, "checkout", "-q", "JOURNAL.md")
    assert greenroom("ledger", "check", "--since", "HEAD").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "is not there"),
        (("--since", "HEAD"), "git knows no repository at '.', and so no revision 'HEAD'"),
        (("--before", "nowhere"), "is not there"),
        (("--before", ".", "--since", "HEAD"), "give one of them"),
        ((), "holds no document to check"),
    ],
)
def test_what_cannot_be_checked_ends_with_2(
    greenroom: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "lamp.py").write_text(CODE)
    done = greenroom("ledger", "check", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_fold_says_what_it_did(greenroom: Run, root: Path) -> None:
    for title in ("First", "Second"):
        greenroom("ledger", "log", title, *SAID)
    greenroom("ledger", "error", "open", "Out", *SAID, "--severity", "P1", "--area", "lamp")
    folded = greenroom("ledger", "fold")
    assert (folded.returncode, folded.stdout) == (0, "3 entries folded, 1 change of errors folded\n")
    assert "### Second\n" in (root / "JOURNAL.md").read_text()
    assert "| active | P1 | lamp | |" in (root / "ERRORS.md").read_text()
    assert greenroom("ledger", "fold").stdout == "nothing was to be folded\n"
    assert list((root / "JOURNAL.d").glob("*.md")) == []


def test_show_as_text_and_data(greenroom: Run, root: Path) -> None:
    greenroom("ledger", "log", "First", *SAID)
    assert "- **What**: This.\n" in greenroom("ledger", "show", "today").stdout
    told = json.loads(greenroom("ledger", "show", "--json").stdout)
    assert told["schema"] == "greenroom/ledger-show/1"
    assert [entry["title"] for entry in told["result"]["entries"]] == ["Ledger begun", "First"]


def test_help_fits_a_screen_and_lists_the_verbs(greenroom: Run) -> None:
    shown = greenroom("ledger", "--help").stdout
    assert len(shown.splitlines()) < 40
    for verb in ("init", "check", "fix", "log", "task", "error", "fold", "show"):
        assert f"  {verb} " in shown


def test_fix_names_symbols_where_that_is_asked_for(greenroom: Run, root: Path) -> None:
    notes = root / "ARCHITECTURE.md"
    notes.write_text(f"{notes.read_text()}\nLight: `lamp.py:6-7`, its words: `lamp.py:7`\n")
    assert greenroom("ledger", "fix").returncode == 0
    done = greenroom("ledger", "fix", "--symbols")
    assert (done.returncode, done.stdout) == (1, "mended: ARCHITECTURE.md\n")
    assert "note: line 7 of lamp.py is part of main" in done.stderr
    assert notes.read_text().endswith("Light: `lamp.py:6-7` - `main`, its words: `lamp.py:7`\n")


def test_a_check_imports_nothing_heavy(root: Path) -> None:
    """It runs at every commit."""
    check = [sys.executable, "-X", "importtime", "-m", "greenroom", "ledger", "check"]
    done = subprocess.run(check, cwd=root, capture_output=True, text=True, check=False)
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "greenroom.ledger.checks" in loaded
    assert not {name.split(".")[0] for name in loaded} & HEAVY
