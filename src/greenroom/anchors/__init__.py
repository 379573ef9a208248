"""Places in code that a document names, and whether they are still there.

An anchor reads ``**Label**: `path:A-B` - `symbol` text``, or `` `path:A` `` for one line. The symbol is the truth and
the lines are a cache of it: what follows ' - ' decides. A symbol in backticks must span exactly A to B; a quoted text
must be the beginning of line A; with neither, A and B must lie inside the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom.anchors.languages import (
    definitions,
    enclosing,
    language_of,
    margin_spans,
    meant,
    symbol_spans,
    symbols,
    text_spans,
    word_spans,
)
from greenroom.anchors.spans import Definition, Span
from greenroom.errors import quoted
from greenroom.findings import Finding

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Anchor",
    "Definition",
    "Span",
    "anchors_in",
    "definitions",
    "enclosing",
    "judged",
    "look",
    "moved",
    "symbol_spans",
    "symbols",
    "text_spans",
]

# What a path looks like: it has a folder, a suffix that begins with a letter, or is written large as Dockerfile is.
# So `localhost:8188`, `127.0.0.1:80` and `python:3` are none.
_FILE = r"(?:[^`\s:]*/[^`\s:]*|[^`\s:]*\.[A-Za-z][^`\s:]*|[A-Z][^`\s:]*)"
_ANCHOR = re.compile(
    r"(?:\*\*(?P<label>[^*]+)\*\*: )?"
    rf"`(?P<path>{_FILE}):(?P<first>0|[1-9]\d{{0,8}})(?:-(?P<last>0|[1-9]\d{{0,8}}))?`"
    r'(?: - (?:`(?P<symbol>[^`]+)`|"(?P<text>[^"]+)"))?'
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place that a document names. symbol or text: what must be there.  line: of the document, where it says so.

    columns: from where to where its numbers stand in that line.
    """

    path: str
    span: Span
    symbol: str | None = None
    text: str | None = None
    label: str | None = None
    line: int | None = field(default=None, compare=False)
    columns: tuple[int, int] | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.written(self.span)

    def written(self, span: Span) -> str:
        """The anchor as a document writes it, with these lines."""
        label = f"**{self.label}**: " if self.label else ""
        what = f" - `{self.symbol}`" if self.symbol else f' - "{self.text}"' if self.text else ""
        return f"{label}`{self.path}:{span}`{what}"


def anchors_in(text: str, line: int | None = None) -> tuple[Anchor, ...]:
    """The anchors of one line of a document."""
    return tuple(
        Anchor(
            found["path"],
            Span(int(found["first"]), int(found["last"] or found["first"])),
            found["symbol"],
            found["text"],
            found["label"],
            line,
            (found.start("first"), found.end("last" if found["last"] else "first")),
        )
        for found in _ANCHOR.finditer(text)
    )


def look(anchor: Anchor, root: Path, document: str | None = None) -> Finding | None:
    """What is wrong with an anchor, or None.

    root: the folder that its path is relative to.  document: the path that a finding shows.
    Codes: anchor-no-file, anchor-range, anchor-no-symbol, anchor-stale; all are errors.
    """

    path = root / anchor.path
    try:
        # A device may have no end.
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
    except OSError:
        text = None
    return judged(anchor, text, document)


def judged(anchor: Anchor, text: str | None, document: str | None = None) -> Finding | None:
    """The same for whoever has the text of the file; None where there is no such file."""
    if text is None:
        code, message, mend = "anchor-no-file", f"there is no file {anchor.path}", "name the file as it is called now"
    else:
        wrong = _out_of_place(anchor, text) if anchor.symbol or anchor.text else _out_of_range(anchor, text)
        if wrong is None:
            return None
        code, message, mend = wrong
    return Finding(code, "error", message, mend, document, anchor.line)


def _out_of_range(anchor: Anchor, text: str) -> tuple[str, str, str] | None:
    count = text.count("\n") + (not text.endswith("\n") and text != "")
    if 1 <= anchor.span.first <= anchor.span.last <= count:
        return None
    return "anchor-range", f"{anchor.path} has {count} lines, and not {anchor.span}", "name lines that it has"


def _out_of_place(anchor: Anchor, text: str) -> tuple[str, str, str] | None:
    found = _found(anchor, text)
    if anchor.symbol and language_of(anchor.path, text):
        what = anchor.symbol
        if anchor.span in found or anchor.span in margin_spans(anchor.path, text, found):
            return None
    else:
        what = anchor.symbol or quoted(anchor.text)
        if any(anchor.span.first == span.first for span in found):
            return _out_of_range(anchor, text)
    if not found:
        likely = meant(anchor.symbol, symbols(anchor.path, text)) if anchor.symbol else None
        mend = f"did you mean {likely}?" if likely else "name what took its place"
        return "anchor-no-symbol", f"{anchor.path} has no {what}", mend
    places = " and ".join(map(str, found))
    places = f"line {places}" if places.isdecimal() else f"lines {places}"
    mend = f"write {anchor.written(found[0])}" if len(found) == 1 else "choose one of them"
    return "anchor-stale", f"{what} is at {places} of {anchor.path}, and not at {anchor.span}", mend


def _found(anchor: Anchor, text: str) -> list[Span]:
    """Where what an anchor names is. Of a language that is not known, a symbol is a word like any other."""
    more = max(anchor.span.last - anchor.span.first, 0)
    if anchor.symbol and language_of(anchor.path, text):
        return symbol_spans(anchor.path, text, anchor.symbol)
    if anchor.symbol:
        return word_spans(text, anchor.symbol, more)
    return text_spans(text, anchor.text or "", more)


def moved(anchor: Anchor, text: str) -> Span | None:
    """Where what an anchor names is now, if that is one place."""
    found = _found(anchor, text) if anchor.symbol or anchor.text else []
    return found[0] if len(found) == 1 else None
