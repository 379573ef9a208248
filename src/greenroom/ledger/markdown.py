"""Documents of a ledger as checks and writers read them: headings, fences, sections, marks, links.

Read with a handful of patterns and not with a Markdown library: every finding needs a line, a rewritten link the place
of its target, and a journal of fifty thousand lines must be read in a moment. What is in fences and in comments is
neither heading nor link. Any text is a document: nothing here raises.
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from greenroom.ledger.links import links_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.links import Link

# Lines that may begin something, so that no other is looked at. Fences may be indented, below a list; \``` is the fence
# of a fence, as documents wrote it that did not know of four backticks.
_BEGINNING = re.compile(
    r"^(?P<indent>[ \t]*)(?:"
    r"(?P<hashes>#{1,6})(?=[ \t\r\n]|\Z)|(?P<old>\\`{3,})|(?P<fence>`{3,}|~{3,})|(?P<rule>={3,}|-{3,})(?=[ \t\r]*$)"
    r")(?P<rest>[^\n]*)|(?P<comment><!--)",
    re.MULTILINE,
)
_CODE_OR_COMMENT = re.compile(r"(?P<code>(?<!`)(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))|<!--.*?-->")
_CLOSING_HASHES = re.compile(r"(?:^|[ \t])#+[ \t\r]*$")
_LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*)\](?:\([^()]*\)|\[[^\[\]]*\])")
# What begins a block of its own, and so cannot be the text over an underline, nor go on with code of the line before.
BLOCK = re.compile(r"[ \t]*(?:[-*+][ \t]|[0-9]{1,9}[.)][ \t]|#{1,6}[ \t]|[>|]|\*\*|\\?```|~~~|<!--|$)")
_MARK = re.compile(
    r"<!--[ \t]*#(?P<comment>[^\s<>]+?)[ \t]*-->|<[a-z][^<>]*?\s(?:id|name)=[\"'](?P<tag>[^\"'<>\s]+)[\"']",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading. text: without comments and closing hashes.  slug: as a link names it, -1 for the second of one name.

    is_underlined: written with ``---`` or ``===`` below it.
    """

    level: int
    text: str
    slug: str
    line: int
    is_underlined: bool = False


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block, from the line of its first mark to that of its last; to the end where it is never closed.

    info: what stands behind the first mark.
    """

    first: int
    last: int
    info: str
    is_closed: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the lines first to last below it, up to the next heading that is not deeper."""

    heading: Heading
    first: int
    last: int


