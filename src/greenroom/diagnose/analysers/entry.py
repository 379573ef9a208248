"""Whether the container's first program can be started at all."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place
from greenroom.diagnose.starting import SHELLS
from greenroom.findings import Patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.held import HeldFile
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.diagnose.starting import Start
    from greenroom.findings import Finding


def first_program(recipe: Recipe) -> Iterator[Finding]:
    """The script or program that starts: there, executable, with an interpreter that is there."""
    for built in recipe.images:
        start = built.start
        if start is None:
            continue
        if start.file is not None:
            yield from _file(recipe, built, start, start.file)
        elif start.wanted:
            yield from _absent(built, start)
        elif not start.is_shell and "/" not in (start.argv or ("/",))[0]:
            yield from _not_searched(built, start)


def _is_run_directly(start: Start) -> bool:
    """Whether the system itself starts the file, and no shell or Python that was named reads it."""
    return (
        bool(start.wanted) and posixpath.basename(start.wanted) in {posixpath.basename(word) for word in start.argv[:1]}
    ) or (
        bool(start.argv)
        and posixpath.basename(start.argv[0]) in ("tini", "dumb-init", "catatonit", "env", "exec")
        and not set(map(posixpath.basename, start.argv)) & {*SHELLS, "python", "python3"}
    )


def _file(recipe: Recipe, built: Built, start: Start, file: HeldFile) -> Iterator[Finding]:
    direct = _is_run_directly(start)
    first = file.lines[0][0] if file.lines else None
    at = file.lines[0][1] if file.lines else file.place
    if (
        file.source is not None
        and file.source.carriage
        and not _is_mended(built, file)
        and (direct or _reads_lines(start))
    ):
        patch = Patch(
            file.source.path,
            1,
            tuple(f"{line}\r" for line in file.source.lines[:-1]),
            file.source.lines[:-1],
            safe=True,
        )
        yield error(
            "crlf-script",
            Place(file.source.path, file.source.carriage),
            f"the lines of {file.source.path} end with CR LF, so its interpreter is looked for under a name with a "
            "carriage return: no such file or directory",
            "save it with LF endings, and let .gitattributes say *.sh text eol=lf",
            patch if file.source.lines[-1:] == ("",) else None,
        )
    if not direct:
        return
    if file.executable is False:
        yield _not_executable(recipe, start, file)
    if (
        first is not None
        and not first.startswith("#!")
        and file.path.endswith((".sh", ".bash", ".py")) | bool(file.lines)
    ):
        if file.source is not None and file.source.byte_order_mark:
            message = f"{file.path} begins with a byte order mark, so its #! is not seen: exec format error"
            yield error("shebang-missing", at, message, "save it without a byte order mark")
        elif not start.is_shell:
            message = f"{start.wanted} has no #! in its first line, and is started without a shell: exec format error"
            yield error("shebang-missing", at, message, f"begin it with {_shebang_for(file.path)}")
    if first is not None and first.startswith("#!"):
        yield from _interpreter(built, first, at, file)


def _is_mended(built: Built, file: HeldFile) -> bool:
    """Whether a command takes the carriage returns out."""
    name = posixpath.basename(file.path)
    return any(
        command.program == "dos2unix"
        or (command.program in ("sed", "tr") and any("\\r" in word for word in command.words))
        for text in built.texts
        if text.kind == "run"
        for command in text.commands
        if any(name in word or "*" in word or "{}" in word for word in command.words) or command.program == "tr"
    )


def _reads_lines(start: Start) -> bool:
    return bool({posixpath.basename(word) for word in start.argv} & set(SHELLS))


def _shebang_for(path: str) -> str:
    return "#!/usr/bin/env python3" if path.endswith(".py") else "#!/bin/sh"


def _not_executable(recipe: Recipe, start: Start, file: HeldFile) -> Finding:
    patch = None
    source = recipe.folder.read(file.place.path)
    line = source.line(file.place.line) if source is not None else ""
    if re.match(r"\s*(COPY|ADD)\s", line, re.IGNORECASE) and "--chmod" not in line:
        patch = replaced(
            recipe.folder, file.place, line, re.sub(r"(?i)^(\s*(?:COPY|ADD)\s+)", r"\1--chmod=755 ", line), safe=True
        )
    return error(
        "entrypoint-not-executable",
        file.place,
        f"{start.wanted} may not be executed: permission denied when the container starts",
        "COPY --chmod=755, RUN chmod +x, or start it with sh",
        patch,
    )


def _interpreter(built: Built, first: str, at: Place, file: HeldFile) -> Iterator[Finding]:
    found = re.match(r"#!\s*(\S+)(?:\s+(\S+))?", first)
    if found is None:
        return
    name = posixpath.basename(found[1])
    name = posixpath.basename(found[2]) if name == "env" and found[2] and not found[2].startswith("-") else name
    if name == "env":
        return
    known = base(built.image.final.root)
    brought = {
        word for text in built.texts if text.kind == "run" for command in text.commands for word in command.words
    }
    if known.lacks is not None and name in known.lacks.value and not any(name in word for word in brought):
        told = error if known.surely_lacks(name) else warning
        yield told(
            "interpreter-missing",
            at,
            f"{file.path} asks for {found[1]}, which {known.repository}:{known.tag} does not have",
            f"install {name}, or write the script for sh",
        )
    elif found[1] == "/usr/bin/python" and known.own_python and known.repository == "python":
        yield error(
            "interpreter-missing",
            at,
            f"{found[1]} is not there: this image has Python in /usr/local/bin",
            "#!/usr/bin/env python3",
        )


def _absent(built: Built, start: Start) -> Iterator[Finding]:
    path = start.wanted
    known = base(built.image.final.root)
    if "$" in path or not path.startswith("/") or built.files.may_hold(path):
        return
    if posixpath.basename(path) in (*SHELLS, "python", "python3"):
        return  # ENTRYPOINT and CMD that name the program twice
    if any(not copied.found and posixpath.normpath(copied.target) == path for copied in built.files.copies):
        return  # the COPY that fails says why
    if path.startswith(
        ("/bin/", "/sbin/", "/usr/", "/lib", "/opt/conda", "/opt/nvidia", "/proc", "/sys", "/dev", "/etc")
    ):
        return
    near = [held for held in built.files.files if posixpath.basename(held) == posixpath.basename(path)]
    message = f"nothing in the Dockerfile puts {path} into the image, and the container starts with it"
    mend = f"it lies at {near[0]}: start that" if near else "COPY it, or start what is there"
    told = error if known.is_plain and not _is_mounted(path) else warning
    yield told("entry-missing", start.place, message, mend)


def _is_mounted(path: str) -> bool:
    return path.startswith(("/workspace", "/runpod-volume"))


def _not_searched(built: Built, start: Start) -> Iterator[Finding]:
    """A bare name that is a file of the working folder: nothing looks there."""
    name = start.argv[0]
    there = built.files.get(posixpath.join(built.image.final.workdir, name))
    path = built.image.final.environment.get("PATH", "")
    if there is not None and "." not in path.split(":") and built.image.final.workdir not in path.split(":"):
        message = f"{name!r} is looked for in PATH, where it is not: it lies at {there.path}"
        yield error("entry-not-in-path", start.place, message, f"start {there.path}")


def overridden(recipe: Recipe) -> Iterator[Finding]:
    """CMD and ENTRYPOINT that undo each other."""
    for built in recipe.images:
        stage = built.image.final
        for keyword in ("CMD", "ENTRYPOINT"):
            steps = [step for step in stage.steps if step.keyword == keyword]
            for step in steps[:-1]:
                place = Place(built.image.path, step.instruction.line)
                yield warning(
                    "start-overridden", place, f"a later {keyword} takes the place of this one", "remove one of them"
                )
        entry, command = stage.last("ENTRYPOINT"), stage.last("CMD")
        if (
            entry is not None
            and entry.instruction.words is None
            and command is not None
            and entry.value
            and entry.value[0] != "["
        ):
            place = Place(built.image.path, entry.instruction.line)
            words = command.instruction.words or ()
            told = error if words and words[0].startswith("-") else warning
            yield told(
                "entrypoint-drops-cmd",
                place,
                f"the shell form of ENTRYPOINT takes no arguments, so CMD {command.value:.60} is lost",
                "write ENTRYPOINT as JSON",
            )
