"""COPY from other stages: names, paths, and what does not survive the move."""

from __future__ import annotations

import difflib
import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, replaced
from greenroom.diagnose.source import Place
from greenroom.diagnose.variables import has_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.image import Stage, Step
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding


_MAKERS = frozenset(
    "uv poetry pdm npm yarn pnpm cargo make cmake go bash sh ninja node bun".split()  # noqa: SIM905 - a column of words says less
)

# They bring Pythons of their own, which an environment may be made with.
_PYTHON_BRINGERS = frozenset(["uv", "conda", "mamba", "micromamba", "pyenv", "make"])
# What they do in an image puts no Python below /usr/local.
_SYSTEM_PROGRAMS = frozenset(
    ["apt-get", "apt", "rm", "mkdir", "chmod", "chown", "useradd", "adduser", "groupadd", "echo", "set", "true"]
)


def stages(recipe: Recipe) -> Iterator[Finding]:
    """COPY --from a stage that is none, or of a path that it does not have; several sources and no folder."""
    for built in recipe.images:
        image = built.image
        for stage in image.stages:
            for step in stage.steps:
                if step.keyword not in ("COPY", "ADD"):
                    continue
                words = list(step.instruction.words or step.value.split())
                place = Place(image.path, step.instruction.line)
                several = len(words) > 2 and not any(word.startswith("<<") for word in words)
                if several and not words[-1].endswith(("/", "/.")) and words[-1] not in (".", ".."):
                    yield error(
                        "copy-needs-folder",
                        place,
                        f"several files are copied to {words[-1]}, which must end with /",
                        f"write {words[-1]}/",
                        replaced(recipe.folder, place, f" {words[-1]}", f" {words[-1]}/", safe=True),
                    )
                origin = step.instruction.flags.get("from", "")
                if origin and not has_variable(origin):
                    yield from _origin(recipe, built, stage, step, origin, words)


def _origin(recipe: Recipe, built: Built, stage: Stage, step: Step, origin: str, words: list[str]) -> Iterator[Finding]:
    image = built.image
    place = Place(image.path, step.instruction.line)
    other = image.stage(origin)
    names = [one.name for one in image.stages if one.name]
    if other is None or other.index >= stage.index:
        if "/" in origin or ":" in origin or "." in origin:
            return
        near = next(
            iter(difflib.get_close_matches(origin.lower(), [name.lower() for name in names], n=1, cutoff=0.5)), None
        )
        if _is_given(recipe, origin):
            return
        if origin.isdigit() or near or other is not None:
            mend = f"--from={near}" if near else f"name a stage above: {', '.join(names)}"
            yield error(
                "copy-from-unknown",
                place,
                f"there is no stage {origin!r} above this one, so an image of that name is looked for",
                mend,
                replaced(recipe.folder, place, f"--from={origin}", f"--from={near}") if near else None,
            )
        return
    yield from _moved(built, stage, step, other, words)
    known = base(other.root)
    made = built.held[other.index]
    if any(
        _makes_anything(command) or made.searched(command.program) is not None
        for one in other.all_steps
        for command in one.commands
    ):
        return
    for source in words[:-1]:
        path = posixpath.normpath(source)
        if has_variable(source) or re.search(r"[*?\[]", source) or not known.is_plain:
            continue
        if path.startswith(("/usr", "/bin", "/lib", "/etc", "/root/.cache", "/var", "/sbin", "/opt/conda")) or path in (
            "/",
            ".",
        ):
            continue
        inside = any(one == path or one.startswith(path.rstrip("/") + "/") for one in (*made.files, *made.opaque))
        folders = {one.workdir for one in other.all_steps} | {other.workdir}
        touched = any(
            path in word or word.rstrip("/").startswith(path + "/")
            for one in other.all_steps
            for word in _words_of(one)
        )
        if not inside and not touched and path not in folders and not made.may_hold(path):
            yield error(
                "copy-from-missing",
                place,
                f"nothing in the stage {origin} makes {path}: COPY fails",
                "copy the path that it makes",
            )


