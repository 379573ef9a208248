"""Parts of files that are no programs: stages of a Dockerfile, targets of a Makefile, tables of TOML, keys of YAML."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from greenroom.anchors.spans import Definition, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FROM = re.compile(r"\s*FROM\s+(?:--\S+\s+)*\S+(?:\s+AS\s+(?P<name>\S+))?\s*(?:#.*)?", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?[\"']?([A-Za-z_]\w*)[\"']?")
_TARGET = re.compile(r"(?P<names>[^\s:#=][^:#=]*?)\s*::?(?!=)(?!:=)[^=]*$")
_ASSIGNED = re.compile(r"(?:export\s+|override\s+)*(?P<name>[\w.-]+)\s*(?:::?:?|\?|\+|!)?=")
_TOML_TABLE = re.compile(r"\s*\[\[?\s*(?P<name>[^\[\]#]+?)\s*\]\]?\s*(?:#.*)?")
_TOML_KEY = re.compile(r"(?P<name>[\w.-]+|\"[^\"]+\")\s*=")
_TOML_QUOTES = ('"""', "'''")
_YAML_KEY = re.compile(r"(?P<indent> *)(?P<name>[\w./@-]+|\"[^\"]+\"|'[^']+')\s*:(?:\s|$)")


def stages(text: str) -> Iterator[Definition]:
    """Stages of a Dockerfile: from FROM to the line before the next one, without the empty lines between."""
    lines = text.split("\n")
    begun: tuple[str | None, int] | None = None
    for number, line in [*_instructions(lines), (len(lines) + 1, "FROM scratch")]:
        if found := _FROM.fullmatch(line):
            if begun and begun[0]:
                yield Definition(begun[0], Span(begun[1], _last_written(lines, begun[1], number - 1)))
            begun = found["name"], number


def _instructions(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Lines that begin an instruction: none goes on with the one above, or belongs to a here-document."""
    until: str | None = None
    goes_on = False
    lasts = {line.strip(): number for number, line in enumerate(lines, 1)}
    for number, line in enumerate(lines, 1):
        if until is not None:
            until = None if line.strip() == until else until
            continue
        if not goes_on:
            yield number, line
        is_comment = line.lstrip().startswith("#")
        if not is_comment:
            goes_on = line.rstrip().endswith("\\") or (goes_on and not line.strip())
            opened = _HEREDOC.search(line)
            # A mere shift of bits is never closed.
            until = opened[1] if opened and lasts.get(opened[1], 0) > number else None


def targets(text: str) -> Iterator[Definition]:
    """Targets of a Makefile with their recipes, and its variables."""
    lines = text.split("\n")
    goes_on = False
    for number, line in enumerate(lines, 1):
        begins, goes_on = not goes_on and line[:1] not in ("\t", " ", "#"), line.endswith("\\")
        if not begins:
            continue
        last = number
        if found := _ASSIGNED.match(line):
            while lines[last - 1].endswith("\\") and last < len(lines):
                last += 1
            yield Definition(found["name"], Span(number, last))
        elif found := _TARGET.match(line[:1000]):
            while last < len(lines) and (lines[last - 1].endswith("\\") or not lines[last] or lines[last][0] in "\t#"):
                last += 1
            span = Span(number, _last_written(lines, number, last))
            yield from (Definition(name, span) for name in found["names"].split())


def tables(text: str) -> Iterator[Definition]:
    """Tables of TOML from their heads to their last lines, and keys that stand at the margin as ``table.key``."""
    lines = text.split("\n")
    heads: list[tuple[str, int]] = [("", 1)]
    until = 0  # the last line of the value at hand
    ends = {quote: [number for number, line in enumerate(lines, 1) if quote in line] for quote in _TOML_QUOTES}
    ends["]"] = [number for number, line in enumerate(lines, 1) if line.startswith(("]", "}"))]
    for number, line in enumerate(lines, 1):
        if number <= until:
            continue
        if found := _TOML_TABLE.fullmatch(line):
            heads.append((found["name"], number))
        elif found := _TOML_KEY.match(line):
            until = _closed(line, number, ends)
            within = f"{heads[-1][0]}." if heads[-1][0] else ""
            yield Definition(f"{within}{found['name']}", Span(number, until))
    for (name, first), (_, following) in pairwise([*heads[1:], ("", len(lines) + 1)]):
        yield Definition(name, Span(first, _last_written(lines, first, following - 1)))


def keys(text: str) -> Iterator[Definition]:
    """Keys of YAML as ``services.web.image``, each with all that is below it."""
    lines = text.split("\n")
    around: list[tuple[int, str, int]] = []
    found: list[tuple[str, int, int]] = []
    scalar: int | None = None  # how far to the right a text of several lines is not
    written = 0
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if not stripped or stripped[0] == "#":
            continue
        indent = len(line) - len(line.lstrip(" "))
        while around and (indent < around[-1][0] or (indent == around[-1][0] and not line[indent:].startswith("- "))):
            _, name, first = around.pop()
            found.append((name, first, written))
        written = number
        if scalar is not None and indent > scalar:
            continue
        scalar = indent if re.search(r"[:-]\s+[|>][\d+-]*\s*(?:#.*)?$", line) else None
        if key := _YAML_KEY.match(line):
            name = key["name"].strip("\"'")
            around.append((indent, f"{around[-1][1]}.{name}" if around else name, number))
    found += [(name, first, written) for _, name, first in around]
    yield from (Definition(name, Span(first, last)) for name, first, last in sorted(found, key=lambda one: one[1]))


def _closed(line: str, first: int, ends: Mapping[str, Sequence[int]]) -> int:
    """The line on which an array or a text that begins here ends. ends: the lines that may, by what they end."""
    mark = next((quote for quote in _TOML_QUOTES if line.count(quote) == 1), None)
    if mark is None and line.rstrip().endswith(("[", "{")):
        mark = "]"
    at = bisect_right(ends[mark], first) if mark else 0
    return ends[mark][at] if mark and at < len(ends[mark]) else first


def _last_written(lines: list[str], first: int, last: int) -> int:
    while last > first and not lines[last - 1].strip():
        last -= 1
    return last
