"""Places in code that documents name: are they still there, and are files as long as it says.

Read are, outside fences, ``path:A-B`` in backticks with what follows it (``greenroom.anchors``),
``**NAME (Lines A-B)**`` and ``file (N lines)``; within fences ``class NAME``, ``def NAME`` or ``function NAME`` that
say lines A-B. A name without a path is of the file that the heading above names.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenroom.anchors import Anchor, Span, anchors_in, judged, moved, symbol_spans
from greenroom.findings import Finding, Patch
from greenroom.ledger.checks.records import is_history

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.ledger.markdown import Document, Heading
    from greenroom.ledger.tree import Tree

_LINES = r"lines?:?[ \t]*(?P<numbers>(?P<first>[0-9]{1,9})(?:[ \t]*(?:-|–|—|to)[ \t]*(?P<last>[0-9]{1,9}))?)\b"
_BOLD = re.compile(rf"\*\*(?P<name>[^*\n]{{1,200}}?)[ \t]*\([ \t]*{_LINES}[ \t]*\)\*\*", re.IGNORECASE)
_DEFINED = re.compile(
    r"(?P<indent>[ \t]*)(?:export[ \t]+)?(?:default[ \t]+)?(?:async[ \t]+)?(?:class|def|function)[ \t]+"
    r"(?P<name>[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)"
)
_SAID = re.compile(rf"\b{_LINES}", re.IGNORECASE)
_SYMBOL = re.compile(r"[A-Za-z_$][\w$-]*(?:\.[A-Za-z_$][\w$]*)*")
_LENGTH = re.compile(
    r"(?<![\w./`-])\[?`?(?P<path>[\w@+-](?:[\w./@+-]*\w)?)`?(?:\]\([^()\s]*\))?"
    r"[ \t]+\((?P<count>[0-9][0-9,]{0,11}) lines?\)"
)
_CODE = re.compile(r"`([^`]+)`")
# Code in several backticks shows how an anchor is written, and is none.
_SHOWN = re.compile(r"(?<!`)(``+)(?!`).*?(?<!`)\1(?!`)|<!--.*?-->")
# A heading may name a method as well as a file: `Lease.run` is none.
_FILE = re.compile(
    r"(?:[\w.@+-]+/)*(?:[\w.@+-]+\.(?:py|pyi|sh|bash|zsh|js|mjs|cjs|jsx|ts|tsx|go|rs|rb|c|h|cc|cpp|hpp|cu|java|kt|swift|lua"
    r"|pl|php|r|jl|ex|scala|tf|proto|sql|css|html|vue|xml|csv|ya?ml|toml|json|ini|cfg|conf|env|lock|log|md|txt|ipynb"
    r"|dockerfile)|(?:Docker|Make|Proc)file[\w.-]*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """An anchor in a document. line: of it.  columns: where the numbers stand in the line.

    within: the symbol's full name, where the anchor stands below a class that it may be of.
    """

    anchor: Anchor
    line: int
    columns: tuple[int, int]
    within: str | None = None


# A finding, and what to write at which columns of its line where that is known.
_Found = tuple[Finding, tuple[tuple[int, int], str] | None]


def check(tree: Tree) -> Iterator[Finding]:
    """Codes: anchor-stale, anchor-no-symbol, anchor-no-file, anchor-range, filelen-stale."""
    for path in tree.documents:
        if not is_history(path):
            found = [*(_looked(tree, path, place) for place in places(tree, path)), *_lengths(tree, path)]
            yield from _patched(tree, path, [one for one in found if one])


def places(tree: Tree, path: str) -> list[Place]:
    """The anchors of a document in order, their paths from the root."""
    document = tree.document(path)
    files = _Files(tree, path)
    found = [*_in_text(document, files), *_in_fences(document, files)]
    return sorted(found, key=lambda place: (place.line, place.columns))


class _Files:
    """Which files a document means."""

    def __init__(self, tree: Tree, path: str) -> None:
        self._tree = tree
        self._document = tree.document(path)
        self._folder = posixpath.dirname(path)
        self._known: dict[int, str | None] = {}

    def named(self, path: str) -> str:
        """A path from the root; one that is only there beside the document is meant so."""
        beside = posixpath.normpath(posixpath.join(self._folder, path))
        return beside if self._tree.text(path) is None and self._tree.text(beside) is not None else path

    def is_file(self, path: str) -> bool:
        """Whether a word is the path of a file that is there, or at least looks like one."""
        return bool(_FILE.fullmatch(path)) or self._tree.text(self.named(path)) is not None

    def above(self, line: int) -> str | None:
        """The file that the heading above a line names, or else the heading that one stands below."""
        headings = self._document.headings
        at = bisect_left(headings, line, key=lambda heading: heading.line) - 1
        if at < 0:
            return None
        if at not in self._known:
            self._known[at] = self._of(headings, at)
        return self._known[at]

    def _of(self, headings: Sequence[Heading], at: int) -> str | None:
        level = 7
        for heading in reversed(headings[: at + 1]):
            if heading.level < level:
                level = heading.level
                words = _CODE.findall(heading.text)
                there = (word for word in words if self._tree.text(self.named(word)) is not None)
                alike = (word for word in words if _FILE.fullmatch(word))
                if found := next(there, None) or next(alike, None):
                    return self.named(found)
        return None


def _in_text(document: Document, files: _Files) -> Iterator[Place]:
    for number, raw in document.prose():
        if "`" not in raw and "**" not in raw:
            continue
        line = _SHOWN.sub(lambda shown: " " * len(shown[0]), raw) if "``" in raw or "<!--" in raw else raw
        for anchor in anchors_in(line, number):
            is_anchor = anchor.symbol or anchor.text or anchor.span.first != anchor.span.last
            if anchor.columns and (is_anchor or files.is_file(anchor.path)):  # else a host and its port
                yield Place(replace(anchor, path=files.named(anchor.path)), number, anchor.columns)
        for found in _BOLD.finditer(line):
            path = files.above(number)
            if path is not None:
                name = found["name"].strip(" `").removesuffix("()")
                symbol = name if _SYMBOL.fullmatch(name) else None
                yield Place(Anchor(path, _span(found), symbol, line=number), number, found.span("numbers"))


def _in_fences(document: Document, files: _Files) -> Iterator[Place]:
    for fence in document.fences:
        above: list[tuple[int, str]] = []
        for number in range(fence.first + 1, fence.last + 1):
            line = document.lines[number - 1]
            begun = _DEFINED.match(line)
            if begun is None:
                continue
            indent, name = len(begun["indent"].expandtabs(4)), begun["name"]
            while above and above[-1][0] >= indent:
                above.pop()
            full = f"{above[-1][1]}.{name}" if above else name
            above.append((indent, full))
            said = _SAID.search(line, begun.end())
            path = files.above(fence.first) if said else None
            if said and path:
                within = full if full != name else None
                yield Place(Anchor(path, _span(said), name, line=number), number, said.span("numbers"), within)


def _span(found: re.Match[str]) -> Span:
    return Span(int(found["first"]), int(found["last"] or found["first"]))


def _looked(tree: Tree, path: str, place: Place) -> _Found | None:
    text = tree.text(place.anchor.path)
    anchor = place.anchor
    if place.within and text is not None and symbol_spans(anchor.path, text, place.within):
        anchor = replace(anchor, symbol=place.within)
    found = judged(anchor, text, path)
    if found is None:
        return None
    now = moved(anchor, text or "") if found.code == "anchor-stale" else None
    if now is None:
        return found, None
    if anchor.columns is None:  # the path is not part of it
        found = replace(found, mend=f"write lines {now}")
    return found, (place.columns, str(now))


def _lengths(tree: Tree, path: str) -> Iterator[_Found]:
    files = _Files(tree, path)
    for number, line in tree.document(path).prose():
        if " line" not in line:
            continue
        for found in _LENGTH.finditer(line):
            name = files.named(found["path"])
            text = tree.text(name)  # of what is no file nobody knows how long it is: it may be a figure of speech
            if text is not None and (count := _count(text)) != int(found["count"].replace(",", "")):
                message = f"{name} has {count} lines, and not {found['count']}"
                edit = (found.span("count"), str(count))
                yield Finding("filelen-stale", "error", message, f"write ({count} lines)", path, number), edit


def _count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and text != "")


def _patched(tree: Tree, path: str, found: Sequence[_Found]) -> Iterator[Finding]:
    """The findings; each that can be mended with a patch that mends all of its line."""
    lines = tree.document(path).lines
    edits: dict[int, set[tuple[tuple[int, int], str]]] = {}
    for finding, edit in found:
        if edit and finding.line:
            edits.setdefault(finding.line, set()).add(edit)
    for finding, edit in found:
        if edit is None or finding.line is None:
            yield finding
            continue
        before = after = lines[finding.line - 1]
        for (first, last), text in sorted(edits[finding.line], reverse=True):
            after = after[:first] + text + after[last:]
        yield replace(finding, patch=Patch(path, finding.line, (before,), (after,), safe=True))
