"""Code without what it quotes: braces in strings, templates, comments and here-documents open and close nothing.

Each reader gives a text with as many lines. What was quoted is QUOTED, comments are spaces, and a line that begins
within something quoted begins with WITHIN. All take linear time, and none fails on any text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

QUOTED = "\x01"
WITHIN = "\x02"

_CHARACTER = re.compile(r"[^\n]")
_COMMENT = r"//[^\n]*|/\*(?:.*?\*/|.*\Z)"
# Of several lines where the language has such; what is not closed goes to the end.
_QUOTE = r"'(?:\\.[^'\n]*|[^'\\\n])'"
_C = re.compile(rf"(?P<comment>{_COMMENT})|\"(?:\\.|[^\"\\\n])*\"?|{_QUOTE}", re.DOTALL)
_GO = re.compile(rf"(?P<comment>{_COMMENT})|\"(?:\\.|[^\"\\\n])*\"?|`[^`]*(?:`|\Z)|{_QUOTE}", re.DOTALL)
_RUST = re.compile(rf"(?P<comment>{_COMMENT})|\"(?:\\.|[^\"\\])*(?:\"|\Z)|{_QUOTE}", re.DOTALL)
_SCRIPT = re.compile(
    rf"(?P<comment>{_COMMENT})|(?P<string>\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?)|(?P<mark>[`{{}}])|(?P<slash>/)",
    re.DOTALL,
)
_TEMPLATE = re.compile(r"\\.|`|\$\{", re.DOTALL)
_PATTERN = re.compile(r"/(?:\\[^\n]|\[(?:\\[^\n]|[^\]\\\n])*\]|[^/\\\[\n])+/")
# Behind these an expression begins, so a slash opens a pattern and does not divide.
_BEFORE_PATTERN = frozenset("=(,:;!&|?{[+\n")
_SHELL = re.compile(
    r"\\.|(?P<string>'[^']*(?:'|\Z)|\"(?:\\.|[^\"\\])*(?:\"|\Z))|(?P<comment>(?<![^\s;&|()])#[^\n]*)"
    r"|(?<!<)<<(?P<tabs>-?)[ \t]*(?P<quote>[\"']?)(?P<word>[A-Za-z_]\w*)(?P=quote)",
    re.DOTALL,
)

# From where to where, and whether it is a comment.
_Range = tuple[int, int, bool]


def masked(text: str, kind: str) -> str:
    """The text of a language of this kind: c, go, rust, script or shell."""
    match kind:
        case "script":
            return _without(text, _script(text))
        case "shell":
            return _without(text, _shell(text))
        case _:
            token = {"c": _C, "go": _GO, "rust": _RUST}[kind]
            return _without(text, ((*found.span(), bool(found["comment"])) for found in token.finditer(text)))


def _without(text: str, ranges: Iterator[_Range]) -> str:
    parts: list[str] = []
    at = 0
    for first, last, is_comment in ranges:
        filled = _CHARACTER.sub(" " if is_comment else QUOTED, text[first:last])
        parts += [text[at:first], filled if is_comment else filled.replace("\n", f"\n{WITHIN}")]
        at = last
    return "".join([*parts, text[at:]])


def _script(text: str) -> Iterator[_Range]:
    """Templates may hold code that holds templates: each has its count of open braces."""
    open_braces: list[int] = []
    at = 0
    while found := _SCRIPT.search(text, at):
        at = found.end()
        if found["comment"] or found["string"]:
            yield found.start(), at, bool(found["comment"])
        elif found["slash"]:
            if _begins(text, found.start()) and (pattern := _PATTERN.match(text, found.start())):
                at = pattern.end()
                yield pattern.start(), at, False
        elif found["mark"] == "{" and open_braces:
            open_braces[-1] += 1
        elif found["mark"] == "`" or (found["mark"] == "}" and open_braces and open_braces[-1] == 0):
            if found["mark"] == "}":
                open_braces.pop()
            at, goes_on = _template(text, at)
            if goes_on:
                open_braces.append(0)
            yield found.start(), at, False
        elif found["mark"] == "}" and open_braces:
            open_braces[-1] -= 1


def _template(text: str, at: int) -> tuple[int, bool]:
    """Where the words of a template end, and whether code follows that is part of it."""
    while found := _TEMPLATE.search(text, at):
        at = found.end()
        if found[0] in ("`", "${"):
            return at, found[0] == "${"
    return len(text), False


def _begins(text: str, at: int) -> bool:
    """Whether an expression begins here."""
    at -= 1
    while at >= 0 and text[at] in " \t":
        at -= 1
    return at < 0 or text[at] in _BEFORE_PATTERN or text[max(at - 5, 0) : at + 1] == "return"


def _shell(text: str) -> Iterator[_Range]:
    at = 0
    endless: set[str] = set()  # words that no line ends a here-document with any more
    while found := _SHELL.search(text, at):
        at = found.end()
        if found["string"] or found["comment"]:
            yield found.start(), at, bool(found["comment"])
        elif (word := found["word"]) and word not in endless:
            begin = text.find("\n", at) + 1
            end = re.compile(rf"^{found['tabs'] and chr(9) + '*'}{word}$", re.MULTILINE).search(
                text, begin or len(text)
            )
            if end is None:
                endless.add(word)
            else:
                at = end.end()
                yield begin - 1, at, False
