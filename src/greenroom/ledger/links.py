"""Links of a document: where they stand, where they lead."""

from __future__ import annotations

import html
import posixpath
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.markdown import Document

_TITLE = r"(?:[ \t]*\n?[ \t]*(?:\"[^\"]{0,500}\"|'[^']{0,500}'|\([^()]{0,500}\)))?"
_INLINE = re.compile(
    r"\]\([ \t]*\n?[ \t]*"
    r"(?:<(?P<angle>[^<>\n]*)>|(?P<plain>(?:[^\s()<\\]|\\.)(?:[^\s()\\]|\\.|\((?:[^\s()\\]|\\.)*\))*))"
    rf"{_TITLE}[ \t]*\n?[ \t]*\)"
)
_DEFINITION = re.compile(
    r"^ {0,3}\[(?P<label>[^\]\[^\n][^\]\[\n]*)\]:[ \t]+(?:<(?P<angle>[^<>\n]*)>|(?P<plain>[^\s<]\S*))"
    r"(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t\r]*$",
    re.MULTILINE,
)
_ELEMENT = re.compile(
    r"<(?:a|img)\s(?:[^<>]*?\s)?(?:href|src)=(?:\"(?P<double>[^\"<>\n]*)\"|'(?P<single>[^'<>\n]*)')", re.IGNORECASE
)
# JOURNAL.md:12 is a path, and no scheme.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+-]*:|[A-Za-z][A-Za-z0-9+.-]*://|//")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TICKS_OR_COMMENT = re.compile(r"`+|<!--|-->")
_BRACKET = re.compile(r"\\.|[\[\]]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Link:
    """A link, picture or definition of a reference. target: as a reader follows it, its fragment included.

    start, end: where the target is written in the text of its document.
    """

    text: str
    target: str
    line: int
    start: int = field(compare=False, default=0)
    end: int = field(compare=False, default=0)


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a relative link leads. path: from the root, which may lie above it (``../``).  fragment: "" for none."""

    path: str
    fragment: str


def goal(document: str, target: str) -> Goal | None:
    """Where a link in a document leads; None for one that leads out of the project.

    document: its path from the root. A target that begins with / is taken from the root.
    """
    if _SCHEME.match(target):
        return None
    path, _, fragment = target.partition("#")
    path = unquote(path.partition("?")[0])
    if not path:
        return Goal(document, unquote(fragment))
    base = "" if path.startswith("/") else posixpath.dirname(document)
    return Goal(posixpath.normpath(posixpath.join(base, path.lstrip("/"))), unquote(fragment))


def links_in(document: Document) -> list[Link]:
    """The links of a document in order; what stands in fences, comments and backticks is none."""
    text = document.text
    if not ("](" in text or "]:" in text or "href=" in text or "src=" in text):
        return []
    reader = _Reader(document)
    found = [*reader.inline(), *reader.definitions(), *reader.elements()]
    return sorted(found, key=lambda link: link.start)


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._text = document.text
        self._known: dict[int, _Paragraph] = {}

    def inline(self) -> Iterator[Link]:
        at = self._text.find("](")
        while at >= 0:
            line = self._document.line_at(at)
            if not self._document.is_hidden(line) and (found := _INLINE.match(self._text, at)):
                paragraph = self._paragraph(line)
                begun = paragraph.opened.get(at)
                if begun is not None and not paragraph.is_code(at):
                    kind = "angle" if found["plain"] is None else "plain"
                    yield self._link(self._text[begun + 1 : at], found.start(kind), found.end(kind))
            at = self._text.find("](", at + 2)

    def definitions(self) -> Iterator[Link]:
        if "]:" in self._text:
            for found in _DEFINITION.finditer(self._text):
                if not self._document.is_hidden(self._document.line_at(found.start("label"))):
                    kind = "angle" if found["plain"] is None else "plain"
                    yield self._link(found["label"], found.start(kind), found.end(kind))

    def elements(self) -> Iterator[Link]:
        if "href=" in self._text or "src=" in self._text:
            for found in _ELEMENT.finditer(self._text):
                line = self._document.line_at(found.start())
                if not self._document.is_hidden(line) and not self._paragraph(line).is_code(found.start()):
                    kind = "single" if found["double"] is None else "double"
                    yield self._link("", found.start(kind), found.end(kind))

    def _link(self, text: str, start: int, end: int) -> Link:
        target = html.unescape(_ESCAPED.sub(r"\1", self._text[start:end]))
        return Link(" ".join(text.split()), target, self._document.line_at(start), start, end)

    def _paragraph(self, line: int) -> _Paragraph:
        first, last = self._document.paragraph(line)
        if first not in self._known:
            self._known[first] = _Paragraph(self._document, first, last)
        return self._known[first]


class _Paragraph:
    """Code in backticks, comments, and pairs of brackets, which may run over lines but not over paragraphs."""

    def __init__(self, document: Document, first: int, last: int) -> None:
        text, start = document.text, document.starts[first - 1]
        end = document.starts[last] if last < len(document.starts) else len(text)
        self._code = _code(text, start, end)
        # The place of the opening bracket for each closing one.
        self.opened: dict[int, int] = {}
        waiting: list[int] = []
        for found in _BRACKET.finditer(text, start, end):
            if found[0] == "[" and not self.is_code(found.start()):
                waiting.append(found.start())
            elif found[0] == "]" and waiting and not self.is_code(found.start()):
                self.opened[found.start()] = waiting.pop()

    def is_code(self, offset: int) -> bool:
        at = bisect_right(self._code, (offset + 1,)) - 1
        return at >= 0 and offset < self._code[at][1]


def _code(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where code in backticks stands, from one run of them to the next of as many, and where comments do."""
    runs = [(run.start(), run.end()) for run in _TICKS_OR_COMMENT.finditer(text, start, end)]
    following: dict[str, int] = {}
    closing: list[int | None] = [None] * len(runs)
    for at in range(len(runs) - 1, -1, -1):
        said = text[slice(*runs[at])]
        closing[at] = following.get("-->" if said == "<!--" else said)
        following[said] = at
    found, at = [], 0
    while at < len(runs):
        begin, close = runs[at][0], closing[at]
        is_escaped = begin > start and text[begin - 1] == "\\"
        if close is not None and text[begin] != "-" and not is_escaped:
            found.append((begin, runs[close][1]))
            at = close
        at += 1
    return found
