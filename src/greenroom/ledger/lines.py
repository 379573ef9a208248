"""The lines of a document that begin something: headings, and fields ``**Name**: text`` at the margin."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.markdown import Document

_FIELD = re.compile(r"^(?:[-*+][ \t]+)?\*\*(?P<name>[^*\n]{1,40}?):?\*\*:?(?P<value>.*)$", re.MULTILINE)


class Beginning(NamedTuple):
    """A line that begins something. level: of a heading, 0 for a field.  text: of the heading, or behind the colon.

    name: of a field.  line: from 1.  start, end: where the line stands in the text, without its end; value: where the
    text of a field begins.  is_over_rule: what makes it a heading is ``---`` below it, which more often is a rule.
    """

    level: int
    text: str
    line: int
    start: int
    end: int
    name: str = ""
    value: int = 0
    is_over_rule: bool = False


def beginnings(document: Document) -> list[Beginning]:
    """Those outside fences and comments, in order. Linear in the text."""
    return sorted([*_headings(document), *_fields(document)], key=attrgetter("start"))


def _headings(document: Document) -> Iterator[Beginning]:
    starts, lines = document.starts, document.lines
    for heading in document.headings:
        start = starts[heading.line - 1]
        end = start + len(lines[heading.line - 1])
        is_over_rule = heading.is_underlined and lines[heading.line].strip() == "---"
        yield Beginning(heading.level, heading.text, heading.line, start, end, is_over_rule=is_over_rule)


def _fields(document: Document) -> Iterator[Beginning]:
    text = document.text
    line, counted = 1, 0
    for found in _FIELD.finditer(text):
        start = found.start()
        line += text.count("\n", counted, start)
        counted = start
        if not document.is_hidden(line):
            value = found["value"].strip()
            yield Beginning(0, value, line, start, found.end(), found["name"].strip(), found.start("value"))
