"""The JSON form of CMD and ENTRYPOINT: what is none, and what needs a shell."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, replaced
from greenroom.diagnose.source import Place
from greenroom.diagnose.starting import SHELLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.image import Step
    from greenroom.diagnose.recipe import Built, Recipe, Service
    from greenroom.findings import Finding


# The first word of a list; of a test it would have no comma behind it.
_LIST = re.compile(r"\[\s*(['\"“”])[^'\"“”]*['\"“”]\s*,")
_OPERATORS = {"&&", "||", "|", ";", ">", ">>", "<", "2>&1", "&"}


_BUILTINS = {"cd", "source", ".", "export", "set", "exec", "ulimit", "alias", "if", "while", "for", "eval"}


def json_form(recipe: Recipe) -> Iterator[Finding]:
    """A JSON form that is none, and so is given to a shell as it stands."""
    for built in recipe.images:
        for stage in built.image.stages:
            for step in stage.steps:
                value = step.instruction.value
                if step.keyword == "HEALTHCHECK":
                    value = re.sub(r"(?i)^CMD\s*", "", value)
                if (
                    step.keyword not in ("CMD", "ENTRYPOINT", "HEALTHCHECK", "SHELL", "RUN")
                    or step.instruction.words is not None
                ):
                    continue
                if not value.startswith("[") or (
                    value.startswith(("[[ ", "[ ")) and not re.search(r"['\"]\s*\]\s*$", value)
                ):
                    continue
                if step.keyword == "RUN" and not _LIST.match(value):
                    continue  # a test
                yield _no_json(recipe, built, step, value)


def _no_json(recipe: Recipe, built: Built, step: Step, value: str) -> Finding:
    place = Place(built.image.path, step.instruction.line)
    single = value.replace("'", '"') if '"' not in value else value
    single = re.sub(r",\s*\]", "]", single).replace("“", '"').replace("”", '"')
    why = "single quotes are not JSON" if "'" in value and '"' not in value else "it is not valid JSON"
    return error(
        "exec-form-quotes",
        place,
        f"{step.keyword} is read as a line for the shell, since {why}: /bin/sh looks for a program named "
        f"{value.split(maxsplit=1)[0]}",
        "write the list as JSON, with double quotes",
        replaced(recipe.folder, place, value, single, safe=single != value),
    )


def exec_form(recipe: Recipe) -> Iterator[Finding]:
    """A JSON form that needs a shell: no shell reads it, so variables and operators stay as they are."""
    for built in recipe.images:
        for step in built.image.final.all_steps:
            if step.keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK") and (words := step.instruction.words):
                yield from _words(Place(built.image.path, step.instruction.line), step.keyword, words)
    for service in recipe.services:
        entry, command = service.get("entrypoint"), service.get("command")
        before = () if entry is None else entry.strings if entry.tag == "seq" else tuple(entry.scalar.split())
        for name, value, first in (("entrypoint", entry, ()), ("command", command, before or _entry(recipe, service))):
            if value is not None and value.tag == "seq":
                words = (*first, *value.strings)
                # compose puts values in the place of $NAME itself, and makes $NAME of $$NAME.
                given = tuple(re.sub(r"(?<!\$)\$(?!\$)", "", word).replace("$$", "$") for word in words)
                yield from _words(Place(service.compose.path, value.line), name, given)


def _entry(recipe: Recipe, service: Service) -> tuple[str, ...]:
    """The words of the image's ENTRYPOINT, as far as they are known: a program of that image otherwise."""
    built = next((one for one in recipe.images if one.image.path == service.dockerfile), None)
    step = built.image.final.last("ENTRYPOINT") if built is not None else None
    if step is not None:
        return step.instruction.words or ("sh", "-c", step.value)
    return () if built is not None else ("unknown",)


def _words(place: Place, what: str, words: tuple[str, ...]) -> Iterator[Finding]:
    program = posixpath.basename(words[0]) if words else ""
    if program in SHELLS or (program in ("env", "python", "python3") and "-c" in words):
        return
    mend = f'{what} ["/bin/sh", "-c", "..."], or a start script'
    variables = [word for word in words if re.search(r"\$\{?[A-Za-z_]", word)]
    if variables:
        yield error(
            "variable-in-exec-form",
            place,
            f"no shell reads the JSON form, so {variables[0]} is given as it stands",
            mend,
        )
    if set(words) & _OPERATORS or program in _BUILTINS:
        given = next(word for word in words if word in _OPERATORS or posixpath.basename(word) in _BUILTINS)
        yield error(
            "exec-form-needs-shell", place, f"no shell reads the JSON form, so {given!r} is a mere word in it", mend
        )
    elif len(words) == 1 and re.search(r"\S\s+\S", words[0]):
        split = ", ".join(f'"{word}"' for word in words[0].split())
        yield error("exec-form-one-word", place, f"there is no program named {words[0]!r:.60}", f"write [{split}]")
