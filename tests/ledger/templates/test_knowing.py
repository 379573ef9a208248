"""What is known of a project from its files, and what is asked instead of guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.errors import InputInvalid
from greenroom.ledger.templates.knowing import MainFileUnclear, Project, files_of, known_of
from greenroom.ledger.tree import Tree


def known(root: Path, files: dict[str, str], main_file: str | None = None) -> Project:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return known_of(Tree.of(root), files_of(root), main_file)


@pytest.mark.parametrize(
    ("files", "main", "stack"),
    [
        ({"start.sh": "serve() {\n  true\n}\n", "Dockerfile": "FROM x\n"}, "start.sh", "shell, Docker"),
        ({"lamp.py": "", "tests/test_lamp.py": "", "conftest.py": ""}, "lamp.py", "Python"),
        (
            {"package.json": '{"main": "./lib/a.js"}', "lib/a.js": "", "lib/b.ts": ""},
            "lib/a.js",
            "JavaScript, TypeScript",
        ),
        (
            {
                "pyproject.toml": '[project]\nscripts = {lamps = "lamps.cli:main"}\nrequires-python = ">=3.12"\n',
                "src/lamps/cli.py": "",
                "src/lamps/oil.py": "",
            },
            "src/lamps/cli.py",
            "Python >=3.12",
        ),
        ({"notes.md": "# Notes\n"}, None, "_languages and libraries, with versions_"),
        (
            {"node_modules/a/index.js": "", ".hidden/b.py": "", "env/pyvenv.cfg": "", "env/c.py": "", "d.go": ""},
            "d.go",
            "Go",
        ),
    ],
)  # fmt: skip
def test_the_main_file_where_there_can_be_no_other(
    tmp_path: Path, files: dict[str, str], main: str | None, stack: str
) -> None:
    found = known(tmp_path, files)
    assert (found.main_file, found.stack) == (main, stack)


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": "", "b.sh": ""},
        {"pyproject.toml": '[project.scripts]\na = "a:main"\nb = "b:main"\n', "a.py": "", "b.py": ""},
        {"pyproject.toml": "not = [toml", "package.json": "{", "a.py": "", "b.py": ""},
    ],
)
def test_what_may_be_several_is_not_guessed(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(MainFileUnclear, match=r"a\.py, b\."):
        known(tmp_path, files)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=r"no file 'lamps\.py'") as raised:
        known(tmp_path, {"lamp.py": ""}, "lamps.py")
    assert raised.value.mend == "did you mean lamp.py?"
    assert known(tmp_path, {"lamp.py": "X = 1"}, "./lamp.py").lines == 1


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"pyproject.toml": '[project]\nname = "lamps"\n'}, "lamps"),
        ({"package.json": '{"name": "lamp|s"}'}, "lamp s"),
        ({"Cargo.toml": '[package]\nversion = "1"\nname = "lamps"\n'}, "lamps"),
        ({"go.mod": "module example.com/oil/lamps\n"}, "lamps"),
        ({"package.json": "[]"}, "project"),
    ],
)
def test_its_name(tmp_path: Path, files: dict[str, str], name: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    assert known(root, files).name == name


def test_its_parts_are_where_the_anchors_say(tmp_path: Path) -> None:
    text = "\n".join(["A = 1", "", "", "def a() -> None:", "    pass", "", "", "def a() -> None:", "    pass", ""])
    text += "\n".join(f"def f{number}() -> None: ..." for number in range(9))
    found = known(tmp_path, {"lamp.py": text})
    # Of two of one name neither can be meant.
    assert [str(part.symbol) for part in found.parts] == ["A", "f0", "f1", "f2", "f3"]
    shell = known(tmp_path, {"start.sh": "say() {\n  true\n}\n\nif true; then\n  say\nfi\n"}, "start.sh")
    assert [str(part) for part in shell.parts] == ["`start.sh:1-3` - `say`"]


@pytest.mark.parametrize(
    ("files", "release"),
    [
        ({"pyproject.toml": '[project]\nname = "lamps"\nversion = "1.4.2"\n'}, "1.4.2"),
        ({"package.json": '{"version": "2.0.1-beta.1"}'}, "2.0.1"),
        ({"Cargo.toml": '[package]\nname = "lamps"\nversion = "0.3.0"\n'}, "0.3.0"),
        ({"pyproject.toml": '[project]\nname = "lamps"\ndynamic = ["version"]\n'}, "0.0.0"),
        ({"package.json": '{"version": 2}'}, "0.0.0"),
    ],
)
def test_its_release(tmp_path: Path, files: dict[str, str], release: str) -> None:
    assert known(tmp_path, files).release == release
