"""What the user of a container may do, and whether there is one."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, note
from greenroom.diagnose.source import Place
from greenroom.diagnose.variables import has_variable, substituted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.image import Stage
    from greenroom.diagnose.recipe import Recipe
    from greenroom.findings import Finding

_SYSTEM = {
    "root",
    "daemon",
    "bin",
    "sys",
    "games",
    "man",
    "mail",
    "news",
    "www-data",
    "nobody",
    "backup",
    "list",
    "_apt",
    "ubuntu",
}


def known(recipe: Recipe) -> Iterator[Finding]:
    """USER names somebody whom nobody made."""
    for built in recipe.images:
        for stage in built.image.used():
            if not base(stage.root).is_plain:
                continue
            made: set[str] = set()
            for step in stage.all_steps:
                for command in step.commands:
                    if command.program in (
                        "useradd",
                        "adduser",
                        "usermod",
                        "addgroup",
                        "groupadd",
                    ) or "/etc/passwd" in " ".join((*command.words, *(one.target for one in command.redirects))):
                        made |= set(re.findall(r"[\w.-]+", " ".join(command.words)))
                if step.keyword == "COPY" and "passwd" in step.value:
                    made.add("*")
                name = step.value.split(":")[0].strip()
                named = step.keyword == "USER" and step in stage.steps and not has_variable(name) and "*" not in made
                if named and name and not name.isdigit() and name not in _SYSTEM | made:
                    place = Place(built.image.path, step.instruction.line)
                    yield error(
                        "user-unknown",
                        place,
                        f"nobody makes the user {name}: no matching entries in passwd file",
                        f"RUN useradd -m {name} before it",
                    )


def _is_root(user: str) -> bool:
    return user.split(":", maxsplit=1)[0].strip() in ("", "0", "root")


def installs(recipe: Recipe) -> Iterator[Finding]:
    """Work of root after USER has given it up."""
    for built in recipe.images:
        for stage in built.image.used():
            for step in stage.steps:
                if step.keyword != "RUN" or _is_root(step.user) or has_variable(step.user):
                    continue
                for command in step.commands:
                    if (
                        command.program in ("apt-get", "apt", "apk", "dnf", "yum", "useradd", "adduser")
                        and "sudo" not in command.words[:1]
                    ):
                        place = Place(built.image.path, command.line)
                        yield error(
                            "user-may-not",
                            place,
                            f"{command.program} needs root, and the user here is {step.user}: permission denied",
                            "do it above USER",
                        )


def writes(recipe: Recipe) -> Iterator[Finding]:
    """Folders that the user of the container makes or fills at the start and may not."""
    for built in recipe.images:
        stage = built.image.final
        if _is_root(stage.user) or has_variable(stage.user) or not base(stage.root).is_plain or built.start is None:
            continue
        mounts = [mount.path for mount in recipe.endpoint.mounts] if recipe.endpoint else []
        open_to = _given(stage)
        for text in built.texts:
            if text.kind != "start":
                continue
            values, folder = dict(stage.environment), stage.workdir
            for command in text.commands:
                if command.words[:1] == ("sudo",):
                    return  # whoever may become root may write everywhere
                if command.name == "cd":
                    folder = posixpath.join(folder, substituted("".join(command.words[1:2]) or "$HOME", values))
                values |= {
                    name: substituted(value, values) for name, value in command.assigned if not has_variable(value)
                }
                for target in _made(tuple(substituted(word, values) for word in command.words)):
                    path = posixpath.normpath(posixpath.join(folder, target))
                    if has_variable(path) or not path.startswith("/") or _is_open(path, open_to, mounts, stage):
                        continue
                    yield error(
                        "user-may-not",
                        text.place(command.line),
                        f"{stage.user} may not write {path}: its folder belongs to root, and nothing gives it away",
                        f"RUN mkdir -p {posixpath.dirname(path)} && chown {stage.user.split(':')[0]} "
                        f"{posixpath.dirname(path)}, above USER",
                    )
                    return


def _made(words: tuple[str, ...]) -> Iterator[str]:
    name = words[0].rsplit("/", 1)[-1] if words else ""
    if name == "mkdir":
        yield from (word for word in words[1:] if not word.startswith("-"))
    if name in ("curl", "wget"):
        for index, word in enumerate(words[:-1]):
            if word in ("-o", "-O", "--output", "-P") and not words[index + 1].startswith("-"):
                yield words[index + 1]
    if "--local-dir" in words[:-1]:
        yield words[words.index("--local-dir") + 1]


def _given(stage: Stage) -> list[str]:
    """Folders that are given to somebody: by chown, chmod, COPY --chown, WORKDIR after USER, or as a home."""
    found = ["/tmp", "/var/tmp", "/home", "/dev/shm", "/run/user"]  # noqa: S108 - where everybody may write
    for step in stage.all_steps:
        for command in step.commands:
            if command.program in ("chown", "chmod", "install"):
                found += [
                    posixpath.normpath(posixpath.join(step.workdir, word))
                    for word in command.words[2:]
                    if not word.startswith("-")
                ]
            if command.program in ("useradd", "adduser"):
                home = command.option("-d", "--home", "--home-dir")
                found += [home] if home else []
            if not _is_root(step.user) and command.program in ("mkdir", "git", "python", "python3"):
                found += [
                    posixpath.normpath(posixpath.join(step.workdir, word))
                    for word in command.words[1:]
                    if not word.startswith("-")
                ]
        if step.keyword == "COPY" and "chown" in step.instruction.flags:
            found.append(posixpath.normpath(posixpath.join(step.workdir, step.value.split()[-1])))
        if step.keyword == "VOLUME":
            found += re.findall(r"/[\w./-]+", step.value)
    return found


def _is_open(path: str, given: list[str], mounts: list[str], stage: Stage) -> bool:
    home = stage.environment.get("HOME", "")
    every = [*given, *mounts, "/workspace", "/runpod-volume", *([home] if home else [])]
    return any(path == one or path.startswith(one.rstrip("/") + "/") for one in every if one and one != "/")


def as_root(recipe: Recipe) -> Iterator[Finding]:
    """A container that runs as root."""
    for built in recipe.images:
        if _is_root(built.image.final.user) and built.start is not None and base(built.image.final.root).is_plain:
            place = Place(built.image.path, built.image.final.instruction.line)
            yield note("runs-as-root", place, "the container runs as root", "useradd -m app, and USER app at the end")
