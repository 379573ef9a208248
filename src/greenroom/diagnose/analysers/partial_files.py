"""A file that is taken for whole because it is there."""

from __future__ import annotations

import re
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


def partial_files(recipe: Recipe) -> Iterator[Finding]:
    """A file that is taken for whole because it is there, and is written under that very name."""
    for text in recipe.texts:
        if text.kind not in ("start", "script"):
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
    path = substituted(tested, values)
    is_folder = "-d" in test.words
    downloads: list[Command] = []
    if test.after == "||":
        downloads = [
            one
            for one in text.commands[index + 1 : index + 4]
            if one.before in ("||", "&&") or one.around != test.around
        ]
    elif "condition" in test.around and "!" in test.words:
        depth = len(test.around) - 1
        downloads = []
        for one in text.commands[index + 1 :]:
            if len(one.around) < depth or one.around[:depth] != test.around[:depth]:
                break
            downloads.append(one)
    for one in downloads:
        if one.program in (
            "curl",
            "wget",
            "aria2c",
            "gdown",
            "axel",
            "aws",
            "gsutil",
            "python",
            "python3",
            "cp",
            "rsync",
            "hf",
            "huggingface-cli",
        ):
            into = substituted(_into(one), values)
            same = into == path or (
                is_folder
                and into.rstrip("/").startswith(path.rstrip("/"))
                and one.program not in ("cp", "rsync", "aws")
            )
            if not into or not same:
                continue
            at = text.commands.index(one)
            if any(
                command.program in ("mv", "rename") and len(command.words) > 2
                for command in text.commands[at : at + 4]
                if path in substituted(" ".join(command.words), values)
            ):
                continue
            place = text.place(one.line)
            checked = is_checked(text, at, into)
            matters = (
                is_folder
                or bool(DATA.search(path) or "sft" in path)
                or (
                    one.program in ("wget", "curl", "aria2c")
                    and not re.search(r"\.(sh|py|txt|conf|cfg|ya?ml|toml|env)\b", path)
                )
            )
            if one.program in ("cp", "rsync") and (is_folder or not DATA.search(path)):
                continue
            told = error if matters and not checked else warning
            what = "a folder" if is_folder else "a file"
            yield told(
                "partial-file-accepted",
                place,
                f"a start that is stopped in mid-download leaves a part under the final name, and the next one "
                f"takes {tested} for the whole, since it only looks whether there is {what}",
                "fetch into NAME.part, check its hash, then mv it",
                _in_parts(recipe, text, one, tested),
            )


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
