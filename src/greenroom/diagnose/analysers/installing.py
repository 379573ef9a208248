"""pip itself: where it may not write, what it does not find, and failures that nobody hears of."""

from __future__ import annotations

import itertools
import posixpath
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, note, replaced, warning
from greenroom.machine.facts import packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.recipe import Recipe
    from greenroom.findings import Finding


def externally_managed(recipe: Recipe) -> Iterator[Finding]:
    """pip against a Python that the system keeps to itself (PEP 668)."""
    for installed in recipe.installs:
        managed = installed.target.managed
        if installed.target.kind != "system" or managed is None or not managed.value:
            continue
        if installed.install.has("--break-system-packages", "--target", "-t", "--prefix", "--root", "--dry-run"):
            continue
        known = base(installed.stage.root) if installed.stage is not None else None
        system = f"{known.os} {known.release}" if known is not None else "this system"
        chosen = bool({"if", "case"} & set(installed.install.command.around))  # perhaps for another release alone
        told = error if managed.sure and not chosen else warning
        yield told(
            "pep668",
            installed.install.place,
            f"{system} marks its Python as externally managed, so pip refuses: error: "
            f"externally-managed-environment{managed.doubt}",
            "make an environment first: python3 -m venv /opt/env, ENV PATH=/opt/env/bin:$PATH",
        )


def misnamed(recipe: Recipe) -> Iterator[Finding]:
    """A name that is imported, or remembered, and on no index."""
    for installed in recipe.installs:
        for requirement in installed.install.requirements:
            right = packages.meant(requirement.name)
            if right is not None and not requirement.url:
                word = requirement.raw.split("=")[0].split("[")[0].strip()
                told = error if right.sure else warning
                yield told(
                    "package-misnamed",
                    requirement.place,
                    f"there is no package {requirement.name}: no matching distribution",
                    right.value,
                    replaced(recipe.folder, requirement.place, word, right.value),
                )


def overlooked(recipe: Recipe) -> Iterator[Finding]:
    """An install whose failure is taken for success."""
    for installed in recipe.installs:
        command = installed.install.command
        text = installed.text
        following = [one for one in text.commands if one.before == "||" and one.line >= command.line]
        shrug = following[0] if command.after == "||" and following else None
        place = installed.install.place
        listed = any(one.place.path != place.path for one in installed.install.requirements)
        if (
            shrug is not None
            and shrug.words[:1] in (("true",), (":",), ("echo",), ("printf",))
            and not _exits(text.commands, shrug)
        ):
            told = error if listed else warning
            yield told(
                "install-failure-ignored",
                place,
                "pip may fail and the build goes on: what is missing is found when it is imported",
                "let it fail, or say in the code which packages are optional",
            )
        elif command.after in ("|", "|&") and not text.option("", "pipefail") and _only_prints(text.commands, command):
            told = error if listed else warning
            yield told(
                "pipe-hides-failure",
                place,
                "a pipe ends as its last part does, so pip may fail unheard",
                'SHELL ["/bin/bash", "-o", "pipefail", "-c"], or no pipe',
            )


def _exits(commands: tuple[Command, ...], shrug: Command) -> bool:
    index = commands.index(shrug)
    return any(command.name in ("exit", "return", "false") for command in commands[index : index + 3])


def _only_prints(commands: tuple[Command, ...], command: Command) -> bool:
    index = commands.index(command)
    return index + 1 < len(commands) and commands[index + 1].program in ("tee", "cat", "tail", "grep", "head", "ts")


def kept_cache(recipe: Recipe) -> Iterator[Finding]:
    """pip's cache, which stays in the layer."""
    for built in recipe.images:
        for installed in built.installs:
            step = installed.text.step
            if installed.at_start or step is None or installed.install.has("--no-cache-dir") or installed.install.uv:
                continue
            if (
                installed.install.by_tool
                or step.environment.get("PIP_NO_CACHE_DIR")
                or step.instruction.flags.get("mount")
            ):
                continue
            yield note(
                "pip-cache-kept",
                installed.install.place,
                "pip's cache stays in the layer",
                "--no-cache-dir, or --mount=type=cache",
            )


def absent_files(recipe: Recipe) -> Iterator[Finding]:
    """A file of requirements that is nowhere in the folder."""
    for built in recipe.images:
        for installed in built.installs:
            words = installed.install.command.words
            for word, value in itertools.pairwise(words):
                if word not in ("-r", "--requirement") or "$" in value or "://" in value:
                    continue
                name = posixpath.basename(value)
                inside = built.files.get(posixpath.join(installed.stage.workdir if installed.stage else "/", value))
                if not recipe.folder.named(name) and inside is None:
                    if (installed.at_start and not base(built.image.final.root).is_plain) or built.files.may_hold(
                        posixpath.normpath(value)
                    ):
                        continue
                    if any(command.program == "git" for text in built.texts for command in text.commands):
                        continue
                    yield warning(
                        "requirements-missing",
                        installed.install.place,
                        f"{value} is not in this folder",
                        "add it, or copy it first",
                    )
