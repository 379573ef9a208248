"""Files that are not what they should be: a Dockerfile, YAML, JSON or shell that cannot be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place
from greenroom.findings import Finding, Patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.recipe import Recipe

_GLUED = re.compile(r"(?<![$\w{])\{[A-Za-z][\w./-]*")


def dockerfiles(recipe: Recipe) -> Iterator[Finding]:
    """A Dockerfile that cannot be built at all."""
    if not recipe.dockerfiles:
        message = "there is no Dockerfile in this folder"
        yield Finding("no-dockerfile", "note", message, "name the folder that has it", ".")
    for parsed in recipe.dockerfiles:
        source = parsed.source
        for fault in parsed.faults:
            place = Place(source.path, fault.line)
            patch = None
            if fault.code == "continuation-missing":
                line = source.line(fault.line)
                joined = line.rstrip() + (" \\" if line.strip() else "\\")
                patch = Patch(source.path, fault.line, (line,), (joined,))
            yield error(fault.code, place, fault.message, fault.mend, patch)


def documents(recipe: Recipe) -> Iterator[Finding]:
    """JSON and YAML that cannot be read."""
    for document in recipe.documents:
        if document.root is None and document.problem:
            place = Place(document.path, document.line)
            yield error(
                "file-unreadable", place, f"{document.path} cannot be read: {document.problem}", "mend its syntax"
            )


def scripts(recipe: Recipe) -> Iterator[Finding]:
    """Shell that no shell would take. A warning: our grammar may know less than bash does."""
    for text in recipe.texts:
        if (
            text.script.broken
            and text.kind in ("start", "script")
            and text.interpreter in ("", "sh", "bash", "dash", "ash")
        ):
            place = text.place(text.script.broken[0])
            yield warning(
                "shell-unreadable", place, "this does not read as shell", f"look at it with bash -n {place.path}"
            )


def braces(recipe: Recipe) -> Iterator[Finding]:
    """``{curl ...; }``: a group needs a space behind its brace, else the brace is a part of a program's name."""
    for text in recipe.texts:
        if _GLUED.search(text.script.text) is None:
            continue
        for command in text.commands:
            if command.raw and _GLUED.fullmatch(command.raw[0]):
                place = text.place(command.line)
                word = command.raw[0]
                told = error if text.kind in ("run", "start") else warning
                yield told(
                    "brace-without-space",
                    place,
                    f"{word}: not found, and }} is a syntax error then: a group needs a space behind its brace",
                    f"write {{ {word[1:]}",
                    replaced(recipe.folder, place, word, f"{{ {word[1:]}", safe=True),
                )