class Document:
    """A text read as Markdown. lines: without their ends; fences: outermost ones, in order."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = tuple(line.removesuffix("\r") for line in text.split("\n"))
        scan = _Scan(self)
        scan.read()
        self.fences = tuple(scan.fences)
        self._comments = scan.comments
        self._found = scan.headings

    @property
    def count(self) -> int:
        """How many lines there are; what stands behind the last end of a line is one unless it is empty."""
        return len(self.lines) - (not self.lines[-1])

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """In order, without those in fences and comments."""
        seen: dict[str, int] = {}
        found = []
        for level, text, line, is_underlined in self._found:
            name = unique = slug(text)
            while unique in seen:
                seen[name] += 1
                unique = f"{name}-{seen[name]}"
            seen[unique] = 0
            found.append(Heading(level, text, unique, line, is_underlined))
        return tuple(found)

    @cached_property
    def marks(self) -> dict[str, int]:
        """Names that ``<!-- #name -->`` or an element's id gives to a place, with the line of the first."""
        found: dict[str, int] = {}
        if "<" in self.text:
            for mark in _MARK.finditer(self.text):
                line = self.line_at(mark.start())
                if not self.is_hidden(line) and not self._is_in_code(line, mark.start()):
                    found.setdefault(mark["comment"] or mark["tag"], line)
        return found

    @cached_property
    def places(self) -> frozenset[str]:
        """All that a link may name behind ``#``."""
        return frozenset((*(heading.slug for heading in self.headings), *self.marks))

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Links, pictures, definitions of references, and elements with href or src, in order."""
        return tuple(links_in(self))

    def sections(self, name: str) -> tuple[Section, ...]:
        """The sections of a name, in any case of letters."""
        wanted = name.casefold()
        return tuple(self.section_of(heading) for heading in self.headings if heading.text.casefold() == wanted)

    def section(self, name: str) -> Section | None:
        """The first section of a name."""
        wanted = name.casefold()
        found = next((heading for heading in self.headings if heading.text.casefold() == wanted), None)
        return self.section_of(found) if found else None

    def section_of(self, heading: Heading) -> Section:
        """What stands below a heading of this document."""
        at = bisect.bisect_right(self.headings, heading.line, key=lambda other: other.line)
        end = next((other.line for other in self.headings[at:] if other.level <= heading.level), len(self.lines) + 1)
        return Section(heading, heading.line + 1 + heading.is_underlined, end - 1)

    def prose(self, first: int = 1, last: int | None = None) -> Iterator[tuple[int, str]]:
        """Numbers and texts of the lines outside fences and long comments, headings among them."""
        end = len(self.lines) if last is None else min(last, len(self.lines))
        for number in range(max(first, 1), end + 1):
            if number not in self._hidden:
                yield number, self.lines[number - 1]

    def is_hidden(self, line: int) -> bool:
        """Whether a line is in a fence, its marks included, or in a comment of several lines."""
        return line in self._hidden

    def line_at(self, offset: int) -> int:
        """The number of the line with the letter at this place of the text."""
        return bisect.bisect_right(self.starts, offset)

    @cached_property
    def starts(self) -> list[int]:
        """Where in the text each line begins."""
        starts, at = [0], self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def paragraph(self, line: int) -> tuple[int, int]:
        """The first and last line of the paragraph, item or row that a line is part of."""
        at = bisect.bisect_right(self._paragraphs, line)
        last = self._paragraphs[at] - 1 if at < len(self._paragraphs) else len(self.lines)
        return self._paragraphs[at - 1], last

    @cached_property
    def _paragraphs(self) -> list[int]:
        """The lines that begin one."""
        begins, is_new = [], True
        for number, line in enumerate(self.lines, 1):
            is_block = bool(BLOCK.match(line))
            if is_new or is_block:
                begins.append(number)
            is_new = is_block and not line.strip()
        return begins

    @cached_property
    def _hidden(self) -> frozenset[int]:
        regions = (*((fence.first, fence.last) for fence in self.fences), *self._comments)
        return frozenset(line for first, last in regions for line in range(first, last + 1))

    def _is_in_code(self, line: int, offset: int) -> bool:
        """Whether a place is within code that begins and ends on its line."""
        column = offset - self.starts[line - 1]
        spans = _CODE_OR_COMMENT.finditer(self.lines[line - 1])
        return any(span["code"] and span.start() < column < span.end() for span in spans)


def slug(text: str) -> str:
    """A heading's text as links name it: lower case, without punctuation, a hyphen for each space."""
    shown = _LINK.sub(r"\1", text).lower()
    if shown.isascii():
        return re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
    kept = (letter for letter in shown if letter in "-_ " or unicodedata.category(letter)[0] in "LMN")
    return "".join(kept).replace(" ", "-")


def _without_comments(line: str) -> str:
    return _CODE_OR_COMMENT.sub(lambda span: span["code"] or "", line) if "<!--" in line else line


