"""What ``.dockerignore`` keeps out of the build context."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from greenroom.diagnose.source import Place, SourceFile


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern. brings_back: it begins with ``!``."""

    pattern: str
    place: Place
    brings_back: bool

    def matches(self, path: str) -> bool:
        """Whether it names the path or a folder above it."""
        parts = path.split("/")
        expression = _expression(self.pattern)
        return any(expression.fullmatch("/".join(parts[:count])) for count in range(1, len(parts) + 1))


def rules(source: SourceFile | None) -> tuple[Rule, ...]:
    """The patterns of a file, in order; none where there is no file."""
    found = []
    for number, line in enumerate(source.lines if source else (), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            pattern = text.removeprefix("!").strip().strip("/").removeprefix("./")
            found.append(Rule(pattern, Place(source.path if source else "", number), text.startswith("!")))
    return tuple(found)


def ignored(path: str, patterns: tuple[Rule, ...]) -> Rule | None:
    """The pattern that keeps a path out; None where it comes in. The last one that matches counts."""
    last = next((rule for rule in reversed(patterns) if rule.matches(path)), None)
    return None if last is None or last.brings_back else last


@functools.lru_cache(maxsize=2048)
def matcher(pattern: str) -> re.Pattern[str]:
    """A pattern of COPY as an expression over paths."""
    return _expression(pattern)


@functools.lru_cache(maxsize=2048)
def _expression(pattern: str) -> re.Pattern[str]:
    """Go's ``filepath.Match`` with ``**`` as an expression."""
    made, index = "", 0
    while index < len(pattern):
        letter = pattern[index]
        if pattern.startswith("**/", index):
            made, index = made + "(?:[^/]+/){0,40}", index + 3
        elif pattern.startswith("**", index):
            made, index = made + ".*", index + 2
        elif letter == "*":
            made, index = made + "[^/]*", index + 1
        elif letter == "?":
            made, index = made + "[^/]", index + 1
        elif letter == "[" and (end := pattern.find("]", index + 2)) > 0:
            inner = pattern[index + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            made, index = made + f"[{inner}]", end + 1
        else:
            made, index = made + re.escape(letter), index + 1
    try:
        return re.compile(made)
    except re.error:
        return re.compile(re.escape(pattern))
