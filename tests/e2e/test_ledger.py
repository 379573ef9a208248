"""A new user's way with a ledger, in a repository of git and by real processes: from init to two branches that meet."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CODE = '''class Lamp:
    """One."""

    def light(self) -> None: ...


def main() -> None:
    """Light one."""
    Lamp().light()
'''
SAID = ("--what", "This.", "--why", "Therefore.")


class User:
    """Somebody at a shell, in a folder of a repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *arguments: str, code: int = 0) -> str:
        name = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        return self._run(["git", *name, *arguments], code).stdout

    def ledger(self, *arguments: str, code: int = 0) -> str:
        return self._run([sys.executable, "-m", "greenroom", "ledger", *arguments], code).stdout

    def said(self, *arguments: str, code: int = 0) -> str:
        """What a person is told beside the result."""
        return self._run([sys.executable, "-m", "greenroom", "ledger", *arguments], code).stderr

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def _run(self, command: list[str], code: int) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code, (command, done.stdout, done.stderr)
        return done


@pytest.fixture
def user(tmp_path: Path) -> User:
    root = tmp_path / "lamps"
    (root / "src").mkdir(parents=True)
    (root / "src" / "lamp.py").write_text(CODE)
    user = User(root)
    user.git("init", "-q", "-b", "main")
    user.commit("Lamps")
    return user


def test_from_init_to_what_is_known_of_a_task(user: User) -> None:
    root = user.folder
    assert "CONDUCTOR.md\n" in user.ledger("init")
    assert user.ledger("check") == "nothing was found wrong\n"
    user.commit("Ledger begun")
    user.folder = root / "src"  # from here on, as one works

    task = user.ledger("task", "new", "Lamps burn longer").split()[0]
    user.ledger("task", "new", "Lamps are green")
    user.ledger("task", "start", task, "--key-files", "`src/lamp.py:7-9` - `main`")
    # The code moves on, and what documents say of it is wrong until it is mended.
    code = root / "src" / "lamp.py"
    code.write_text(f"import time\n\n\n{CODE}")
    assert "[anchor-stale]" in user.said("check", code=1)
    assert "../TASKS.md" in user.said("check", code=1)
    assert user.ledger("fix").splitlines() == [
        "mended: ../ARCHITECTURE.md",
        "mended: ../CONDUCTOR.md",
        "mended: ../TASKS.md",
    ]
    assert "`src/lamp.py:10-12` - `main`" in (root / "TASKS.md").read_text()

    user.ledger("log", "Wicks were measured", *SAID, "--task", task)
    user.ledger("task", "block", "--why", "No oil.")
    user.ledger("task", "start", task)
    user.ledger("task", "test")
    assert "next: Lamps are green" in user.said("task", "done", "--what", "They burn for a night.", "--result", "9 h.")
    error = user.ledger(
        "error", "open", "Smoke", "--what", "It smokes.", "--severity", "P1", "--area", "lamp.py"
    ).split()[0]
    user.commit("Lamps burn longer")
    user.ledger("error", "resolve", error, "--commit", user.git("rev-parse", "--short", "HEAD").strip(), "--pr", "7")
    assert user.ledger("check", "--since", "main") == "nothing was found wrong\n"
    user.commit("No smoke")

    assert user.ledger("fold") == "5 entries folded, 2 changes of errors folded\n"
    assert user.ledger("check", "--since", "main") == "nothing was found wrong\n"
    shown = user.ledger("show", task)
    assert shown.startswith(f"{task}  COMPLETE  Lamps burn longer\n")
    assert "- **What**: They burn for a night.\n" in shown
    assert "It was blocked: No oil." in shown
    sheet = json.loads(user.ledger("show", error, "--json"))["result"]
    assert [one["status"] for one in sheet["errors"]] == ["resolved"]
    assert {one["title"] for one in sheet["entries"]} == {"Smoke", "Mended: lamp.py"}
    assert user.ledger("show", "open").splitlines()[0].endswith("  WAITING  Lamps are green")
    assert not list((root / "src").glob("*.md"))


def test_two_branches_meet_without_a_conflict_and_one_id_is_settled(user: User) -> None:
    user.ledger("init")
    user.commit("Ledger begun")
    for branch, area in (("one", "wick"), ("two", "oil")):
        user.git("checkout", "-q", "-b", branch, "main")
        user.ledger("log", f"Work of {branch}", *SAID)
        user.ledger("error", "open", f"Fault of {branch}", *SAID, "--severity", "P1", "--area", area)
        user.commit(branch)
    user.git("checkout", "-q", "main")
    user.git("merge", "-q", "--no-edit", "one")
    user.git("merge", "-q", "--no-edit", "two")
    assert "[err-dup-id]" in user.said("check", code=1)
    settled = user.said("fold")
    assert "was given twice" in settled
    assert user.ledger("check", "--since", "main~2") == "nothing was found wrong\n"
    journal = (user.folder / "JOURNAL.md").read_text()
    assert journal.count("### Work of ") == 2
    ids = [line.split()[0] for line in user.ledger("show", "open").splitlines() if line.startswith("ERR-")]
    assert sorted(name[-3:] for name in ids) == ["001", "002"]
    for name in ids:
        assert user.ledger("show", name).count("### Fault of ") == 1
