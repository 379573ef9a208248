"""What tools of projects and environments install: uv, Poetry and PDM by pyproject.toml, conda by its own file."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.diagnose import document
from greenroom.diagnose.pip import Install
from greenroom.diagnose.pyproject import dependencies
from greenroom.diagnose.requirement import Listed, Requirement, listed, requirement
from greenroom.diagnose.source import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.source import SourceFile

    Open = Callable[[str, str], SourceFile | None]

# By these words a project's own file is installed, and by those a package is added to it.
_WHOLE = {("uv", "sync"), ("poetry", "install"), ("pdm", "install"), ("pdm", "sync")}
_ADDED = {("uv", "add"), ("poetry", "add"), ("pdm", "add")}
_CONDAS = ("conda", "mamba", "micromamba")
# Options of these tools that take a word, which is no package then.
_VALUED = {
    "--source", "--group", "-G", "--extras", "-E", "--extra", "--optional", "--index", "--default-index", "--index-url",
    "--find-links", "-f", "--python", "-p", "--project", "--directory", "-C", "--tag", "--branch", "--rev",
    "--platform", "--script", "--with", "--without", "--only",
}  # fmt: skip
# A project that names where its packages come from: which of them comes from where is not followed.
_OWN_SOURCES = re.compile(r"\[tool\.(uv|poetry|pdm)\.(sources?|index)\b|\b(sources?|index(-url)?)\s*=")
# So do these options and variables.
_SOURCE_OPTIONS = ("--source", "--index", "--default-index", "--index-url", "--extra-index-url", "--find-links", "-f")
_SOURCE_VARIABLES = re.compile(r"\w*(INDEX|BACKEND|FIND_LINKS|SETTINGS)\w*")


def install(command: Command, path: str, open_file: Open, environment: Mapping[str, str]) -> Install | None:
    """What such a tool installs; None where the command is none. environment: variables where it runs."""
    called = command.plain[:2]
    if called in _WHOLE or called in _ADDED:
        project = open_file("pyproject.toml", path)
        text = project.text if project is not None and project.path.endswith("pyproject.toml") else ""
        found = _added(command, path) if called in _ADDED else dependencies(project)
        told = command.has(*_SOURCE_OPTIONS) or any(map(_SOURCE_VARIABLES.fullmatch, environment))
        elsewhere = ("$PROJECT",) if told or _OWN_SOURCES.search(text) else ()
        return Install(Place(path, command.line), command, called[0], tuple(found), (), "", elsewhere, ())
    if command.program in _CONDAS and {"create", "update", "install"} & set(command.plain[1:3]):
        named = command.option("-f", "--file")
        source = open_file(named, path) if named is not None else None
        if source is None or not source.path.endswith((".yml", ".yaml")):
            return None
        given = _of_pip(source, open_file)
        place, more = Place(path, command.line), (given.index, given.extra_indexes, given.find_links)
        return Install(place, command, command.program, given.requirements, given.constraints, *more)
    return None


def _added(command: Command, path: str) -> list[Requirement]:
    """The packages behind ``add``."""
    found, skip = [], False
    begin = len(command.words) - len(command.plain) + 2
    for position, word in enumerate(command.words[begin:], begin):
        if not skip and not word.startswith("-"):
            line = command.rows[position] if position < len(command.rows) else command.line
            one = requirement(re.sub(r"@(?=\d)", "==", word), Place(path, line))
            found += [one] if one is not None else []
        skip = word in _VALUED
    return found


def _of_pip(source: SourceFile, open_file: Open) -> Listed:
    """What a file of conda gives to pip, each line where it stands."""
    lines = [""] * len(source.lines)
    said = document.read(source).get("dependencies")
    for item in said.items if said is not None else ():
        inner = item.get("pip")
        for one in inner.items if inner is not None else ():
            if one.scalar and one.line <= len(lines):
                lines[one.line - 1] = one.scalar
    return listed(replace(source, lines=tuple(lines)), open_file)
