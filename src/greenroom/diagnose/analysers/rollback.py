"""Rollback scripts that remove the new before they know the old is there, or that restore nothing."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error
from greenroom.diagnose.variables import substituted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.recipe import Recipe
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.findings import Finding

_OLD = re.compile(r"(?i)(prev|old|last|backup|known|good|stable|rollback|before)")
# Options of docker run with a value behind them.
_VALUED = frozenset(
    [
        "--name",
        "-p",
        "-v",
        "-e",
        "--gpus",
        "--network",
        "--restart",
        "--env",
        "--volume",
        "--publish",
        "--memory",
        "-m",
        "--cpus",
        "--shm-size",
        "--env-file",
        "-w",
        "--workdir",
        "--user",
        "-u",
        "--entrypoint",
        "--mount",
        "--label",
        "-l",
        "--hostname",
        "-h",
        "--ipc",
        "--runtime",
        "--platform",
        "--pull",
        "--ulimit",
        "--health-cmd",
        "--log-driver",
        "--log-opt",
    ]
)
_ENGINES = ("docker", "podman", "nerdctl")
_LOOKS = {"pull", "inspect", "images", "manifest"}


def scripts(recipe: Recipe) -> Iterator[Finding]:
    """Scripts whose name says that they roll back."""
    for text in recipe.naming(*_ENGINES):
        if text.kind in ("script", "start") and re.search(
            r"(?i)(roll-?_?back|revert|restore)", posixpath.basename(text.path)
        ):
            yield from _removes_first(text)
            yield from _restores_nothing(text)


def _docker(command: Command) -> tuple[str, ...]:
    """The words behind ``docker``, with ``image`` and ``container`` left out."""
    words = command.plain
    if not words or command.program not in _ENGINES:
        return ()
    rest = [word for word in words[1:] if word != "container"]
    if rest[:1] == ["image"]:
        rest = rest[1:]
    return tuple(rest)


def _removes_first(text: ShellText) -> Iterator[Finding]:
    """Each command that takes the running container away before anybody looked for the old image."""
    starts = any(_docker(one)[:1] in (("run",), ("start",), ("tag",), ("create",)) for one in text.commands)
    for command in text.commands if starts else ():
        words = _docker(command)
        if words and (words[0] in _LOOKS or words[0] in ("run", "tag", "start", "create")):
            return
        if words and words[0] in ("stop", "rm", "kill", "rmi"):
            yield error(
                "rollback-removes-first",
                text.place(command.line),
                f"docker {words[0]} takes the running container away before anybody knows that the image to go back to "
                "is there",
                "docker image inspect the old image first, start it beside the running one, then switch",
            )


def _restores_nothing(text: ShellText) -> Iterator[Finding]:
    values: dict[str, str] = {}
    olds: set[str] = set()
    tagged: dict[str, str] = {}
    for command in text.commands:
        for name, value in command.assigned:
            values[name] = substituted(value, values)
            if _OLD.search(name):
                olds.add(values[name])
        words = tuple(substituted(word, values) for word in _docker(command))
        if words[:1] == ("tag",) and len(words) > 2:
            tagged[words[2]] = words[1]
            raw = _docker(command)
            if _is_old(words[2], raw[2], olds) and not _is_old(words[1], raw[1], olds):
                yield error(
                    "rollback-restores-nothing",
                    text.place(command.line),
                    f"docker tag {words[1]} {words[2]} overwrites the old image with the new one",
                    f"docker tag {words[2]} {words[1]}",
                )
                return
        if words[:1] == ("run",) and olds:
            image = _image(words)
            raw_image = _image(_docker(command))
            restored = _is_old(image, raw_image, olds) or any(_is_old(tagged.get(image, ""), "", olds) for _ in (0,))
            if image and not restored and not any(_is_old(source, "", olds) for source in tagged.values()):
                yield error(
                    "rollback-restores-nothing",
                    text.place(command.line),
                    f"{image} is started again, and not the old image that the script names",
                    "run the old image",
                )
                return


def _is_old(value: str, raw: str, olds: set[str]) -> bool:
    return (
        value in olds or bool(_OLD.search(raw)) or bool(_OLD.search(value.rpartition(":")[2] if ":" in value else ""))
    )


def _image(words: tuple[str, ...]) -> str:
    """The image of ``docker run``: the first word that is neither an option nor the value of one."""
    skip = False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in _VALUED:
            skip = True
        elif not word.startswith("-"):
            return word
    return ""
