"""What git knows of code that documents name and that is gone: proposed, never written."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from greenroom.ledger import renames
from greenroom.ledger.checks import check
from greenroom.ledger.fixing import mend
from greenroom.ledger.renames import explained
from greenroom.ledger.tree import Tree

CODE = '''"""Lamps."""

LIMIT = 12


def light(lamp, oil):
    """Burn."""
    lamp.fill(oil)
    lamp.spark()
    return lamp.is_burning


class Lamp:
    def fill(self, oil):
        self.oil = min(oil, LIMIT)

    def spark(self):
        self.is_burning = self.oil > 0
'''


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *identity, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, **files: str | None) -> str:
        """Write files (a dot is written __), commit all, and give the commit in short."""
        for name, text in files.items():
            path = self.root / name.replace("__", ".")
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a change")
        return self.git("rev-parse", "--short", "HEAD")

    def mends(self) -> list[str]:
        tree = Tree.of(self.root)
        return [finding.mend for finding in explained(tree, check(tree))]


@pytest.fixture
def there(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path)
    repository.commit(lamp__py=CODE, NOTES__md="`lamp.py:6-10` - `light`\n")
    return repository


def test_a_symbol_that_took_another_name_in_a_commit(there: Repository) -> None:
    before = there.git("rev-parse", "--short", "HEAD")
    there.commit(lamp__py=CODE.replace("light", "kindle"))
    there.commit(lamp__py=CODE.replace("light", "kindle").replace("LIMIT = 12\n", "LIMIT = 12\nLEAST = 1\n"))
    assert there.mends() == [f"did it become `lamp.py:7-11` - `kindle`? last seen in commit {before}"]


def test_one_that_is_not_committed_yet(there: Repository) -> None:
    (there.root / "lamp.py").write_text(CODE.replace("def light(lamp, oil)", "def kindle(lamp, oil, *, wick=None)"))
    (mend,) = there.mends()
    assert mend.startswith("did it become `lamp.py:6-10` - `kindle`? last seen in commit ")


def test_one_that_was_renamed_twice(there: Repository) -> None:
    there.commit(lamp__py=CODE.replace("light", "kindle"))
    there.commit(lamp__py=CODE.replace("light", "ignite"))
    (mend,) = there.mends()
    assert "`lamp.py:6-10` - `ignite`" in mend


def test_one_that_moved_to_another_file(there: Repository) -> None:
    begin, end = CODE.index("def light"), CODE.index("class Lamp")
    there.commit(lamp__py=CODE[:begin] + CODE[end:], fire__py='"""Fire."""\n\n' + CODE[begin:end].rstrip() + "\n")
    (mend,) = there.mends()
    assert "did it become `fire.py:3-7` - `light`?" in mend


def test_a_method_whose_class_took_another_name(there: Repository) -> None:
    there.commit(NOTES__md="`lamp.py:14-15` - `Lamp.fill`\n")
    there.commit(lamp__py=CODE.replace("Lamp", "Lantern"))
    (mend,) = there.mends()
    assert "`lamp.py:14-15` - `Lantern.fill`" in mend


def test_a_constant(there: Repository) -> None:
    there.commit(NOTES__md="`lamp.py:3` - `LIMIT`\n")
    there.commit(lamp__py=CODE.replace("LIMIT", "CAPACITY"))
    (mend,) = there.mends()
    assert "`lamp.py:3` - `CAPACITY`" in mend


def test_one_that_nothing_took_the_place_of(there: Repository) -> None:
    before = there.git("rev-parse", "--short", "HEAD")
    end = CODE.index("class Lamp")
    there.commit(lamp__py=f"def other():\n    return 1\n\n\n{CODE[end:]}")
    assert there.mends() == [f"name what took its place; last seen in commit {before}"]


@pytest.mark.parametrize("staged", [True, False], ids=["staged", "committed"])
def test_a_file_that_was_renamed(there: Repository, staged: bool) -> None:
    before = there.git("rev-parse", "--short", "HEAD")
    there.git("mv", "lamp.py", "lantern.py")
    if not staged:
        there.commit(lantern__py=CODE.replace("LIMIT = 12", "LIMIT = 12\nLEAST = 1"))
        there.git("mv", "lantern.py", "lights.py")
        there.commit()
    (mend,) = there.mends()
    place = "`lantern.py:6-10` - `light`" if staged else "`lights.py:7-11` - `light`"
    assert mend == f"did it become {place}? last seen in commit {before}"


def test_a_file_that_was_deleted(there: Repository) -> None:
    before = there.git("rev-parse", "--short", "HEAD")
    there.commit(lamp__py=None)
    assert there.mends() == [f"name the file as it is called now; last seen in commit {before}"]


def test_a_folder_below_the_top_of_the_repository(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    inner = tmp_path / "part"
    inner.mkdir()
    (inner / "lamp.py").write_text(CODE)
    (inner / "NOTES.md").write_text("`lamp.py:6-10` - `light` and `oil.py:1` - `x`\n")
    (inner / "oil.py").write_text("x = 1\n")
    repository.commit()
    (inner / "lamp.py").write_text(CODE.replace("light", "kindle"))
    (inner / "oil.py").rename(inner / "fuel.py")
    repository.commit()
    tree = Tree.of(inner)
    mends = [finding.mend for finding in explained(tree, check(tree))]
    assert "`fuel.py:1` - `x`" in mends[0]
    assert "`lamp.py:6-10` - `kindle`" in mends[1]


def test_a_name_that_git_never_saw_is_left_as_it_is(there: Repository) -> None:
    there.commit(NOTES__md="`lamp.py:6-10` - `lihgt`, `none.py:1` - `x`\n")
    assert there.mends() == ["name the file as it is called now", "did you mean light?"]


def test_without_git_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lamp.py").write_text(CODE)
    (tmp_path / "NOTES.md").write_text("`lamp.py:1` - `gone`\n")
    tree = Tree.of(tmp_path)
    found = check(tree)
    assert explained(tree, found) == found
    monkeypatch.setenv("PATH", str(tmp_path))
    assert explained(tree, found) == found


def test_git_that_takes_too_long_is_left(there: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there.commit(lamp__py=CODE.replace("light", "kindle"))
    tree = Tree.of(there.root)
    found = check(tree)
    slow = there.root / ".slow"
    slow.mkdir()
    (slow / "git").write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    (slow / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(slow))
    began = time.monotonic()
    assert explained(tree, found, patience=0.2) == found
    assert time.monotonic() - began < 5


def test_a_program_that_the_repository_names_is_not_run(there: Repository, tmp_path: Path) -> None:
    there.commit(__gitattributes="*.py diff=own\n")
    there.git("config", "diff.own.textconv", f"touch {tmp_path}/ran; cat")
    there.git("config", "diff.own.command", f"touch {tmp_path}/ran; true")
    there.commit(lamp__py=CODE.replace("light", "kindle"))
    assert "kindle" in there.mends()[0]
    assert not (tmp_path / "ran").exists()


def test_a_proposal_is_said_and_not_written(there: Repository) -> None:
    there.commit(lamp__py=CODE.replace("light", "kindle"))
    done = mend(there.root)
    assert done.changes == ()
    assert ["kindle" in finding.mend for finding in done.left] == [True]


def test_likeness_leaves_names_aside() -> None:
    old, new = ["def a(x):", "return x + 1"], ["def b(x):", "return x + 1"]
    assert renames._alikeness(old, "a", new, "b") > 0.99
