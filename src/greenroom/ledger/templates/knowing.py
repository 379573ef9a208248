"""What is known of a project before anybody says a word: its name, what it is made with, its main file, its parts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from greenroom.anchors import Anchor, symbol_spans, symbols
from greenroom.errors import InputInvalid, closest, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from greenroom.ledger.tree import Tree

# By suffix, what a file is written in.
_LANGUAGES = {
    ".py": "Python", ".sh": "shell", ".bash": "shell", ".js": "JavaScript", ".mjs": "JavaScript", ".cjs": "JavaScript",
    ".jsx": "JavaScript", ".ts": "TypeScript", ".tsx": "TypeScript", ".go": "Go", ".rs": "Rust", ".rb": "Ruby",
    ".java": "Java", ".kt": "Kotlin", ".swift": "Swift", ".c": "C", ".cc": "C++", ".cpp": "C++", ".cs": "C#",
    ".php": "PHP",
}  # fmt: skip
_INSTALLED = {"node_modules", "__pycache__", "venv", "site-packages"}
_ASIDE = {"test", "tests", "testing", "example", "examples", "docs", "doc", "benchmarks", "scripts", "vendor"}
# Of a main file, so many parts are named; a reader finds the others beside them.
_MOST_PARTS = 5
_MOST_FOLDERS = 30
_MOST_SHOWN = 6
_CARGO_NAME = re.compile(r'^\[package\][^\[]*?^name\s*=\s*"([^"]+)"', re.MULTILINE | re.DOTALL)
_GO_MODULE = re.compile(r"^module\s+(\S+)", re.MULTILINE)
_CARGO_VERSION = re.compile(r'^\[package\][^\[]*?^version\s*=\s*"([^"]+)"', re.MULTILINE | re.DOTALL)
_RELEASE = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_NAME = re.compile(r"[\w$]+")


class MainFileUnclear(InputInvalid):
    """Several files may be the main one, and nothing says which."""

    code = "ledger-main-file-unclear"


@dataclass(frozen=True, slots=True)
class Project:
    """A project as its files show it.

    stack: its languages, in words.  main_file: posix path; None where there is no code yet.  lines: of it.
    release: its version, of three numbers; 0.0.0 where none is said.
    parts: the classes and functions of the main file, with their lines, in its order.
    """

    name: str
    release: str
    stack: str
    main_file: str | None
    lines: int
    parts: tuple[Anchor, ...]


def files_of(root: Path) -> tuple[str, ...]:
    """The files of a project, as posix paths, sorted: those that git knows or would not ignore, else all that are not
    hidden nor installed."""
    asked = ("git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard")
    try:
        done = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603 - fixed
    except OSError:
        found: Iterable[str] = ()
    else:
        found = (os.fsdecode(name) for name in done.stdout.split(b"\0") if name and not done.returncode)
    listed = [path for path in found if (root / path).is_file()]
    return tuple(sorted(listed or _walked(root)))


def _walked(root: Path) -> Iterator[str]:
    for folder, inner, names in os.walk(root):
        here = Path(folder)
        inner[:] = [
            name for name in inner
            if name[0] != "." and name not in _INSTALLED and not (here / name / "pyvenv.cfg").exists()
        ]  # fmt: skip
        yield from ((here / name).relative_to(root).as_posix() for name in names if name[0] != ".")


def known_of(tree: Tree, there: Sequence[str], main_file: str | None = None) -> Project:
    """What the files of a tree show.

    there: all of them, as ``files_of`` gives them.  main_file: the one that was named; guessed only where there can be
    no other.  Raises InputInvalid for a file that is not there, MainFileUnclear where nothing says which it is.
    """
    code = [path for path in there if PurePosixPath(path).suffix in _LANGUAGES]
    settings = _pyproject(tree)
    main = _main_file(tree, there, code, settings, main_file)
    text = (main and tree.text(main)) or ""
    return Project(
        name=_name(tree, settings),
        release=_release(tree, settings),
        stack=_stack(there, code, settings),
        main_file=main,
        lines=text.count("\n") + (text != "" and not text.endswith("\n")),
        parts=_parts(main, text) if main else (),
    )


def _name(tree: Tree, settings: dict[str, Any]) -> str:
    package = _package(tree)
    cargo, go = _CARGO_NAME.search(tree.text("Cargo.toml") or ""), _GO_MODULE.search(tree.text("go.mod") or "")
    said = (
        settings.get("project", {}).get("name"),
        package.get("name"),
        cargo and cargo[1],
        go and go[1].rpartition("/")[2],
        tree.root.resolve().name,
    )
    # A heading takes one line, and a table no bar.
    return next(name for one in (*said, "this project") if (name := re.sub(r"[\s|`]+", " ", str(one or "")).strip()))


def _release(tree: Tree, settings: dict[str, Any]) -> str:
    cargo = _CARGO_VERSION.search(tree.text("Cargo.toml") or "")
    said = (settings.get("project", {}).get("version"), _package(tree).get("version"), cargo and cargo[1])
    return next((found[0] for one in said if (found := _RELEASE.match(str(one or "")))), "0.0.0")


def _stack(files: Sequence[str], code: list[str], settings: dict[str, Any]) -> str:
    counts: dict[str, int] = {}
    for path in code:
        language = _LANGUAGES[PurePosixPath(path).suffix]
        counts[language] = counts.get(language, 0) + 1
    wanted = settings.get("project", {}).get("requires-python")
    names = sorted(counts, key=lambda name: (-counts[name], name))
    said = [f"Python {wanted}" if name == "Python" and isinstance(wanted, str) else name for name in names]
    if any(PurePosixPath(path).name.startswith("Dockerfile") for path in files):
        said.append("Docker")
    return ", ".join(said) or "_languages and libraries, with versions_"


def _main_file(
    tree: Tree, files: Sequence[str], code: list[str], settings: dict[str, Any], named: str | None
) -> str | None:
    if named is not None:
        path = PurePosixPath(named).as_posix()
        if path not in files:
            meant = closest(path, files)
            raise InputInvalid(
                f"there is no file {quoted(path)} in the project",
                mend=f"did you mean {meant}?" if meant else "name one as it lies below the folder",
            )
        return path
    if entry := _entry(tree, files, settings):
        return entry
    own = [path for path in code if not _ASIDE & set(PurePosixPath(path).parts[:-1])]
    own = [path for path in own if not PurePosixPath(path).name.startswith(("test_", "__init__.", "conftest."))]
    if len(own) > 1:
        shown = ", ".join(own[:_MOST_SHOWN]) + (", ..." if len(own) > _MOST_SHOWN else "")
        raise MainFileUnclear(f"the main file may be any of {shown}", mend=f"say which: --main-file {own[0]}")
    return own[0] if own else None


def _entry(tree: Tree, files: Sequence[str], settings: dict[str, Any]) -> str | None:
    """The file that a declaration names as the way in, where it names one."""
    scripts = settings.get("project", {}).get("scripts")
    targets = scripts.values() if isinstance(scripts, dict) else ()
    modules = {str(target).partition(":")[0].replace(".", "/") for target in targets}
    if len(modules) == 1:
        (module,) = modules
        for path in (f"src/{module}.py", f"{module}.py", f"src/{module}/__init__.py", f"{module}/__init__.py"):
            if path in files:
                return path
    main = _package(tree).get("main")
    if isinstance(main, str) and (path := PurePosixPath(main).as_posix()) in files:
        return path
    return None


def _pyproject(tree: Tree) -> dict[str, Any]:
    try:
        found = tomllib.loads(tree.text("pyproject.toml") or "")
    except tomllib.TOMLDecodeError:
        return {}
    return found if isinstance(found.get("project", {}), dict) else {}


def _package(tree: Tree) -> dict[str, Any]:
    try:
        found = json.loads(tree.text("package.json") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _parts(path: str, text: str) -> tuple[Anchor, ...]:
    """The classes and functions at the top of a file; each name once, since an anchor may mean one place only."""
    found: list[Anchor] = []
    for name in filter(_NAME.fullmatch, symbols(path, text)):
        spans = symbol_spans(path, text, name)
        if len(spans) == 1 and len(found) < _MOST_PARTS:
            found.append(Anchor(path, spans[0], name))
    return tuple(found)


def top_of(files: Iterable[str]) -> tuple[str, ...]:
    """What lies at the root, folders with a slash behind them; without what is hidden."""
    names = {f"{first}/" if rest else first for first, _, rest in (path.partition("/") for path in files)}
    shown = sorted(name for name in names if not name.startswith("."))
    return (*shown[:_MOST_FOLDERS], *(("...",) if len(shown) > _MOST_FOLDERS else ()))
