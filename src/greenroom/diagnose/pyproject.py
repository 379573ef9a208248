"""What a project's own file says that it needs."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from greenroom.diagnose.requirement import Requirement, requirement
from greenroom.diagnose.source import Place

if TYPE_CHECKING:
    from greenroom.diagnose.source import SourceFile


def dependencies(source: SourceFile | None) -> list[Requirement]:
    """What a project's own file says that it needs: in the table of the standard, or else in Poetry's."""
    if source is None or not source.path.endswith("pyproject.toml"):
        return []
    try:
        said = tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    standard = _table(said, "project").get("dependencies", [])
    found = []
    for text in standard if isinstance(standard, list) else []:
        if isinstance(text, str):
            found += _at(source, text, re.escape(text))
    for name, wanted in _table(said, "tool", "poetry", "dependencies").items():
        version = wanted.get("version", "") if isinstance(wanted, dict) else wanted
        if name != "python" and isinstance(version, str):
            found += _at(source, name + _specifier(version), rf"^\s*[\"']?{re.escape(name)}[\"']?\s*=")
    return found


def _table(said: Any, *names: str) -> dict[str, Any]:
    for name in names:
        said = said.get(name) if isinstance(said, dict) else None
    return said if isinstance(said, dict) else {}


def _at(source: SourceFile, text: str, written: str) -> list[Requirement]:
    expression = re.compile(written)
    line = next((number for number, line in enumerate(source.lines, 1) if expression.search(line)), 1)
    one = requirement(text, Place(source.path, line))
    return [one] if one is not None else []


def _specifier(version: str) -> str:
    """Poetry's words for versions as pip's: ``2.8.2`` is that one, ``^2.6`` any below 3."""
    if re.fullmatch(r"\d+(\.\w+)+", version):
        return f"=={version}"
    near = re.fullmatch(r"[\^~](\d+)((?:\.\w+)*)", version)
    if near is not None:
        return f">={near[1]}{near[2]},<{int(near[1]) + 1}"
    return version if re.match(r"[<>=!]", version) else ""
