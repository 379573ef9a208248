"""What ``.dockerignore`` keeps out of the build context, and ``.gitignore`` out of the repository."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from greenroom.diagnose.source import Place, SourceFile

# A pattern that is longer, or crosses more folders, is nobody's, and could be tried for hours.
_LONGEST = 500
_MOST_CROSSING = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern. brings_back: it begins with ``!``."""

    pattern: str
    place: Place
    brings_back: bool


class Rules:
    """The patterns of a file, in order. Each path is looked at once, however many images are made of it."""

    def __init__(self, found: tuple[Rule, ...]) -> None:
        self._ordered = tuple((rule, _or_below(rule.pattern)) for rule in reversed(found))
        self._any = re.compile("|".join(expression.pattern for _, expression in self._ordered), re.DOTALL)
        self._known: dict[str, Rule | None] = {}

    def __bool__(self) -> bool:
        return bool(self._ordered)

    def keeping_out(self, path: str) -> Rule | None:
        """The pattern that keeps a path out; None where it comes in. The last one that matches counts."""
        if path not in self._known:
            ordered = self._ordered if self._any.fullmatch(path) else ()
            last = next((rule for rule, expression in ordered if expression.fullmatch(path)), None)
            self._known[path] = None if last is None or last.brings_back else last
        return self._known[path]


@functools.lru_cache(maxsize=32)
def rules(source: SourceFile | None, *, anywhere: bool = False) -> Rules:
    """The patterns of a file; none where there is no file. anywhere: as git does, a mere name counts in all folders."""
    found = []
    for number, line in enumerate(source.lines if source else (), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            written = text.removeprefix("!").strip()
            pattern = written.strip("/").removeprefix("./")
            pattern = f"**/{pattern}" if anywhere and "/" not in written.rstrip("/") else pattern
            found.append(Rule(pattern, Place(source.path if source else "", number), text.startswith("!")))
    return Rules(tuple(found))


@functools.lru_cache(maxsize=2048)
def matcher(pattern: str) -> re.Pattern[str]:
    """A pattern of COPY as an expression over paths."""
    return _expression(pattern)


def _fixed(pattern: str, index: int) -> tuple[str, int]:
    """What stands between a star and the next star or slash, as an expression, and where it ends."""
    made = ""
    while index < len(pattern) and pattern[index] not in "*/":
        letter, index = _letter(pattern, index)
        made += letter
    if made and index == len(pattern):
        return f"{made}(?=/|$)", index  # the name ends here
    return (f"{made}(?=/)" if made and pattern[index] == "/" else made), index


def _letter(pattern: str, index: int) -> tuple[str, int]:
    """One letter, ``?`` or ``[...]`` as an expression, and where it ends."""
    letter = pattern[index]
    if letter == "?":
        return "[^/]", index + 1
    if letter == "[" and (end := pattern.find("]", index + 2)) > 0:
        inner = pattern[index + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
        return f"[{inner}]", end + 1
    return re.escape(letter), index + 1


def _or_below(pattern: str) -> re.Pattern[str]:
    """The same for what lies in a folder of that name, too."""
    return re.compile(rf"(?:{_expression(pattern).pattern})(?:/.*)?", re.DOTALL)


@functools.lru_cache(maxsize=2048)
def _expression(pattern: str) -> re.Pattern[str]:
    """Go's ``filepath.Match`` with ``**`` as an expression."""
    made, index = "", 0
    pattern = re.sub(r"\*{3,}", "**", re.sub(r"(?:\*\*/)+", "**/", pattern[:_LONGEST]))
    if pattern.count("**") > _MOST_CROSSING:
        return re.compile(re.escape(pattern), re.DOTALL)
    while index < len(pattern):
        if pattern.startswith("**/", index):
            made, index = made + "(?:[^/]+/){0,40}", index + 3
        elif pattern.startswith("**", index):
            made, index = made + ".*", index + 2
        elif pattern[index] == "*":
            fixed, index = _fixed(pattern, index + 1)
            # The first place where what follows fits is as good as any other: no way back is tried.
            made += f"(?>[^/]*?{fixed})" if fixed else "[^/]*"
        else:
            letter, index = _letter(pattern, index)
            made += letter
    try:
        return re.compile(made, re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern), re.DOTALL)
