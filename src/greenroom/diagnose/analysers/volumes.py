"""Volumes: what they hide of the image, and what does not lie on them although it should."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, warning
from greenroom.diagnose.source import Place
from greenroom.machine.facts import runpod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding


def shadows(recipe: Recipe) -> Iterator[Finding]:
    """A mount over what the container starts with."""
    for built in recipe.images:
        for path in dict.fromkeys(_mounted(recipe, built)):
            yield from _shadowed(built, path)


def _mounted(recipe: Recipe, built: Built) -> list[str]:
    found = [mount.path for mount in recipe.endpoint.mounts] if recipe.endpoint is not None else []
    for service in recipe.services_of(built):
        volumes = service.get("volumes")
        for value in volumes.items if volumes is not None else ():
            source, _, target = value.scalar.partition(":")
            # A named volume begins as a copy of what the image has there.
            is_folder = source.startswith((".", "/", "~", "$"))
            if target and is_folder and not _brings_code(recipe, service.compose.path, source):
                found.append(target.split(":")[0].rstrip("/"))
    return [path for path in found if path and path != "/"]


def _brings_code(recipe: Recipe, compose: str, source: str) -> bool:
    """Whether a folder of the host is the recipe's own, with its files in it."""
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(compose), source))
    return (
        folder == "."
        or any(name.startswith(f"{folder}/") for name in recipe.folder.names)
        or source.startswith(("/", "~", "$"))
    )


def _shadowed(built: Built, path: str) -> Iterator[Finding]:
    start = built.start
    if start is None:
        return
    # A start that fetches or copies may put there what the volume lacks.
    fills = any(
        command.program in ("rsync", "cp", "git", "tar", "wget", "curl", "unzip")
        for text in built.texts
        if text.kind == "start"
        for command in text.commands
    )
    program = start.argv[0] if start.argv and _made_at_build(built, start.argv[0]) else ""
    first = next((one for one in (start.wanted, program) if one.startswith(path + "/")), "")
    if first:
        yield _finding(start.place, first, path, "the container starts with it: no such file or directory, in a loop")
        return
    for text in built.texts:
        if text.kind != "start" or fills:
            continue
        folder = built.image.final.workdir
        for command in text.commands:
            if command.name == "cd" and len(command.words) > 1:
                folder = posixpath.normpath(posixpath.join(folder, command.words[1]))
            if {"condition", "if"} & set(command.around):
                continue
            for word in command.plain[:3]:
                whole = posixpath.normpath(posixpath.join(folder, word))
                is_script = re.search(r"\.(py|sh)$", word) or "/bin/" in word
                if (
                    is_script
                    and whole.startswith(path + "/")
                    and (built.files.get(whole) or _made_at_build(built, whole))
                ):
                    yield _finding(
                        text.place(command.line), whole, path, "the start script calls it: no such file or directory"
                    )
                    return
    first = next((part for part in built.image.final.environment.get("PATH", "").split(":")), "")
    if first.startswith(path + "/") and _made_at_build(built, first):
        step = next(step for step in built.image.final.all_steps if step.keyword == "ENV" and first in step.value)
        yield _finding(
            Place(built.image.path, step.instruction.line), first, path, "PATH begins with it, and nothing is there"
        )
        return
    yield from _baked(built, path)


def _made_at_build(built: Built, path: str) -> bool:
    """Whether a RUN or COPY of the image put it there."""
    inside = path.rstrip("/")
    made = {word.rstrip("/") for word in built.files.opaque if len(word) > 1}
    return any(inside == word or inside.startswith(word + "/") for word in made) or any(
        held.startswith(inside + "/") for held in built.files.files
    )


def _finding(place: Place, what: str, path: str, why: str) -> Finding:
    return error(
        "volume-shadows-path",
        place,
        f"a volume is mounted over {path} and hides the image's own {what}: {why}",
        f"keep it outside of {path}, for example below /opt or /usr/local/bin",
    )


def _baked(built: Built, path: str) -> Iterator[Finding]:
    """Weights that the build puts where a volume will lie."""
    for text in built.texts:
        for command in text.commands if text.kind == "run" else ():
            target = command.option("--local-dir", "-o", "-O", "--output", "-P", "-d", "--dir") or ""
            fetches = command.program in ("wget", "curl", "hf", "huggingface-cli", "aria2c", "git")
            whole = (
                posixpath.normpath(posixpath.join(text.step.workdir if text.step else "/", target)) if target else ""
            )
            if command.program == "git" and "clone" in command.words and text.step is not None:
                last = command.words[-1]
                whole = posixpath.normpath(
                    posixpath.join(
                        text.step.workdir, last if "://" not in last else posixpath.basename(last).removesuffix(".git")
                    )
                )
            if fetches and (whole == path or whole.startswith(path + "/")):
                yield _finding(text.place(command.line), whole, path, "what the build fetched is not seen")
                return


def elsewhere(recipe: Recipe) -> Iterator[Finding]:
    """Files for the volume, under a path at which it is not mounted."""
    if recipe.endpoint is None:
        return
    usual = runpod.network_volume()
    mounts = [mount for mount in recipe.endpoint.mounts if mount.path]
    network = [mount for mount in mounts if mount.kind in ("network", "")]
    if len(network) != 1:
        return
    path = network[0].path
    other = usual.value.pod if path == usual.value.serverless else usual.value.serverless
    if path not in (usual.value.pod, usual.value.serverless):
        return
    for built in recipe.images:
        if other in built.image.final.workdir or any(held.startswith(other + "/") for held in built.files.files):
            continue
        links = any(
            command.program == "ln" and other in " ".join(command.words)
            for text in built.texts
            for command in text.commands
        )
        for place, value in _paths(built):
            if (value == other or value.startswith(other + "/")) and not links:
                told = error if usual.sure else warning
                yield told(
                    "volume-path-wrong",
                    place,
                    f"{value} is not on the volume, which is mounted at {path}: it fills the container's disk and is "
                    "lost",
                    f"{path}{value[len(other) :]}",
                )
                return


def _paths(built: Built) -> Iterator[tuple[Place, str]]:
    for step in built.image.final.all_steps:
        if step.keyword == "ENV":
            for found in re.finditer(r"=[\"']?(/[\w./-]+)", step.value):
                yield Place(built.image.path, step.instruction.line_of(found[1])), found[1]
    for text in built.texts:
        if text.kind == "start":
            for command in text.commands:
                for word in (*command.words[1:], *(value for _, value in command.assigned)):
                    aimed = re.match(r"(?:--?[\w-]+=)?(/[\w./-]+)", word)
                    if aimed is not None:
                        yield text.place(command.line), aimed[1]
