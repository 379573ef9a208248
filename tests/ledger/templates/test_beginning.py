"""A new ledger passes its own check, and an old one is taken as it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from greenroom.errors import OutputUnwritable
from greenroom.findings import Finding
from greenroom.ledger import changes
from greenroom.ledger.checks import check
from greenroom.ledger.journal import read_journal
from greenroom.ledger.templates import HUB, Profile, filled, of_profile
from greenroom.ledger.templates.beginning import Begun, begin
from greenroom.ledger.templates.knowing import MainFileUnclear
from greenroom.ledger.tree import Tree

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / "tests" / "goldens" / "ledger"
NOW = datetime(2026, 3, 4, 10, 12, tzinfo=UTC)
CODE = '''"""Lamps."""

LIMIT = 3


class Lamp:
    """One."""

    def light(self) -> None: ...


def main() -> None:
    """Light one."""
    Lamp().light()
'''


def init(root: Path, *, profile: Profile = "core", main_file: str | None = None) -> Begun:
    return begin(root, profile=profile, main_file=main_file, now=NOW)


def found(root: Path) -> list[Finding]:
    return check(Tree.of(root))


def files(root: Path) -> dict[str, bytes]:
    paths = (path for path in root.rglob("*") if path.is_file() and ".change" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("profile", ["core", "full"])
@pytest.mark.parametrize("code", [CODE, "", None], ids=["code", "empty file", "no code"])
def test_what_it_writes_passes_the_check(tmp_path: Path, profile: Profile, code: str | None) -> None:
    if code is not None:
        (tmp_path / "lamp.py").write_text(code)
    begun = init(tmp_path, profile=profile)
    assert begun.written == tuple(sorted((HUB, "JOURNAL.md", *(one.path for one in of_profile(profile)))))
    assert (begun.kept, begun.unlisted) == ((), ())
    assert found(tmp_path) == []


def test_the_check_sees_when_code_moves_on(tmp_path: Path) -> None:
    (tmp_path / "lamp.py").write_text(CODE)
    init(tmp_path)
    (tmp_path / "lamp.py").write_text(f"# new\n{CODE}")
    assert {finding.code for finding in found(tmp_path)} == {"anchor-stale", "filelen-stale"}


def test_it_fills_in_what_it_knows(tmp_path: Path) -> None:
    (tmp_path / "lamp.py").write_text(CODE)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "lamps"\nversion = "1.4.2rc1"\nrequires-python = ">=3.11"\n'
    )
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "oil and water.md").write_text("# Which `oil`\n")
    init(tmp_path)
    hub = (tmp_path / HUB).read_text()
    assert "- **Tech Stack**: Python >=3.11\n" in hub
    assert "- **Main File**: lamp.py (14 lines)" in hub
    assert "**Lamp**: `lamp.py:6-9` - `Lamp`\n" in hub
    assert "6. [Which oil](docs/oil%20and%20water.md) - _what it holds_\n" in hub
    assert "- **v1.4.2** - Ledger begun (see JOURNAL.md 2026-03-04)\n" in hub
    assert "**Phase**: lamps, first phase\n**Started**: 2026-03-04\n" in (tmp_path / "TASKS.md").read_text()
    architecture = (tmp_path / "ARCHITECTURE.md").read_text()
    assert "PLAYBOOKS/\nTASKS.md\ndocs/\nlamp.py\npyproject.toml\n" in architecture
    assert [finding.code for finding in found(tmp_path)] == ["keywords-missing"]  # of the page that was there


def test_a_second_time_nothing_is_missing(tmp_path: Path) -> None:
    init(tmp_path)
    before = files(tmp_path)
    again = init(tmp_path, profile="full")
    assert (again.written, len(again.kept)) == ((), 7)
    assert again.unlisted == tuple(one.path for one in of_profile("full") if one.profile == "full")
    assert files(tmp_path) == before


def test_what_is_there_is_kept_to_the_byte(tmp_path: Path) -> None:
    (tmp_path / "JOURNAL.md").write_bytes(b"# Mine\r\n\r\n## 2026-03-01 09:00\r\n\r\nWords, \xff too.\r\n")
    (tmp_path / "BUILD.md").write_text("My own notes.\n")
    before = files(tmp_path)
    begun = init(tmp_path)
    assert begun.kept == ("BUILD.md", "JOURNAL.md")
    after = files(tmp_path)
    assert {path: after[path] for path in before} == before
    entries = read_journal(Tree.of(tmp_path)).entries
    assert [entry.time for entry in entries] == ["2026-03-01 09:00", "2026-03-04 10:12"]
    assert entries[1].path.startswith("JOURNAL.d/2026-03-04T1012-")
    # What is found is about what was there, and nothing that was written leads astray.
    assert {finding.path for finding in found(tmp_path)} <= {"BUILD.md", "JOURNAL.md"}


def test_below_a_hub_only_what_it_lists_is_added(tmp_path: Path) -> None:
    init(tmp_path)
    for gone in ("BUILD.md", "PLAYBOOKS/DEPLOY.md", "ERRORS.md"):
        (tmp_path / gone).unlink()
    hub = tmp_path / HUB
    lines = hub.read_text().splitlines(keepends=True)
    hub.write_text("".join(line for line in lines if "DEPLOY.md" not in line and "ERRORS.md" not in line))
    begun = init(tmp_path)
    assert [path for path in begun.written if not path.startswith("JOURNAL.d/")] == ["BUILD.md"]
    assert begun.unlisted == ("PLAYBOOKS/DEPLOY.md", "ERRORS.md")
    assert "See the playbook." in (tmp_path / "BUILD.md").read_text()  # a link would lead nowhere
    # The reference has become short; nothing else is wrong.
    assert {finding.code for finding in found(tmp_path)} == {"quickref-size"}


def test_links_name_no_section_that_a_kept_document_lacks(tmp_path: Path) -> None:
    (tmp_path / "ERRORS.md").write_text("# Mine\n")
    init(tmp_path)
    assert "[the error ledger](ERRORS.md)" in (tmp_path / "BUILD.md").read_text()


def test_a_main_file_that_may_be_any_is_asked_for(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("X = 1\n")
    with pytest.raises(MainFileUnclear, match=r"may be any of a\.py, b\.py") as raised:
        init(tmp_path)
    assert raised.value.mend == "say which: --main-file a.py"
    assert sorted(files(tmp_path)) == ["a.py", "b.py"]
    init(tmp_path, main_file="b.py")
    assert "**Main File**: b.py (1 line)" in (tmp_path / HUB).read_text()
    assert found(tmp_path) == []
    (tmp_path / "TASKS.md").unlink()
    assert "TASKS.md" in init(tmp_path).written  # the hub has said it


def test_it_is_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "PLAYBOOKS").write_text("a file, and no folder\n")
    with pytest.raises(OutputUnwritable):
        init(tmp_path)
    assert sorted(files(tmp_path)) == ["PLAYBOOKS"]


def test_a_file_that_comes_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(path: str, known: dict[str, str]) -> str:
        (tmp_path / "TASKS.md").write_text("mine\n")
        return filled(path, known)

    monkeypatch.setattr("greenroom.ledger.templates.beginning.filled", late)
    with pytest.raises(changes.LedgerMoved):
        init(tmp_path)
    assert files(tmp_path) == {"TASKS.md": b"mine\n"}


def test_what_git_ignores_is_no_document(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("built/\n")
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "page.md").write_text("# Made\n")
    (tmp_path / "built" / "made.py").write_text("")
    (tmp_path / "lamp.py").write_text(CODE)
    init(tmp_path)
    assert "built" not in (tmp_path / HUB).read_text()
    assert found(tmp_path) == []
    shutil.rmtree(tmp_path / ".git")


def test_killed_at_any_step_it_is_whole_or_has_not_begun(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.ledger.templates.killing", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


@pytest.mark.parametrize("name", sorted(path.name for path in CORPUS.iterdir() if path.is_dir()))
def test_a_ledger_kept_by_hand_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    shutil.copytree(CORPUS / name / "tree", tmp_path, dirs_exist_ok=True)
    before, wrong = files(tmp_path), {(one.code, one.path, one.line) for one in found(tmp_path)}
    init(tmp_path, profile="full")
    after = files(tmp_path)
    assert {path: after[path] for path in before} == before
    assert {(one.code, one.path, one.line) for one in found(tmp_path)} <= wrong
