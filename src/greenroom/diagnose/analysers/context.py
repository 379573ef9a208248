"""What COPY takes: from the build context, from other stages, and in which order."""

from __future__ import annotations

import difflib
import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.ignoring import rules
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place
from greenroom.diagnose.variables import has_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.held import Copied, Held
    from greenroom.diagnose.image import Stage, Step
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding

_MADE_LATER = re.compile(
    r"(?i)\.(safetensors|sft|ckpt|pth?|gguf|onnx|bin|whl|tar|tgz|gz|zip|so|jar)$|(^|/)(dist|build|target|out|models|weights|checkpoints)(/|$)"
)

_FETCHERS = frozenset(["git", "tar", "unzip", "curl", "wget", "cp", "mv", "ln", "rsync", "svn", "aria2c"])


def sources(recipe: Recipe) -> Iterator[Finding]:
    """A source of COPY that is not in the context."""
    for built in recipe.images:
        used = built.image.used()
        for held in (built.held[stage.index] for stage in used):
            for copied in held.copies:
                if (
                    copied.stage in used
                    and copied in built.held[copied.stage.index].copies
                    and held is built.held[copied.stage.index]
                ):
                    yield from _source(recipe, built, copied)


def _source(recipe: Recipe, built: Built, copied: Copied) -> Iterator[Finding]:
    line = copied.step.instruction.line_of(copied.source if copied.source != "." else " ")
    place = Place(built.image.path, line)
    raw = [word.strip("\"',[]") for word in copied.step.value.split()[:-1]]
    if any(word.startswith("../") for word in raw) and copied.source.startswith(".."):
        yield error(
            "copy-outside-context",
            place,
            f"{copied.source} lies outside the build context: forbidden path",
            "build from the folder above, with -f",
        )
        return
    if copied.found or has_variable(copied.source) or copied.source == ".":
        return
    if copied.hidden:
        name, rule = copied.hidden[0]
        yield error(
            "dockerignore-hides",
            rule.place,
            f"{rule.pattern!r} keeps {name} out of the build context, and {built.image.path}:{line} copies it: not "
            "found",
            f"add !{name[len(built.image.context) :]} behind it, or remove the pattern",
        )
        return
    if re.search(r"[*?\[]", copied.source):
        if len(raw) == 1:
            why = (
                f"{copied.source} matches nothing in the build context: BuildKit copies nothing, older builders refuse"
            )
            yield warning("copy-source-missing", place, why, "copy a file that is there beside it")
        return  # beside a file that is there, a pattern may match nothing
    generated = any(
        copied.source in " ".join(command.words)
        for text in recipe.naming(copied.source)
        if text.kind == "workflow"
        for command in text.commands
    )
    names = [name[len(built.image.context) :] for name in recipe.folder.names if name.startswith(built.image.context)]
    wrong_case = next((name for name in names if name.lower() == copied.source.lower()), None)
    near = wrong_case or next(iter(difflib.get_close_matches(copied.source, names, n=1, cutoff=0.75)), None)
    patch = replaced(recipe.folder, place, copied.source, near) if near else None
    unsure = (
        generated
        or bool(_MADE_LATER.search(copied.source))
        or _is_git_ignored(recipe, built.image.context + copied.source)
        or _is_told_otherwise(copied, raw)
        or _lies_elsewhere(recipe, built.image.context, copied.source)
    )
    told = warning if unsure else error
    yield told(
        "copy-source-missing",
        place,
        f"{copied.source} is not in the build context: COPY fails",
        f"it is called {near}" if near else "copy what is there, or add the file",
        patch,
    )


def _is_git_ignored(recipe: Recipe, path: str) -> bool:
    """Whether git leaves it out: then it is made before the build, here or by the workflow."""
    return rules(recipe.folder.read(".gitignore"), anywhere=True).keeping_out(path) is not None


def _is_told_otherwise(copied: Copied, raw: list[str]) -> bool:
    """Whether the source has an ARG in it, for which a build may be given another value than the default one."""
    written = copied.step.instruction.value
    return any("$" in word and word not in raw for word in re.findall(r"[^\s\"',\[\]]+", written)[:-1])


