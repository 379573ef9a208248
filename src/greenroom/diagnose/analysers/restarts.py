"""Starts that work once: the second one finds what the first one left."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.variables import substituted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.recipe import Recipe
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.findings import Finding, Patch

_KEPT = ("/workspace", "/runpod-volume", "/data", "/mnt", "/storage", "/models", "/volume")


def second_start(recipe: Recipe) -> Iterator[Finding]:
    """``git clone``, ``mkdir``, ``ln -s`` and ``useradd`` without a look at what is there."""
    mounts = tuple(mount.path for mount in recipe.endpoint.mounts if mount.path) if recipe.endpoint else ()
    for text in recipe.naming("clone", "mkdir", "ln ", "useradd", "groupadd"):
        if text.kind == "start" or (text.kind == "script" and _is_start(text) and not text.at_build):
            yield from _script(recipe, text, (*_KEPT, *mounts))


def _is_start(text: ShellText) -> bool:
    return bool(re.search(r"(start|entrypoint|run|boot|init|launch|install|setup)", posixpath.basename(text.path)))


def _script(recipe: Recipe, text: ShellText, kept: tuple[str, ...]) -> Iterator[Finding]:
    folder = text.stage.workdir if text.stage is not None else "/"
    values = dict(text.stage.environment) if text.stage is not None else {}
    strict = text.option("e", "errexit")
    cleared: set[str] = set()
    for command in text.commands:
        values |= {name: substituted(value, values) for name, value in command.assigned if "$(" not in value}
        words = tuple(substituted(word, values) for word in command.words)
        if command.name == "cd" and len(words) > 1:
            folder = posixpath.normpath(posixpath.join(folder, words[1]))
        if command.program == "rm":
            cleared |= {posixpath.normpath(posixpath.join(folder, word)) for word in words[1:]}
        if _is_guarded(command):
            continue
        target = _made(command, words)
        if target is None:
            continue
        whole = posixpath.normpath(posixpath.join(folder, target)) if target else folder
        stays = whole.startswith(kept)
        if (
            any(whole == one or whole.startswith(one.rstrip("/") + "/") for one in cleared)
            or "$(" in target
            or "mktemp" in target
        ):
            continue
        stops = strict or command.after == "&&"
        # Of a script that nothing is seen to start, nobody can say that it runs twice.
        told = error if text.kind == "start" and stops and (stays or command.program == "git") else warning
        place = text.place(command.line)
        name = " ".join(command.plain[:2])
        yield told(
            "not-idempotent",
            place,
            f"{name} fails when the container starts again, since {whole or target} is already there",
            _mend(command, target),
            _patch(recipe, text, command, target),
        )


def _is_guarded(command: Command) -> bool:
    return (
        command.after == "||"
        or command.before == "||"
        or bool({"if", "function", "loop", "case", "subshell"} & set(command.around))
        or (command.before == "&&" and command.around != ())
        or "negated" in command.around
    )


def _made(command: Command, words: tuple[str, ...]) -> str | None:
    """What a command makes and cannot make twice; None for commands that can be repeated."""
    plain = words[len(words) - len(command.plain) :]
    arguments = [word for word in plain[1:] if not word.startswith("-")]

    def has(option: str) -> bool:
        return any(re.match(option, word) for word in plain[1:])

    match command.program:
        case "git" if "clone" in plain:
            return _cloned(plain[plain.index("clone") + 1 :])
        case "mkdir" if arguments and not has(r"-[a-z]*p|--parents"):
            return arguments[-1]
        case "ln" if len(arguments) > 1 and has(r"-[a-z]*s") and not has(r"-[a-z]*f|--force"):
            return arguments[-1]
        case "useradd" | "groupadd" if arguments:
            return arguments[-1]
    return None


def _cloned(behind: tuple[str, ...]) -> str | None:
    """The folder that ``git clone`` makes."""
    rest, skip = [], False
    for word in behind:
        if not skip and not word.startswith("-"):
            rest.append(word)
        skip = word in ("--depth", "-b", "--branch", "--filter", "-c", "--config", "-j", "--jobs", "-o", "--origin")
    if not rest:
        return None
    return rest[1] if len(rest) > 1 else posixpath.basename(rest[0].rstrip("/")).removesuffix(".git")


def _mend(command: Command, target: str) -> str:
    if command.program == "git":
        return f"[ -d {target}/.git ] || git clone ..., then fetch and check out the pinned commit"
    return {"mkdir": "mkdir -p", "ln": "ln -sfn"}.get(
        command.program, f"id -u {target} >/dev/null 2>&1 || {command.program} ..."
    )


def _patch(recipe: Recipe, text: ShellText, command: Command, target: str) -> Patch | None:
    place = text.place(command.line)
    if command.program == "mkdir":
        return replaced(recipe.folder, place, "mkdir ", "mkdir -p ", safe=True)
    if command.program == "ln":
        return replaced(recipe.folder, place, "ln -s ", "ln -sfn ", safe=True)
    if command.program == "git" and command.before == "" and command.after == "":
        return replaced(recipe.folder, place, "git clone", f"[ -d {target}/.git ] || git clone")
    return None
