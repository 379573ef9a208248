"""Changes that are whole or have not begun."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from greenroom.errors import OutputUnwritable
from greenroom.ledger import changes
from greenroom.ledger.changes import (
    FOLDER,
    LedgerBusy,
    LedgerMoved,
    LedgerStuck,
    create,
    finish,
    overlay,
    writing,
)
from greenroom.ledger.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def apply(root: Path, writes: Mapping[str, bytes], deletes: Iterable[str] = ()) -> None:
    with writing(root) as writer:
        writer.apply(writes, deletes)


def cut_off(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that has happened, and of which nothing is carried out."""
    with monkeypatch.context() as patched, writing(root) as writer:
        patched.setattr(changes, "_carry_out", lambda root, steps: None)
        writer.apply({"a.md": b"new", "new/b.md": b"b"}, ["c.md"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.md").write_bytes(b"old")
    (tmp_path / "c.md").write_bytes(b"c")
    return tmp_path


def test_files_are_written_and_deleted(root: Path) -> None:
    (root / "a.md").chmod(0o640)
    apply(root, {"a.md": b"new", "new/b.md": b"b"}, ["c.md", "never.md"])
    assert (root / "a.md").read_bytes() == b"new"
    assert (root / "a.md").stat().st_mode & 0o777 == 0o640
    assert (root / "new/b.md").read_bytes() == b"b"
    assert not (root / "c.md").exists()
    assert overlay(root) == {}
    assert sorted(path.name for path in (root / FOLDER).iterdir()) == [".gitignore", "done", "lock"]
    apply(root, {}, ["new/b.md"])
    assert not (root / "new").exists()


def test_what_is_cut_off_is_seen_and_finished(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(root, monkeypatch)
    assert (root / "a.md").read_bytes() == b"old"
    assert overlay(root) == {"a.md": b"new", "new/b.md": b"b", "c.md": None}
    assert Tree.of(root).documents == ("a.md", "new/b.md")
    assert finish(root)
    assert not finish(root)
    assert overlay(root) == {}
    assert (root / "a.md").read_bytes() == b"new"
    assert not (root / "c.md").exists()


def test_the_next_writer_finishes_it_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(root, monkeypatch)
    apply(root, {"a.md": b"newest"})
    assert (root / "a.md").read_bytes() == b"newest"
    assert (root / "new/b.md").read_bytes() == b"b"


def test_work_of_others_is_not_overwritten(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(root, monkeypatch)
    (root / "a.md").write_bytes(b"somebody's")
    for act in (lambda: finish(root), lambda: overlay(root), lambda: apply(root, {"d.md": b"d"})):
        with pytest.raises(LedgerStuck, match=r"a\.md"):
            act()
    assert (root / "a.md").read_bytes() == b"somebody's"
    assert (root / "c.md").exists()
    (root / "a.md").write_bytes(b"old")
    assert finish(root)


def test_nothing_is_written_on_what_has_changed_meanwhile(root: Path) -> None:
    with writing(root) as writer, pytest.raises(LedgerMoved, match=r"a\.md"):
        writer.apply({"d.md": b"d"}, expected={"a.md": b"other"})
    assert not (root / "d.md").exists()
    with writing(root) as writer:
        writer.apply({"d.md": b"d"}, expected={"a.md": b"old", "d.md": None})


def test_a_failure_before_it_happens_leaves_nothing(root: Path) -> None:
    (root / "folder").mkdir()
    with pytest.raises(OutputUnwritable, match="folder"):
        apply(root, {"a.md": b"new", "folder": b"x"})
    assert (root / "a.md").read_bytes() == b"old"
    assert not list((root / FOLDER).glob("*.new"))


def test_links_stay_links(root: Path) -> None:
    (root / "real").mkdir()
    (root / "a.md").rename(root / "real/a.md")
    (root / "a.md").symlink_to("real/a.md")
    apply(root, {"a.md": b"new"})
    assert (root / "a.md").is_symlink()
    assert (root / "real/a.md").read_bytes() == b"new"


def test_writers_wait_for_each_other(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    with writing(root), pytest.raises(LedgerBusy), writing(root, wait_s=0.03):
        pass
    (root / "n.md").write_text("0")

    def add() -> None:
        for _ in range(10):
            with writing(root) as writer:
                writer.apply({"n.md": str(int((root / "n.md").read_text()) + 1).encode()})

    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (root / "n.md").read_text() == "30"


def test_readers_see_before_or_after(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    (root / "a.md").write_bytes(b"0")
    (root / "c.md").write_bytes(b"0")
    is_over = threading.Event()

    def write() -> None:
        for number in range(1, 40):
            apply(root, {name: str(number).encode() for name in ("a.md", "c.md")})
        is_over.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not is_over.is_set():
        tree = changes.steady(root, lambda: [Tree.of(root).text(name) for name in ("a.md", "c.md")])
        assert tree[0] == tree[1]
    thread.join()


def test_a_list_that_is_no_list_stops_everybody(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(root, monkeypatch)
    (root / FOLDER / "list").write_text("[{")
    with pytest.raises(LedgerStuck):
        overlay(root)


def test_what_a_change_was_made_of_may_not_go(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(root, monkeypatch)
    for staged in (root / FOLDER).glob("*.new"):
        staged.unlink()
    with pytest.raises(LedgerStuck, match="gone"):
        overlay(root)


def test_git_does_not_see_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    cut_off(root, monkeypatch)
    said = subprocess.run(["git", "status", "--porcelain"], cwd=root, check=True, capture_output=True, text=True).stdout
    assert "JOURNAL.d" not in said


def test_a_file_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "JOURNAL.d/a.md"
    create(path, b"mine")
    with pytest.raises(FileExistsError):
        create(path, b"yours")
    assert path.read_bytes() == b"mine"

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    create(tmp_path / "JOURNAL.d/b.md", b"without links")
    assert (tmp_path / "JOURNAL.d/b.md").read_bytes() == b"without links"
    with pytest.raises(FileExistsError):
        create(path, b"yours")
    assert not list((tmp_path / FOLDER).glob("*.part"))


def test_the_list_says_what_is_where(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(root, monkeypatch)
    said = json.loads((root / FOLDER / "list").read_text())
    assert [step["path"] for step in said] == ["a.md", "new/b.md", "c.md"]
    assert said[1]["before"] is None
    assert said[2]["after"] is None


@pytest.mark.parametrize(("rounds", "verbs"), [(0, ["fold"]), (12, ["fold", "fix"])])
def test_whoever_is_killed_loses_and_doubles_nothing(tmp_path: Path, rounds: int, verbs: list[str]) -> None:
    """At each step that changes a file, and at any moment; more often with ``python -m tests.ledger.killing``."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.ledger.killing", str(tmp_path), str(rounds), "7", *verbs],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("killed") == len(verbs)
