"""A file that is taken for whole because it is there."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from greenroom.diagnose.analysers.downloads import DATA, is_checked, target_of
from greenroom.diagnose.saying import error, warning
from greenroom.diagnose.variables import substituted
from greenroom.findings import Patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.recipe import Recipe
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.findings import Finding


_FETCHERS = frozenset(
    {
        *("curl", "wget", "aria2c", "gdown", "axel", "aws", "gsutil", "python", "python3", "cp", "rsync"),
        *("hf", "huggingface-cli"),
    }
)
_SMALL = re.compile(r"\.(sh|py|txt|conf|cfg|ya?ml|toml|env)\b")


def partial_files(recipe: Recipe) -> Iterator[Finding]:
    """A file that is taken for whole because it is there, and is written under that very name."""
    for text in recipe.naming(*_FETCHERS):
        if text.kind not in ("start", "script") or text.at_build:
            continue
        values = _values(text)
        for index, command in enumerate(text.commands):
            tested = _tested(command)
            if not tested:
                continue
            yield from _guarded(recipe, text, index, command, tested, values)


def _values(text: ShellText) -> dict[str, str]:
    values: dict[str, str] = {}
    for command in text.commands:
        for name, value in command.assigned:
            values[name] = substituted(value, values) if "$(" not in value else value
    return values


def _tested(command: Command) -> str:
    """The path whose existence a test looks for."""
    if command.words[:1] not in (("[",), ("[[",), ("test",)):
        return ""
    for index, word in enumerate(command.words):
        if word in ("-f", "-e", "-s", "-d", "-r") and index + 1 < len(command.words):
            return command.words[index + 1]
    return ""


def _guarded(
    recipe: Recipe, text: ShellText, index: int, test: Command, tested: str, values: dict[str, str]
) -> Iterator[Finding]:
    path, is_folder = substituted(tested, values), "-d" in test.words
    for one in _behind(text, index, test):
        if one.program not in _FETCHERS:
            continue
        into, at = substituted(_into(one), values), text.commands.index(one)
        if not _fills(one, into, path, is_folder=is_folder) or _renamed(text, at, path, values):
            continue
        if one.program in ("cp", "rsync") and (is_folder or not DATA.search(path)):
            continue
        matters = text.kind == "start" and _matters(one, path, is_folder=is_folder)
        told = error if matters and not is_checked(text, at, into) else warning
        what = "a folder" if is_folder else "a file"
        yield told(
            "partial-file-accepted",
            text.place(one.line),
            f"a start that is stopped in mid-download leaves a part under the final name, and the next one "
            f"takes {tested} for the whole, since it only looks whether there is {what}",
            "fetch into NAME.part, check its hash, then mv it",
            _in_parts(recipe, text, one, tested),
        )


def _behind(text: ShellText, index: int, test: Command) -> list[Command]:
    """The commands that run where a test finds nothing: behind ``||``, in ``if !``, or where nothing left."""
    after = text.commands[index + 1 :]
    if (stayed := _where_it_stays(test, after)) is not None:
        return list(takewhile(lambda one: one.around[: len(stayed)] == stayed, after[1:]))
    if test.after == "||":
        return [one for one in after[:3] if one.before in ("||", "&&") or one.around != test.around]
    if "condition" not in test.around or "!" not in test.words:
        return []
    depth = len(test.around) - 1
    return list(takewhile(lambda one: len(one.around) >= depth and one.around[:depth] == test.around[:depth], after))


def _where_it_stays(test: Command, after: tuple[Command, ...]) -> tuple[str, ...] | None:
    """What stands around the rest of a script that ends early where the file is there; None where it goes on."""
    if not after or after[0].words not in (("return",), ("return", "0"), ("exit",), ("exit", "0"), ("continue",)):
        return None
    if test.after == "&&":
        return test.around
    is_branch = test.around[-1:] == ("condition",) and after[0].around == test.around[:-1]
    return test.around[:-2] if is_branch and "!" not in test.words else None


def _fills(one: Command, into: str, path: str, *, is_folder: bool) -> bool:
    """Whether a command puts what it fetches where the test looks."""
    if not into:
        return False
    below = is_folder and into.rstrip("/").startswith(path.rstrip("/"))
    return into == path or (below and one.program not in ("cp", "rsync", "aws"))


def _renamed(text: ShellText, at: int, path: str, values: dict[str, str]) -> bool:
    """Whether a file gets its name once it is whole."""
    return any(
        command.program in ("mv", "rename")
        and len(command.words) > 2
        and path in substituted(" ".join(command.words), values)
        for command in text.commands[at : at + 4]
    )


def _matters(one: Command, path: str, *, is_folder: bool) -> bool:
    """Whether what is fetched is large enough to be cut short: no script, no setting."""
    if is_folder or DATA.search(path) or "sft" in path:
        return True
    return one.program in ("wget", "curl", "aria2c") and not _SMALL.search(path)


def _into(command: Command) -> str:
    if command.program in ("hf", "huggingface-cli"):
        return command.option("--local-dir") or ""
    if command.program in ("cp", "rsync", "gsutil", "aws"):
        return command.words[-1] if len(command.words) > 2 else ""
    if command.program == "aria2c":
        folder, name = command.option("-d", "--dir") or "", command.option("-o", "--out") or ""
        return f"{folder.rstrip('/')}/{name}" if folder and name else name
    if command.program == "wget" and (prefix := command.option("-P", "--directory-prefix")):
        name = next((word.rsplit("/", 1)[-1] for word in command.words if "://" in word), "")
        return f"{prefix.rstrip('/')}/{name}"
    if command.program in ("python", "python3"):
        return ""
    return target_of(command)


def _in_parts(recipe: Recipe, text: ShellText, command: Command, tested: str) -> Patch | None:
    place = text.place(command.line)
    source = recipe.folder.read(place.path)
    line = source.line(place.line) if source is not None else ""
    raw = next((word for word in command.raw if word.strip("\"'") == tested), "")
    if command.program not in ("wget", "curl") or not raw or raw not in line or command.last != command.line:
        return None
    quoted = raw.endswith('"')
    part = f'{raw[:-1]}.part"' if quoted else f"{raw}.part"
    head, found, tail = line.rpartition(raw)
    moved = f"{head}{part}{tail}".rstrip()
    if command.before == "||":
        start = line.index("||") + 2
        moved = f"{moved[:start]} {{ {moved[start:].strip()} && mv {part} {raw}; }}"
    else:
        moved = f"{moved} && mv {part} {raw}"
    return Patch(place.path, place.line, (line,), (moved,)) if found else None
