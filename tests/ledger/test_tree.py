"""Which documents a project has, and what they say, on the disk and at a revision."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from greenroom.ledger import tree as module
from greenroom.ledger.errors import LedgerUnreadable
from greenroom.ledger.tree import Tree


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"# {path}\n")


def git(root: Path, *words: str) -> None:
    named = ["-c", "user.name=N", "-c", "user.email=n@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", "-C", str(root), *named, *words], check=True, capture_output=True)


def committed(root: Path) -> None:
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "all")


def test_a_folder_has_its_markdown_but_not_what_is_hidden_or_installed(tmp_path: Path) -> None:
    write(tmp_path, "A.md", "b/C d.MD", "b/c.txt", ".hidden/D.md", ".e.md", "node_modules/x/README.md")
    write(tmp_path, "env/pyvenv.cfg", "env/lib/E.md", "lib/site-packages/F.md")
    (tmp_path / "folder.md").mkdir()
    assert Tree.of(tmp_path).documents == ("A.md", "b/C d.MD")


def test_a_repository_has_what_git_knows_or_would_not_ignore(tmp_path: Path) -> None:
    write(tmp_path, "A.md", "old.md", "é b.md", "build/B.md", "deep/C.md", "node_modules/N.md")
    (tmp_path / ".gitignore").write_text("build/\nlocal.md\n")
    committed(tmp_path)
    write(tmp_path, "new.md", "local.md")
    (tmp_path / "old.md").unlink()
    assert Tree.of(tmp_path).documents == ("A.md", "deep/C.md", "new.md", "node_modules/N.md", "é b.md")
    assert Tree.of(tmp_path / "deep").documents == ("C.md",)
    # What git does not list can be linked to nevertheless, and a folder that it ignores as a whole can be looked at.
    assert Tree.of(tmp_path).exists("build/B.md")
    assert Tree.of(tmp_path / "build").documents == ("B.md",)


def test_what_a_ledger_consists_of_is_seen_though_git_ignores_it(tmp_path: Path) -> None:
    paths = ("CONDUCTOR.md", "ERRORS.d/2026-05-01T1000-0001.md", "JOURNAL.d/2026-05-01T1000-0001.md")
    write(tmp_path, "A.md", "build.d/B.md", "JOURNAL.d/.change/C.md", *paths)
    (tmp_path / ".gitignore").write_text("*.d\nCONDUCTOR.md\n")
    committed(tmp_path)
    assert Tree.of(tmp_path).documents == ("A.md", *paths)
    with (tmp_path / ".gitignore").open("a") as ignore:
        ignore.write("!JOURNAL.d/\n!ERRORS.d/\n")  # as docs/ledger.md says
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "more")
    assert Tree.at(tmp_path, "HEAD").documents == ("A.md", *paths[1:])


def test_a_link_to_a_document_that_is_there_is_no_other_one(tmp_path: Path) -> None:
    write(tmp_path, "CONDUCTOR.md", "docs/TASKS.md", "docs/.hidden.md")
    for name, target in (("CLAUDE.md", "CONDUCTOR.md"), ("TASKS.md", "docs/TASKS.md"), ("H.md", "docs/.hidden.md")):
        (tmp_path / name).symlink_to(target)
    committed(tmp_path)
    for tree in (Tree.of(tmp_path), Tree.at(tmp_path, "HEAD")):
        assert tree.documents == ("CONDUCTOR.md", "H.md", "TASKS.md", "docs/TASKS.md")
        assert (tree.exists("CLAUDE.md"), tree.text("CLAUDE.md")) == (True, "# CONDUCTOR.md\n")


def test_without_git_a_repository_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "A.md", "ignored.md")
    (tmp_path / ".gitignore").write_text("ignored.md\n")
    git(tmp_path, "init", "-q")
    monkeypatch.setenv("PATH", "")
    assert Tree.of(tmp_path).documents == ("A.md", "ignored.md")
    with pytest.raises(LedgerUnreadable):
        Tree.at(tmp_path, "HEAD")


def test_a_hook_of_git_may_look_at_another_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "other"):
        write(tmp_path / name, f"{name}.md", "ignored.md")
        (tmp_path / name / ".gitignore").write_text("ignored.md\n")
        committed(tmp_path / name)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other" / ".git" / "index"))
    assert Tree.of(tmp_path / "one").documents == Tree.at(tmp_path / "one", "HEAD").documents == ("one.md",)


def test_a_folder_below_with_a_hub_is_another_ledger(tmp_path: Path) -> None:
    write(tmp_path, "CONDUCTOR.md", "A.md", "inner/CONDUCTOR.md", "inner/B.md", "inner/c/D.md", "inner2/E.md")
    assert Tree.of(tmp_path).documents == ("A.md", "CONDUCTOR.md", "inner2/E.md")


@pytest.mark.parametrize(
    ("path", "is_ledger"),
    [("CONDUCTOR.md", True), ("JOURNAL.md", True), ("TASKS.md", True), ("ERRORS.md", True), ("JOURNAL.d/x.md", True),
     ("ERRORS.d/x.md", True), ("README.md", False), ("docs/JOURNAL.md", False)],
)  # fmt: skip
def test_what_makes_a_ledger(path: str, is_ledger: bool, tmp_path: Path) -> None:
    write(tmp_path, path)
    assert Tree.of(tmp_path).is_ledger is is_ledger


def test_what_files_say(tmp_path: Path) -> None:
    write(tmp_path, "A.md", "b/C.md")
    (tmp_path / "bom.md").write_bytes(b"\xef\xbb\xbf# \xff\n")
    (tmp_path / "pipe").symlink_to(os.devnull)
    tree = Tree.of(tmp_path)
    assert tree.text("A.md") == tree.text("b/../A.md") == "# A.md\n"
    assert tree.text("bom.md") == "# \ufffd\n"
    assert tree.bytes("bom.md") == b"\xef\xbb\xbf# \xff\n"
    assert [tree.text(path) for path in ("absent.md", "b", "pipe", "A.md/x", "x" * 5000, "a\0b")] == [None] * 6
    assert [tree.exists(path) for path in ("A.md", "b", "b/", ".", "..", "absent", "x" * 5000, "a\0b")] == [
        True, True, True, True, True, False, False, False,
    ]  # fmt: skip
    assert tree.document("b/C.md").headings[0].text == "b/C.md"
    assert tree.document("absent.md").text == ""
    assert tree.files("b") == ("b/C.md",)
    assert tree.files("absent") == ()


def test_a_file_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "A.md")
    tree = Tree.of(tmp_path)
    assert tree.text("A.md") == "# A.md\n"
    (tmp_path / "A.md").write_text("# Another\n")
    assert tree.text("A.md") == tree.document("A.md").text == "# A.md\n"


def test_a_tree_may_be_seen_as_it_would_be(tmp_path: Path) -> None:
    write(tmp_path, "A.md", "b/C.md", "b/d.log")
    tree = Tree.of(tmp_path).changed({"A.md": b"# New\n", "b/C.md": None, "e/F.md": b"# F\n", "b/g.log": b""})
    assert tree.documents == ("A.md", "e/F.md")
    assert (tree.text("A.md"), tree.text("b/C.md"), tree.text("e/F.md")) == ("# New\n", None, "# F\n")
    assert [tree.exists(path) for path in ("A.md", "b/C.md", "e", "e/F.md", "b")] == [True, False, True, True, True]
    assert tree.files("b") == ("b/d.log", "b/g.log")
    again = tree.changed({"b/C.md": b"# C\n"})
    assert (again.text("A.md"), again.text("b/C.md")) == ("# New\n", "# C\n")


def test_documents_may_be_left_out(tmp_path: Path) -> None:
    write(tmp_path, "A.md", "tests/b/C.md", "docs/D.md")
    tree = Tree.of(tmp_path).without(["tests/*"])
    assert tree.documents == ("A.md", "docs/D.md")
    assert tree.exists("tests/b/C.md")
    assert tree.without(["*/D.md"]).changed({"tests/x.md": b""}).documents == ("A.md",)


def test_a_change_that_was_cut_off_is_read_as_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "A.md", "B.md")
    monkeypatch.setattr(module, "overlay", lambda root: {"A.md": b"# Whole\n", "B.md": None, "C.md": b"# C\n"})
    tree = Tree.of(tmp_path)
    assert tree.documents == ("A.md", "C.md")
    assert (tree.text("A.md"), tree.text("B.md")) == ("# Whole\n", None)


def test_what_cannot_be_looked_at_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "A.md")
    for folder in (tmp_path / "absent", tmp_path / "A.md"):
        with pytest.raises(LedgerUnreadable) as told:
            Tree.of(folder)
        assert told.value.exit_code == 2
        assert str(folder) in told.value.message

    def refused(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    tree = Tree.of(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(LedgerUnreadable, match=r"A\.md.*Permission denied"):
        tree.text("A.md")


def test_a_revision_has_the_files_that_it_had(tmp_path: Path) -> None:
    write(tmp_path, "A.md", "b/C é.md", "b/d.sh", ".hidden/E.md")
    (tmp_path / "link.md").symlink_to("b/C é.md")
    (tmp_path / "binary.md").write_bytes(b"a\nblob 3\n\0b")
    committed(tmp_path)
    (tmp_path / "A.md").write_text("# Another\n")
    (tmp_path / "b" / "d.sh").unlink()
    write(tmp_path, "new.md")
    for revision in ("HEAD", "main"):
        tree = Tree.at(tmp_path, revision)
        assert tree.documents == ("A.md", "b/C é.md", "binary.md")
        assert (tree.text("A.md"), tree.text("b/d.sh"), tree.text("new.md")) == ("# A.md\n", "# b/d.sh\n", None)
        assert tree.text("link.md") == "# b/C é.md\n"
        assert tree.bytes("binary.md") == b"a\nblob 3\n\0b"
        assert [tree.exists(path) for path in ("b", "b/d.sh", ".", "../x", "new.md", "c")] == [
            True, True, True, True, False, False,
        ]  # fmt: skip
        assert tree.files("b") == ("b/C é.md", "b/d.sh")


def test_a_folder_of_a_repository_at_a_revision(tmp_path: Path) -> None:
    write(tmp_path, "A.md", "b/C.md")
    committed(tmp_path)
    write(tmp_path, "d/E.md")
    tree = Tree.at(tmp_path / "b", "HEAD")
    assert (tree.documents, tree.text("C.md")) == (("C.md",), "# b/C.md\n")
    assert Tree.at(tmp_path / "d", "HEAD").documents == ()


@pytest.mark.parametrize("revision", ["absent", "--help", "", "HEAD~1", "main:A.md"])
def test_no_such_revision(revision: str, tmp_path: Path) -> None:
    write(tmp_path, "A.md")
    committed(tmp_path)
    with pytest.raises(LedgerUnreadable) as told:
        Tree.at(tmp_path, revision)
    assert told.value.exit_code == 2
    assert told.value.mend


def test_a_shallow_clone_says_what_it_lacks(tmp_path: Path) -> None:
    write(tmp_path / "one", "A.md")
    committed(tmp_path / "one")
    git(tmp_path / "one", "commit", "-qm", "more", "--allow-empty")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{tmp_path / 'one'}", "other")
    assert Tree.at(tmp_path / "other", "HEAD").documents == ("A.md",)
    with pytest.raises(LedgerUnreadable, match="no revision 'HEAD~1'") as told:
        Tree.at(tmp_path / "other", "HEAD~1")
    assert "git fetch --unshallow" in told.value.mend


def test_no_repository(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreadable, match="no repository") as told:
        Tree.at(tmp_path, "HEAD")
    assert "--before" in told.value.mend
