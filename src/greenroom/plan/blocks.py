"""A document of Markdown as the pieces that plans are written in: headings, lines of text, and fences.

Read line by line and not with a Markdown library: all that a plan means stands at the left margin in one of these
pieces, every finding needs a line, and what is inside a fence must come back to the letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)")
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})[ \t]*(.*)")
# Code in a line is looked at first: a comment's marks in it open none.
_CODE_OR_COMMENT = re.compile(r"(?P<code>`+[^`]*`+)|<!--.*?(?P<end>-->|$)")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading without its comments."""

    level: int
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line outside fences, without its comments."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block. info: what stands behind its backticks.  is_closed: False where the document ends first."""

    info: str
    content: tuple[str, ...]
    line: int
    is_closed: bool


Block = Heading | Line | Fence


def blocks(text: str) -> Iterator[Block]:
    """The pieces in order. What a comment hides is in none of them."""
    lines = enumerate((line.removesuffix("\r") for line in text.split("\n")), 1)
    in_comment = False
    for number, raw in lines:
        line = raw
        if in_comment:
            _, end, line = raw.partition("-->")
            if not end:
                continue
            in_comment = False
        elif (fence := _opening(raw)) is not None:
            yield _fence(fence, number, lines)
            continue
        comments = [found for found in _CODE_OR_COMMENT.finditer(line) if not found["code"]]
        in_comment = any(not found["end"] for found in comments)
        shown = _CODE_OR_COMMENT.sub(lambda found: found["code"] or "", line).rstrip()
        heading = _HEADING.fullmatch(shown)
        if heading:
            yield Heading(len(heading[1]), heading[2].strip(), number)
        else:
            yield Line(shown, number)


def _opening(line: str) -> re.Match[str] | None:
    found = _FENCE.fullmatch(line)
    # Backticks behind backticks are code in a line of text.
    return None if found is None or (found[2][0] == "`" and "`" in found[3]) else found


def _fence(opening: re.Match[str], number: int, lines: Iterator[tuple[int, str]]) -> Fence:
    indent, marks, info = len(opening[1]), opening[2], opening[3].strip()
    closing = re.compile(rf" {{0,3}}{re.escape(marks[0])}{{{len(marks)},}}[ \t]*")
    content: list[str] = []
    for _, line in lines:
        if closing.fullmatch(line):
            return Fence(info, tuple(content), number, is_closed=True)
        content.append(line.removeprefix(" " * min(indent, len(line) - len(line.lstrip(" ")))))
    return Fence(info, tuple(content), number, is_closed=False)