def _is_given(recipe: Recipe, name: str) -> bool:
    """Whether whoever builds gives a context of this name: ``--build-context``, ``build-contexts``."""
    said = [document.source.text for document in (*recipe.workflows, *recipe.composes)]
    loose = [text for text in recipe.loose if text.script.names(f"{name}=", f"{name}:")]
    said += [word for text in loose for command in text.commands for word in command.words]
    return any(f"{name}=" in text or f"{name}:" in text for text in said)


def _makes_anything(command: Command) -> bool:
    """Whether a command may leave files that its words do not name."""
    if command.program.startswith("python"):
        return len(command.plain) > 1 and command.plain[1].endswith(".py")
    return command.program in _MAKERS


def _words_of(step: Step) -> list[str]:
    return [word for command in step.commands for word in command.words] + step.value.split()


def _moved(built: Built, stage: Stage, step: Step, other: Stage, words: list[str]) -> Iterator[Finding]:
    """Packages of one Python that another one will not look for, and environments that were made for another path."""
    place = Place(built.image.path, step.instruction.line)
    from_python, to_python = base(other.root).python, base(stage.root).python
    for source in words[:-1]:
        named = re.search(r"/python(3\.\d+)/(site|dist)-packages", source)
        if named and to_python is not None and to_python.sure and named[1] != to_python.value:
            yield error(
                "stage-python-mismatch",
                place,
                f"packages of Python {named[1]} are copied into an image with Python {to_python.value}",
                f"build and run on the same image: python:{to_python.value}",
            )
        environments = [
            posixpath.normpath(posixpath.join(one.workdir, command.words[-1]))
            for one in other.all_steps
            for command in one.commands
            if command.plain[1:3] == ("-m", "venv")
            or command.plain[:2] == ("uv", "venv")
            or command.program == "virtualenv"
        ]
        path = posixpath.normpath(source)
        if path not in environments:
            continue
        if from_python is not None and to_python is not None and from_python.value != to_python.value:
            yield error(
                "stage-python-mismatch",
                place,
                f"an environment of Python {from_python.value} is copied into an image with Python {to_python.value}",
                "build and run on the same Python",
            )
        target = posixpath.normpath(posixpath.join(step.workdir, words[-1]))
        if _lacks_interpreter(other, stage) and _is_used(stage, target):
            yield error(
                "stage-python-mismatch",
                place,
                f"the interpreter of the environment is a link to /usr/local/bin/python of {other.root}, and "
                f"{stage.root} has nothing there",
                f"go on from {other.root}, or make the environment with the Python of {stage.root}",
            )
        scripts = [
            word
            for one in stage.all_steps
            for word in _words_of(one)
            if word.strip('[]",').startswith(target + "/bin/")
        ]
        used = [word for word in scripts if not re.search(r"/python3?(\.\d+)?$", word.strip('[]",'))]
        if target != path and used:
            script = used[0].strip('[]",')
            yield error(
                "venv-moved",
                place,
                f"the environment was made at {path}: its scripts, such as {script}, begin with "
                f"#!{path}/bin/python, which is not there",
                f"copy it to {path}",
            )


def _lacks_interpreter(made_in: Stage, stage: Stage) -> bool:
    """Whether an environment's Python is that of a ``python`` image, and a plain system surely has none there."""
    origin, known = base(made_in.root), base(stage.root)
    if origin.repository != "python" or known.own_python or known.os not in ("ubuntu", "debian") or not known.is_plain:
        return False
    own_python = any(command.program in _PYTHON_BRINGERS for one in made_in.all_steps for command in one.commands)
    brought = any(
        command.program not in _SYSTEM_PROGRAMS for one in stage.all_steps for command in one.commands if command.words
    )
    copies = [one for one in stage.all_steps if one.keyword in ("COPY", "ADD")]
    targets = [words[-1] for one in copies if (words := one.instruction.words or one.value.split())]
    copied = any(target in ("/", "/usr", "/usr/") or target.startswith("/usr/local") for target in targets)
    return not own_python and not brought and not copied


def _is_used(stage: Stage, folder: str) -> bool:
    """Whether PATH or a word names the environment's programs."""
    searched = stage.environment.get("PATH", "").split(":")
    started = [step for keyword in ("ENTRYPOINT", "CMD") if (step := stage.last(keyword)) is not None]
    return f"{folder}/bin" in searched or any(f"{folder}/bin/" in step.value for step in started)