class _Scan:
    """One pass over the beginnings of a document's lines."""

    def __init__(self, document: Document) -> None:
        self.fences: list[Fence] = []
        self.comments: list[tuple[int, int]] = []
        self.headings: list[tuple[int, str, int, bool]] = []
        self._text = document.text
        self._lines = document.lines
        self._opening: tuple[int, str, int] | None = None  # line, marks, indent
        self._info = ""
        self._old: list[tuple[int, bool, str]] = []  # line, is bare, info
        self._line = 1
        self._counted = 0
        self._closes = True  # whether a comment that opens may still be closed

    def read(self) -> None:
        behind = 0  # the end of a comment: what stands before it begins nothing
        for found in _BEGINNING.finditer(self._text):
            self._line += self._text.count("\n", self._counted, found.start())
            self._counted = found.start()
            if found.start() < behind:
                continue
            if found["comment"]:
                behind = max(behind, self._comment(found.start()))
            elif found["fence"]:
                self._mark(found)
            elif self._opening is None:
                self._other(found)
                if "<!--" in found["rest"]:
                    behind = max(behind, self._comment(found.start("rest") + found["rest"].index("<!--")))
        if self._opening:
            self.fences.append(Fence(self._opening[0], len(self._lines), self._info, is_closed=False))
        self._settle_old()

    def _comment(self, start: int) -> int:
        """Take a comment of several lines; gives its end. One that is never closed is none."""
        if self._opening is not None:
            return 0
        line_end = self._text.find("\n", start)
        end = self._text.find("-->", start + 4) if self._closes else -1
        if end < 0:
            self._closes = False
            return 0
        if line_end < 0 or end < line_end:
            return 0
        code = self._lines[self._line - 1]
        column = start - (self._text.rfind("\n", 0, start) + 1)
        if any(span["code"] and span.start() < column < span.end() for span in _CODE_OR_COMMENT.finditer(code)):
            return 0
        self.comments.append((self._line, self._line + self._text.count("\n", start, end)))
        return end

    def _mark(self, found: re.Match[str]) -> None:
        indent, marks, rest = len(found["indent"].expandtabs(4)), found["fence"], found["rest"].strip()
        if self._opening is None:
            if marks[0] == "~" or "`" not in rest:  # else it is code in a line
                self._opening, self._info = (self._line, marks, indent), rest
            return
        first, opened, opened_at = self._opening
        closes = marks[0] == opened[0] and len(marks) >= len(opened) and not rest
        if closes and indent <= opened_at + 3:
            self.fences.append(Fence(first, self._line, self._info))
            self._opening = None

    def _other(self, found: re.Match[str]) -> None:
        is_margin = len(found["indent"].expandtabs(4)) < 4
        if found["old"]:
            info = found["rest"].strip()
            self._old.append((self._line, not info, info))
        elif found["hashes"] and is_margin:
            text = _CLOSING_HASHES.sub("", _without_comments(found["rest"])).strip()
            self.headings.append((len(found["hashes"]), text, self._line, False))
        elif found["rule"] and is_margin and not found["rest"].strip():
            self._underline(1 if found["rule"][0] == "=" else 2)

    def _underline(self, level: int) -> None:
        """A heading of one line of plain text, with nothing but its underline below it."""
        above = self._line - 1
        if above < 1 or BLOCK.match(self._lines[above - 1]) or set(self._lines[above - 1].strip()) <= {"-", "="}:
            return
        if above > 1 and self._lines[above - 2].strip() and not self._lines[above - 2].startswith("#"):
            return  # the end of a paragraph
        self.headings.append((level, _without_comments(self._lines[above - 1]).strip(), above, True))

    def _settle_old(self) -> None:
        """Pair the old marks of fences: one with info opens, within another too; a bare one closes if any is open."""
        open_at: list[tuple[int, str]] = []
        found: list[Fence] = []
        for line, is_bare, info in self._old:
            if is_bare and open_at:
                first, first_info = open_at.pop()
                while found and found[-1].first > first:
                    found.pop()
                found.append(Fence(first, line, first_info))
            else:
                open_at.append((line, info))
        if not found:
            return
        hidden = {line for fence in found for line in range(fence.first, fence.last + 1)}
        self.headings = [heading for heading in self.headings if heading[2] not in hidden]
        kept = [fence for fence in self.fences if fence.first not in hidden]
        self.fences = sorted([*kept, *found], key=lambda fence: fence.first)
