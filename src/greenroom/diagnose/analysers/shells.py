"""Shell that another shell would take: what only bash knows, given to sh; and state that ends with its RUN."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.image import Step
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.findings import Finding

# Words that begin a command, and what stands behind them then: as an argument it would be a strange one.
_STARTS = {
    "apt-get": {"update", "install", "clean"},
    "apt": {"update", "install"},
    "pip": {"install"},
    "pip3": {"install"},
    "git": {"clone"},
    "rm": {"-rf", "-f", "-r"},
    "mkdir": {"-p"},
    "chmod": {"+x", "755", "-R"},
    "cd": set(),
    "useradd": {"-m", "-ms"},
    "curl": {"-fsSL", "-L", "-sSL", "-fL"},
}
# Whatever only bash knows has one of these in it.
_BASH_ALONE = (
    "source",
    "[[",
    "==",
    "pipefail",
    "&>",
    "pushd",
    "popd",
    "shopt",
    "declare",
    "mapfile",
    "readarray",
    "disown",
    "=(",
)
# /bin/sh beyond a first line.
_LINKED = re.compile(r"(?<!#!)/bin/sh\b|dash/sh")


def bash_under_sh(recipe: Recipe) -> Iterator[Finding]:
    """Bash given to dash, which is /bin/sh of Debian and Ubuntu."""
    relinked = _is_relinked(recipe)
    for text in recipe.naming(*_BASH_ALONE):
        if text.interpreter not in ("sh", "dash") or text.kind == "workflow":
            continue
        stage = text.stage
        known = base(stage.root) if stage is not None else None
        # An image that is made by others may have another SHELL, which goes with it.
        inherits = text.kind == "run" and text.step is not None and text.step.shell == ("/bin/sh", "-c")
        if known is not None and not known.is_plain and inherits:
            continue
        is_dash = not relinked and (known is None or known.os in ("debian", "ubuntu"))
        if known is not None and not known.os:
            continue
        for command in text.commands:
            yield from _command(recipe, text, command, is_dash=is_dash)


def _is_relinked(recipe: Recipe) -> bool:
    """Whether a command makes /bin/sh another shell."""
    return any(
        ("/bin/sh" in command.words and command.program in ("ln", "mv", "dpkg-divert"))
        or any("dash/sh" in word for word in command.words)
        for text in recipe.texts
        if _LINKED.search(text.script.text)
        for command in text.commands
    )


def _command(recipe: Recipe, text: ShellText, command: Command, *, is_dash: bool) -> Iterator[Finding]:
    place = text.place(command.line)
    mend = "write it for sh, or let bash run it: #!/bin/bash" if text.kind == "start" else 'SHELL ["/bin/bash", "-c"]'
    told = error if not _is_guarded(command) else warning
    if not is_dash:
        return
    if command.name == "source" and len(command.words) > 1:
        patch = replaced(recipe.folder, place, "source ", ". ", safe=True)
        yield told(
            "source-under-sh", place, "sh has no source: /bin/sh: source: not found", "write a dot: . FILE", patch
        )
    elif command.words[:1] == ("[[",):
        yield told("bash-under-sh", place, "sh has no [[: the condition is always false", f"write [ ... ], or {mend}")
    elif command.words[:1] in (("[",), ("test",)) and "==" in command.words:
        patch = replaced(recipe.folder, place, "==", "=", safe=True)
        yield told(
            "bash-under-sh", place, "sh compares with =: [ ... == ... ] is an unexpected operator", "write =", patch
        )
    elif command.name == "set" and "pipefail" in command.words and command.after != "||":
        yield told("bash-under-sh", place, "dash has no pipefail: set: Illegal option -o pipefail", mend)
    elif any(one.operator.startswith("&>") for one in command.redirects):
        yield told(
            "bash-under-sh", place, "sh reads &> as & and >: the command runs in the background", "write > FILE 2>&1"
        )
    elif command.name in ("pushd", "popd", "shopt", "declare", "mapfile", "readarray", "disown"):
        yield told("bash-under-sh", place, f"sh has no {command.name}: not found", mend)
    elif any(re.fullmatch(r"\(.*\)", value, re.DOTALL) for _, value in command.assigned):
        yield told("bash-under-sh", place, "sh has no arrays: syntax error, ( unexpected", mend)


def _is_guarded(command: Command) -> bool:
    return command.after == "||"


def echo_with_flag(recipe: Recipe) -> Iterator[Finding]:
    """``echo -e`` under dash, which prints the -e too: a script that is written so begins with it."""
    if _is_relinked(recipe):
        return
    for built in recipe.images:
        for write in built.files.writes:
            shell = posixpath.basename(write.step.shell[0]) if write.step.shell else "sh"
            known = base(built.image.final.root)
            if write.command.name != "echo" or shell != "sh" or known.os not in ("debian", "ubuntu"):
                continue
            if write.command.words[1:2] not in (("-e",), ("-ne",), ("-en",)):
                continue
            runs = built.start is not None and built.start.wanted == write.path
            told = error if runs else warning
            yield told(
                "echo-e-under-sh",
                write.place,
                f"sh prints -e as well, so a line of {write.path} begins with it",
                "printf '%s\\n' ... , or COPY the file",
                replaced(recipe.folder, write.place, "echo -e ", "printf '%b\\n' "),
            )


def lost_between_runs(recipe: Recipe) -> Iterator[Finding]:
    """``cd``, ``export`` and ``activate`` at the end of a RUN: nothing of it reaches the next one."""
    for built in recipe.images:
        for stage in built.image.stages:
            for index, step in enumerate(stage.steps):
                commands = [command for command in step.commands if "substitution" not in command.around]
                if step.keyword == "RUN" and commands and not commands[-1].around:
                    yield from _last(recipe, built, step, commands[-1], stage.steps[index + 1 :])


def _last(recipe: Recipe, built: Built, step: Step, command: Command, later: list[Step]) -> Iterator[Finding]:
    place = Place(built.image.path, command.line)
    if command.name == "cd" and len(command.words) > 1:
        folder = command.words[1]
        known = built.files
        relative = [word for one in later for inner in one.commands for word in inner.words[1:] if _is_relative(word)]
        there = posixpath.normpath(posixpath.join(step.workdir, folder))
        proven = any(
            known.get(posixpath.join(there, word)) and not known.get(posixpath.join(step.workdir, word))
            for word in relative
        )
        told = error if proven else warning
        patch = replaced(recipe.folder, place, "RUN cd ", "WORKDIR ") if len(step.commands) == 1 else None
        yield told(
            "lost-between-runs",
            place,
            f"cd {folder} ends with this RUN: the next one begins in {step.workdir}",
            f"WORKDIR {folder}",
            patch,
        )
    elif command.name in ("export", "source", ".") and len(command.words) > 1:
        activates = command.words[1].endswith("/activate")
        names = [name for name, _ in command.assigned]
        used = any(
            f"${name}" in one.instruction.value or f"${{{name}" in one.instruction.value
            for one in later
            for name in names
        )
        runs = any(
            inner.program in ("pip", "pip3", "python", "python3") for one in later for inner in one.commands
        ) or any(one.keyword in ("CMD", "ENTRYPOINT") and re.search(r"\bpython3?\b", one.value) for one in later)
        # A path that is longer by a folder changes nothing for most.
        matters = used and not all(name.endswith("PATH") for name in names)
        told = error if (activates and runs) or matters else warning
        what = "the virtual environment" if activates else " ".join(command.words)
        mend = (
            f"ENV PATH={posixpath.dirname(command.words[1])}:$PATH"
            if activates
            else f"ENV {' '.join(command.words[1:])}"
        )
        if activates or names:
            yield told(
                "lost-between-runs", place, f"{what} ends with this RUN: later instructions do not have it", mend
            )


def _is_relative(word: str) -> bool:
    return bool(re.fullmatch(r"[\w.][\w./-]*\.\w+", word))


def missing_and(recipe: Recipe) -> Iterator[Finding]:
    """A continued line that begins a new command where ``&&`` is missing: it is taken for arguments."""
    for built in recipe.images:
        for text in built.texts:
            for command in text.commands if text.kind == "run" else ():
                for index in range(2, len(command.words) - 1):
                    word, following = command.words[index], command.words[index + 1]
                    begins = command.rows[index : index + 1] > command.rows[index - 1 : index]
                    if (
                        not begins
                        or word not in _STARTS
                        or not (following in _STARTS[word] or (word == "cd" and following[0] == "/"))
                    ):
                        continue
                    before = text.place(command.rows[index - 1])
                    source = recipe.folder.read(before.path)
                    line = source.line(before.line) if source is not None else ""
                    patch = replaced(recipe.folder, before, line, re.sub(r"\s*\\\s*$", r" && \\", line))
                    message = f"&& is missing before {word}, which is so an argument of {command.words[0]}"
                    told = warning if command.program == word == "rm" else error  # it removes both, and a file named rm
                    yield told("and-missing", before, message, "end the line with && \\", patch)
                    break