def _lies_elsewhere(recipe: Recipe, context: str, source: str) -> bool:
    """Whether another folder has the file where this one should: the build may be told to read from there."""
    end = f"/{source}"
    return any(
        (name.endswith(end) or f"{end}/" in f"/{name}") and not name.startswith(f"{context}{source}")
        for name in (recipe.folder.names if context else ())
    )


def hidden_parts(recipe: Recipe) -> Iterator[Finding]:
    """A file that the start or a RUN needs, copied with its whole folder, and kept out by ``.dockerignore``."""
    for built in recipe.images:
        held = built.files
        wanted = {built.start.wanted} if built.start is not None and built.start.wanted else set()
        for stage in built.image.used():
            for step in stage.steps:
                for command in step.commands:
                    wanted |= {
                        posixpath.normpath(posixpath.join(step.workdir, word))
                        for word in command.words[1:]
                        if "." in word
                    }
        for copied in held.copies:
            if not copied.is_folder or not copied.found:
                continue
            for name, rule in copied.hidden:
                inner = name[len(built.image.context) :]
                below = inner if copied.source == "." else inner[len(copied.source) + 1 :]
                there = posixpath.normpath(posixpath.join(copied.target, below))
                if there in wanted and held.get(there) is None:
                    yield error(
                        "dockerignore-hides",
                        rule.place,
                        f"{rule.pattern!r} keeps {name} out of the image, which needs {there}",
                        f"add !{inner} behind it",
                    )


def order(recipe: Recipe) -> Iterator[Finding]:
    """RUN that needs a file which is copied further below, or never."""
    for built in recipe.images:
        for stage in built.image.used():
            known = base(stage.root)
            held = built.held[stage.index]
            for position, step in enumerate(stage.steps):
                if step.keyword != "RUN" or "type=bind" in step.instruction.flags.get("mount", ""):
                    continue
                folder = step.workdir
                for command in step.commands:
                    if command.name == "cd" and len(command.words) > 1:
                        folder = posixpath.normpath(posixpath.join(folder, command.words[1]))
                    for name in _needs(command.words):
                        path = posixpath.normpath(posixpath.join(folder, name))
                        file = held.get(path)
                        comes = file is not None and _comes_later(held, stage, position, path)
                        clones = any(one.program in _FETCHERS for one in step.commands)
                        if (
                            comes or (file is None and known.is_plain and not held.may_hold(path) and not clones)
                        ) and not has_variable(path):
                            place = Place(built.image.path, command.line)
                            why = (
                                f"is copied further below, in line {file.place.line}"
                                if file is not None
                                else "is never copied there"
                            )
                            yield error(
                                "file-not-there-yet",
                                place,
                                f"{path} is needed here and {why}: no such file",
                                f"COPY {name} before this RUN",
                            )


def _comes_later(held: Held, stage: Stage, position: int, path: str) -> bool:
    """Whether a file is copied behind a step, and by nothing in front of it."""
    before = stage.steps[:position]
    if any(_may_bring(step, path) for step in before) or any(write.path == path for write in held.writes):
        return False
    places = [
        -1 if one.stage is not stage else next(row for row, step in enumerate(stage.steps) if step is one.step)
        for one in held.copies
        if path in one.placed
    ]
    return bool(places) and min(places) > position


def _may_bring(step: Step, path: str) -> bool:
    """Whether a step takes the file from another stage, or fetches it."""
    if step.keyword in ("COPY", "ADD") and ("from" in step.instruction.flags or "://" in step.value):
        target = posixpath.normpath(posixpath.join(step.workdir, step.value.split()[-1]))
        return path == target or path.startswith(target.rstrip("/") + "/")
    return any(command.program in _FETCHERS for command in step.commands)


def _needs(words: tuple[str, ...]) -> Iterator[str]:
    """Files that a command reads."""
    for index, word in enumerate(words[:-1]):
        if word in ("-r", "--requirement") and any(
            part.endswith("pip") or part == "uv" or part.startswith("pip") for part in words[:4]
        ):
            yield words[index + 1]
    if words[:1] == ("chmod",):
        yield from (word for word in words[2:] if re.fullmatch(r"/?[\w./-]+\.(sh|py)", word))
    if (
        len(words) > 1
        and words[0] in ("bash", "sh", "python", "python3")
        and re.fullmatch(r"[\w./-]+\.(sh|py)", words[1])
    ):
        yield words[1]
