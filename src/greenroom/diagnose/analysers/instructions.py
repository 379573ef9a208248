"""Instructions of a Dockerfile that say something else than was meant."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place
from greenroom.diagnose.variables import arguments, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.dockerfile import Instruction
    from greenroom.diagnose.image import Stage
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding

# Set by BuildKit itself, or by the proxy of whoever builds.
_PREDEFINED = {
    "TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT", "BUILDPLATFORM", "BUILDOS", "BUILDARCH",
    "BUILDVARIANT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "FTP_PROXY", "ALL_PROXY",
}  # fmt: skip


def comments(recipe: Recipe) -> Iterator[Finding]:
    """A comment behind an instruction, which is part of it."""
    for built in recipe.images:
        for one in built.image.dockerfile.instructions:
            if one.keyword in ("RUN", "LABEL", "HEALTHCHECK", "SHELL", "MAINTAINER", "ONBUILD"):
                continue
            bare = re.sub(r"\"(?:\\.|[^\"\\])*\"|'[^']*'", lambda found: "_" * len(found[0]), one.value)
            found = re.search(r"\s#\s*\S", bare)
            if found is None or (one.keyword in ("CMD", "ENTRYPOINT") and not one.value.startswith("[")):
                continue
            place = Place(built.image.path, one.line)
            comment = one.value[found.start() :]
            told = warning if one.keyword == "ARG" else error  # ARG takes each word for one more name
            yield told(
                "comment-in-instruction",
                place,
                f"a comment stands on a line of its own: here {comment.strip()!r:.40} is part of {one.keyword}",
                "put it above",
                replaced(recipe.folder, place, comment, "", safe=True),
            )


def environment(recipe: Recipe) -> Iterator[Finding]:
    """ENV and ARG whose value is not what it looks like."""
    for built in recipe.images:
        for one in built.image.dockerfile.instructions:
            if one.keyword not in ("ENV", "ARG", "WORKDIR"):
                continue
            place = Place(built.image.path, one.line)
            spaced = re.match(r"([A-Za-z_]\w*)\s+=\s*(\S+)", one.value)
            if spaced and one.keyword == "ENV":
                right = f"{spaced[1]}={spaced[2]}"
                yield error(
                    "env-with-spaces",
                    place,
                    f"{spaced[1]} is set to {'= ' + spaced[2]!r:.40}, since there are spaces around =",
                    right,
                    replaced(recipe.folder, place, spaced[0], right, safe=True),
                )
            if re.search(r"\$\([^)]*\)|`[^`]+`", one.value) and "'" not in one.value:
                told = error if one.keyword == "ENV" else warning  # an argument is mostly given another value
                yield told(
                    "env-runs-nothing",
                    place,
                    f"{one.keyword} runs no command: the text itself is the value",
                    "RUN, or a build argument",
                )
        for stage in built.image.used():
            yield from _path(built, stage)


def _path(built: Built, stage: Stage) -> Iterator[Finding]:
    for step in stage.steps:
        if step.keyword != "ENV":
            continue
        for name, value in pairs(step.instruction.value):
            if name == "PATH" and "$PATH" not in value and "${PATH" not in value and "/usr/bin" not in value:
                place = Place(built.image.path, step.instruction.line_of("PATH"))
                yield error(
                    "path-overwritten",
                    place,
                    f"PATH is {value!r:.60} alone: no program of the system is found any more",
                    f"PATH={value}:$PATH",
                )


def scope(recipe: Recipe) -> Iterator[Finding]:
    """Arguments outside of the scope in which they are set."""
    for built in recipe.images:
        given = built.image.globals
        declared: set[str] = set()
        for one in built.image.dockerfile.instructions:
            if one.keyword == "FROM":
                yield from _from(built, one, declared)
                break
            declared |= {name for name, _ in arguments(one.value)}
        for stage in built.image.used():
            mine = {
                name
                for step in stage.all_steps
                if step.keyword in ("ARG", "ENV")
                for name, _ in (arguments if step.keyword == "ARG" else pairs)(step.instruction.value)
            }
            for step in stage.steps:
                if step.keyword not in ("RUN", "COPY", "ENV", "WORKDIR"):
                    continue
                assigned = {name for command in step.commands for name, _ in command.assigned}
                for name in dict.fromkeys(re.findall(r"\$\{?([A-Za-z_]\w*)(?!\w|:?[-+])", step.instruction.value)):
                    if name in given and name not in mine | assigned | _PREDEFINED:
                        place = Place(built.image.path, step.instruction.line_of(name))
                        yield error(
                            "arg-out-of-scope",
                            place,
                            f"{name} is set before FROM and is empty in this stage",
                            f"ARG {name} behind FROM",
                        )


def _from(built: Built, one: Instruction, declared: set[str]) -> Iterator[Finding]:
    for name in re.findall(r"\$\{?([A-Za-z_]\w*)\}?(?!\w|:)", one.value):
        if name not in declared | _PREDEFINED and not re.search(rf"\$\{{{name}:", one.value):
            place = Place(built.image.path, one.line)
            yield error(
                "arg-out-of-scope",
                place,
                f"{name} is in no ARG before this FROM, so the image's name has a hole",
                f"ARG {name}=... above FROM",
            )


def forms(recipe: Recipe) -> Iterator[Finding]:
    """Values that BuildKit refuses."""
    for built in recipe.images:
        for one in built.image.dockerfile.instructions:
            place = Place(built.image.path, one.line)
            if one.keyword == "HEALTHCHECK":
                for name in ("interval", "timeout", "start-period"):
                    value = one.flags.get(name, "")
                    if re.fullmatch(r"\d+", value):
                        at = Place(built.image.path, one.line)
                        yield error(
                            "duration-without-unit",
                            at,
                            f"--{name}={value} has no unit: time: missing unit in duration",
                            f"--{name}={value}s",
                            replaced(recipe.folder, at, f"--{name}={value}", f"--{name}={value}s", safe=True),
                        )
            elif one.keyword == "EXPOSE" and (found := re.search(r"\b(\d+):(\d+)\b", one.value)):
                yield error(
                    "expose-form",
                    place,
                    f"EXPOSE names ports of the container, and not {found[0]}: invalid containerPort",
                    f"EXPOSE {found[2]}",
                    replaced(recipe.folder, place, found[0], found[2], safe=True),
                )
            elif one.keyword in ("COPY", "ADD") and (
                word := next(
                    (word for word in one.value.split() if word in ("||", "&&", "2>/dev/null", ";", "|")), None
                )
            ):
                yield error(
                    "copy-is-no-shell",
                    place,
                    f"{one.keyword} knows no shell: {word!r} is the name of a file to it",
                    "copy a pattern that may match nothing, or use RUN",
                )


def starts(recipe: Recipe) -> Iterator[Finding]:
    """ENTRYPOINT and CMD that name the program twice; a platform that no GPU host has."""
    for built in recipe.images:
        entry, command = built.image.final.last("ENTRYPOINT"), built.image.final.last("CMD")
        if entry is not None and command is not None and entry.instruction.words and command.instruction.words:
            first, again = entry.instruction.words[-1], command.instruction.words[0]
            names = (posixpath.basename(first), posixpath.basename(again))
            if names[0] == names[1] and re.fullmatch(r"python3?|uvicorn|gunicorn|node|bash|sh", names[0]):
                place = Place(built.image.path, command.instruction.line)
                yield error(
                    "entrypoint-repeated",
                    place,
                    f"CMD is given to ENTRYPOINT as arguments: {first} {' '.join(command.instruction.words)} is run",
                    f"CMD without {again}",
                )
        for stage in built.image.final.lineage[:1]:
            platform = stage.instruction.flags.get("platform", "")
            if platform.startswith("linux/") and "amd64" not in platform and "$" not in platform:
                place = Place(built.image.path, stage.instruction.line)
                yield warning(
                    "platform-mismatch",
                    place,
                    f"the image is for {platform}, and rented GPUs mostly stand in amd64 hosts: exec format error",
                    "--platform=linux/amd64",
                    replaced(recipe.folder, place, platform, "linux/amd64"),
                )


def volumes(recipe: Recipe) -> Iterator[Finding]:
    """RUN that writes where a VOLUME was declared above it."""
    for built in recipe.images:
        for stage in built.image.used():
            declared: list[str] = []
            for step in stage.steps:
                if step.keyword == "VOLUME":
                    declared += step.instruction.words or re.findall(r"\S+", step.value)
                for command in step.commands:
                    hit = next(
                        (
                            path
                            for path in declared
                            for word in command.words[1:]
                            if word.startswith(path.rstrip("/") + "/")
                        ),
                        None,
                    )
                    if hit is not None and command.program not in ("ls", "rm", "chown", "chmod", "mkdir"):
                        place = Place(built.image.path, command.line)
                        yield warning(
                            "written-into-volume",
                            place,
                            f"{hit} is a VOLUME from above on: older builders throw away what is written there",
                            "declare it last",
                        )
                        break


def stage_bases(recipe: Recipe) -> Iterator[Finding]:
    """Tags of python that its makers never gave."""
    known = r"(slim|alpine[\d.]*|bookworm|bullseye|buster|trixie|forky|stretch|jessie|rc|(windows|nano)server[\w-]*)"
    for built in recipe.images:
        for stage in built.image.stages:
            if stage.parent is not None:
                continue
            image = base(stage.base)
            if image.repository == "python" and image.tag and "$" not in image.tag:
                parts = image.tag.split("-")
                wrong = next((part for part in parts[1:] if not re.fullmatch(known, part)), None)
                if re.match(r"\d", parts[0]) and wrong is not None and not re.fullmatch(r"\d[\w.]*", wrong):
                    place = Place(built.image.path, stage.instruction.line)
                    yield error(
                        "base-tag-nonexistent",
                        place,
                        f"there is no python:{image.tag}: {wrong!r} is none of its variants",
                        f"python:{parts[0]}-slim",
                        replaced(recipe.folder, place, image.tag, f"{parts[0]}-slim"),
                    )
