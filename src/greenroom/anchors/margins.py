"""Where definitions end in code that is laid out as people lay it out; for languages that no parser here reads.

A definition ends where the brackets that it opens are closed, and at the latest with the first line that begins with a
closing one at its own margin. What opens none goes on as long as lines are further to the right.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.anchors.masks import WITHIN, masked
from greenroom.anchors.spans import Definition, Span
from greenroom.anchors.tables import BLOCK, CODE, OBJECT, TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.anchors.tables import Pattern, Table

# No one writes a definition that begins further to the right; generated lines may be of any length.
_LONGEST = 400
# How many empty lines may stand where a line goes on.
_NEAR = 20
_UNFINISHED = ("=", "=>", ",", "|", "&", "+", "?", ":")
_HOLDS_OBJECT = re.compile(r"[=:]\s*\{\s*$|default\s+\{\s*$")
_HOLDS_TYPE = re.compile(r"(?:=|default)\s+class\b")
_ANNOUNCED = re.compile(r"[^={]*\([^={]*;")
_ARGUMENTS = re.compile(r"(?:\((?:[^()]|\([^()]*\))*\))?\s*")


@dataclass(slots=True)
class _Open:
    """A definition that the line at hand may be in. inner: how far to the right its first level stands."""

    name: str
    holds: str
    last: int
    inner: int | None = None


def definitions(text: str, table: Table) -> list[Definition]:
    """The definitions of a text in this language, in order."""
    return list(_Layout(text, table).definitions())


class _Layout:
    """The lines of a text, and what must be known of all of them; each question after that takes little time."""

    def __init__(self, text: str, table: Table) -> None:
        self._table = table
        self._lines = masked(text, table.quotes).split("\n")
        self._indents = [_indent(line) for line in self._lines]
        # By indentation, the lines that begin with a closing bracket.
        self._closing: dict[int, list[int]] = defaultdict(list)
        # How much is open behind each line, and by this depth, the lines that come down to it.
        self._open = [0]
        self._falls: dict[int, list[int]] = defaultdict(list)
        # The last line of what one line of the language is written on.
        self._joined = list(range(len(self._lines) + 1))
        for number, line in enumerate(self._lines, 1):
            if line.lstrip()[:1] in tuple(table.closes):
                self._closing[self._indents[number - 1]].append(number)
            self._open.append(self._open[-1] + self._balance(line))
            for depth in range(self._open[-1], self._open[-2]):
                self._falls[depth].append(number)
        for number in range(len(self._lines) - 1, 0, -1):
            if self._lines[number].startswith(WITHIN) or self._lines[number - 1].endswith("\\"):
                self._joined[number] = self._joined[number + 1]

    def definitions(self) -> Iterator[Definition]:
        around: list[_Open] = []
        above: tuple[int, int] | None = None  # the first line of decorators, and the one behind them
        number = 0
        while number < len(self._lines):
            number += 1
            while around and around[-1].last < number:
                around.pop()
            line, indent = self._lines[number - 1][:_LONGEST], self._indents[number - 1]
            code = line.strip()
            if not code or code[0] in self._table.closes or code[0] == WITHIN:
                continue
            first = above[0] if above and above[1] == number else number
            if self._table.decorated and self._table.decorated.match(code):
                last = self._end(number)
                if last > number or not (code := self._undecorated(code)):
                    above, number = (first, last + 1), last
                    continue
            if around and around[-1].inner is None:
                around[-1].inner = indent
            if begun := self._begun(code, indent, around):
                pattern, names = begun
                span = Span(first, self._end(number))
                full = [self._full(name, around) for name in names]
                if not (pattern.unnamed or "_" in full):
                    yield from (Definition(name, span, bool(_ANNOUNCED.fullmatch(code))) for name in full)
                if pattern.holds == BLOCK:
                    full = [around[-1].name if around else ""]
                around.append(_Open(full[0], self._holds(pattern, code), span.last))

    def _balance(self, line: str) -> int:
        found = sum(map(line.count, self._table.opens)) - sum(map(line.count, self._table.closes))
        cases = line.count(")") - line.count("(") if self._table.cases else 0
        return found + cases if cases > 0 and not line.lstrip().startswith(")") else found

    def _undecorated(self, code: str) -> str:
        """What stands behind the decorators of a line."""
        decorated = self._table.decorated
        while decorated and (found := decorated.match(code)):
            if code[0] == "#":  # of Rust, which are lines of their own
                return ""
            arguments = _ARGUMENTS.match(code, found.end())
            code = code[arguments.end() if arguments else found.end() :]
        return code

    def _begun(self, code: str, indent: int, around: list[_Open]) -> tuple[Pattern, list[str]] | None:
        within = around[-1] if around else None
        members = self._table.members.get(within.holds, ()) if within else ()
        if within and members and (found := self._matched(code, members if indent == within.inner else ())):
            return found
        if within and within.holds in (TYPE, OBJECT, BLOCK) and members and indent == within.inner:
            return None
        at_margin = not within and not indent
        return self._matched(code, [one for one in self._table.patterns if at_margin or not one.margin])

    @staticmethod
    def _matched(code: str, patterns: list[Pattern] | tuple[Pattern, ...]) -> tuple[Pattern, list[str]] | None:
        for pattern in patterns:
            if found := pattern.begins.match(code):
                kind = found.groupdict().get("type")
                name = f"{kind}.{found['name']}" if kind else found["name"]
                return pattern, [part.strip() for part in name.replace("::", ".").split(",")]
        return None

    def _full(self, name: str, around: list[_Open]) -> str:
        within = around[-1].name if around and not self._table.flat else ""
        return f"{within}.{name}" if within else name

    @staticmethod
    def _holds(pattern: Pattern, code: str) -> str:
        if pattern.holds != OBJECT:
            return pattern.holds
        return TYPE if _HOLDS_TYPE.search(code) else OBJECT if _HOLDS_OBJECT.search(code) else CODE

    def _end(self, first: int) -> int:
        """The last line of what begins on a line."""
        indent, last = self._indents[first - 1], first
        outside = self._open[first - 1]  # what is open around it
        while True:
            if self._open[last] > outside:
                end = self._closed(last, indent, outside)
                if end is None:
                    return last
                last, reopened = end
                outside = self._open[last] - reopened
                if not reopened and self._indents[last - 1] == indent and self._lines[last - 1].lstrip()[:1] == "}":
                    return last
            elif self._goes_on(last, indent):
                last = max(self._joined[last], last + 1)
            elif self._opens_below(first, last, indent):
                last += 1
            else:
                return last

    def _closed(self, last: int, indent: int, outside: int) -> tuple[int, int] | None:
        """The line that closes what is open behind a line, and how much that one opens again."""
        margin, even = _behind(self._closing.get(indent), last), _behind(self._falls.get(outside), last)
        if margin is not None and (even is None or margin <= even):
            return margin, int(self._lines[margin - 1].rstrip().endswith(tuple(self._table.opens)))
        return None if even is None else (even, 0)

    def _opens_below(self, first: int, last: int, indent: int) -> bool:
        """Whether the first bracket stands on a line of its own."""
        if last >= len(self._lines) or self._indents[last] != indent or self._lines[last].lstrip()[:1] != "{":
            return False
        return self._open[first] == self._open[first - 1] and not self._lines[last - 1].rstrip().endswith((";", "}"))

    def _goes_on(self, last: int, indent: int) -> bool:
        if last >= len(self._lines):
            return False
        if self._joined[last] > last:
            return True
        line = self._lines[last]
        if not self._table.offside:
            return False
        if line.strip():
            return self._indents[last] > indent
        # A comment, perhaps, in the middle of what was begun.
        near = range(last + 1, min(last + _NEAR, len(self._lines)))
        following = next((number for number in near if self._lines[number].strip()), None)
        is_open = not self._lines[last - 1].strip() or self._lines[last - 1].rstrip().endswith(_UNFINISHED)
        return is_open and following is not None and self._indents[following] > indent


def _behind(numbers: list[int] | None, last: int) -> int | None:
    at = bisect_right(numbers, last) if numbers else 0
    return numbers[at] if numbers and at < len(numbers) else None


def _indent(line: str) -> int:
    stripped = line.lstrip(" \t")
    return len(line[: len(line) - len(stripped)].expandtabs(4))
