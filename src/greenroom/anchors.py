"""Places in code that a document names, and whether they are still there.

An anchor reads ``**Label**: `path:A-B` - `symbol` text``, or `` `path:A` `` for one line. The symbol is the truth and
the lines are a cache of it: what follows ' - ' decides. A symbol in backticks must span exactly A to B; a quoted text
must be the beginning of line A; with neither, A and B must lie inside the file.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from greenroom.errors import closest, quoted
from greenroom.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# What a path looks like: it has a folder, a suffix that begins with a letter, or is written large as Dockerfile is.
# So `localhost:8188`, `127.0.0.1:80` and `python:3` are none.
_FILE = r"(?:[^`\s:]*/[^`\s:]*|[^`\s:]*\.[A-Za-z][^`\s:]*|[A-Z][^`\s:]*)"
_ANCHOR = re.compile(
    r"(?:\*\*(?P<label>[^*]+)\*\*: )?"
    rf"`(?P<path>{_FILE}):(?P<first>[1-9]\d{{0,8}})(?:-(?P<last>[1-9]\d{{0,8}}))?`"
    r'(?: - (?:`(?P<symbol>[^`]+)`|"(?P<text>[^"]+)"))?'
)
_SHELL = (r"^(?:function\s+{name}\b|{name}\s*\(\s*\))",)
_SCRIPT = (
    r"^(?:export\s+)?(?:default\s+)?(?:async\s+)?function\s*\*?\s*{name}\b",
    r"^(?:export\s+)?(?:default\s+)?(?:abstract\s+)?(?:class|interface|enum|namespace)\s+{name}\b",
    r"^(?:export\s+)?(?:const|let|var|type)\s+{name}\b",
)
_GO = (r"^func\s+(?:\([^)]*\)\s*)?{name}\b", r"^(?:type|var|const)\s+{name}\b")
# How a definition begins, by the suffix of its file. It ends at the first brace that stands alone at the margin.
_BEGINNINGS = {
    **dict.fromkeys((".sh", ".bash"), _SHELL),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".ts"), _SCRIPT),
    ".go": _GO,
}
_MARGIN = re.compile(r"^[})\]]+[;,)]*\s*$")
_STAGE = re.compile(r"^FROM\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of a file, from 1, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place that a document names. symbol or text: what must be there.  line: of the document, where it says so."""

    path: str
    span: Span
    symbol: str | None = None
    text: str | None = None
    label: str | None = None
    line: int | None = field(default=None, compare=False)

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
    if anchor.span.first <= anchor.span.last <= count:
        return None
    return "anchor-range", f"{anchor.path} has {count} lines, and not {anchor.span}", "name lines that it has"


def _out_of_place(anchor: Anchor, text: str) -> tuple[str, str, str] | None:
    if anchor.symbol:
        what, found = anchor.symbol, symbol_spans(anchor.path, text, anchor.symbol)
        if anchor.span in found:
            return None
    else:
        what, found = quoted(anchor.text), text_spans(text, anchor.text or "", anchor.span.last - anchor.span.first)
        if any(anchor.span.first == span.first for span in found):
            return _out_of_range(anchor, text)
    if not found:
        meant = closest(anchor.symbol, symbols(anchor.path, text)) if anchor.symbol else None
        mend = f"did you mean {meant}?" if meant else "name what took its place"
        return "anchor-no-symbol", f"{anchor.path} has no {what}", mend
    places = " and ".join(map(str, found))
    mend = f"write {anchor.written(found[0])}" if len(found) == 1 else "choose one of them"
    return "anchor-stale", f"{what} is at lines {places} of {anchor.path}, and not at {anchor.span}", mend


def symbol_spans(path: str, text: str, symbol: str) -> list[Span]:
    """Where a file defines a symbol; of Python a class, function, method or variable, such as ``Class.method``."""
    name = path.rpartition("/")[2]
    if name.endswith((".py", ".pyi")):
        return [span for defined, span in _python(text) if defined == symbol]
    lines = text.split("\n")
    if name.startswith("Dockerfile") or name.endswith((".Dockerfile", ".dockerfile")):
        return list(_stages(lines, symbol))
    beginnings = _BEGINNINGS.get(f".{name.rpartition('.')[2]}", _SHELL)
    patterns = [re.compile(beginning.format(name=re.escape(symbol))) for beginning in beginnings]
    return [
        Span(number, _end(lines, number))
        for number, line in enumerate(lines, 1)
        if any(pattern.match(line) for pattern in patterns)
    ]


def text_spans(text: str, beginning: str, more: int = 0) -> list[Span]:
    """The lines that begin with a text, indented or not; each with so many more behind it."""
    return [
        Span(number, number + more)
        for number, line in enumerate(text.split("\n"), 1)
        if line.startswith(beginning) or line.lstrip().startswith(beginning)
    ]


def symbols(path: str, text: str) -> list[str]:
    """What a Python file defines, by its full names; of other languages nothing is listed."""
    return [name for name, _ in _python(text)] if path.endswith((".py", ".pyi")) else []


def _python(text: str) -> list[tuple[str, Span]]:
    """All definitions with their spans, decorators included; empty for what is no Python."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of that file, and not of the document
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    return list(_defined(tree.body, ""))


def _defined(body: Iterable[ast.stmt], within: str) -> Iterator[tuple[str, Span]]:
    for node in body:
        last = node.end_lineno or node.lineno
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                yield f"{within}{node.name}", Span(first, last)
                yield from _defined(node.body, f"{within}{node.name}.")
            case ast.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield f"{within}{target.id}", Span(node.lineno, last)
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield f"{within}{name}", Span(node.lineno, last)
            case ast.If() | ast.Try() | ast.With():
                for part in ("body", "handlers", "orelse", "finalbody"):
                    for inner in getattr(node, part, ()):
                        yield from _defined(inner.body if isinstance(inner, ast.ExceptHandler) else [inner], within)


def _stages(lines: list[str], symbol: str) -> Iterator[Span]:
    """A stage of a Dockerfile: from its FROM to the line before the next one, without the empty lines between."""
    begins = [number for number, line in enumerate(lines, 1) if _STAGE.match(line)]
    for begin, following in pairwise([*begins, len(lines) + 1]):
        if re.search(rf"\sAS\s+{re.escape(symbol)}\s*$", lines[begin - 1], re.IGNORECASE):
            yield Span(begin, _last_written(lines, begin, following - 1))


def _last_written(lines: list[str], first: int, last: int) -> int:
    while last > first and not lines[last - 1].strip():
        last -= 1
    return last


def _end(lines: list[str], first: int) -> int:
    """The last line of a definition: its first, where that closes what it opens."""
    begun = lines[first - 1]
    opens = any(begun.count(bracket) > begun.count(closing) for bracket, closing in ("{}", "()", "[]"))
    alone = "{" not in begun and first < len(lines) and lines[first].startswith("{")
    if not (opens or alone):
        return first
    return next((number for number in range(first + 1, len(lines) + 1) if _MARGIN.match(lines[number - 1])), first)
