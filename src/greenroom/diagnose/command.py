"""A command of a shell, as the analysers see it."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from greenroom.diagnose.variables import substituted

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where output goes or input comes from. operator: ``>``, ``>>``, ``2>``, ``&>``, ``<``.  target: unquoted."""

    operator: str
    target: str


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command.

    words: unquoted, variables left as they are written.  raw: as they stand.  line: of its first word, last: of its
    last.  before, after: the operator (``&&``, ``||``, ``|``, ``;``, ``&`` or empty) in front of it and behind it.
    around: what it stands in, the outermost first: ``if``, ``loop``, ``function``, ``subshell``, ``condition``, ...
    document: the lines that it reads from a heredoc, with the first one's line; literal: they are not expanded.
    """

    words: tuple[str, ...]
    raw: tuple[str, ...]
    line: int
    last: int
    rows: tuple[int, ...]
    assigned: tuple[tuple[str, str], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    before: str = ""
    after: str = ""
    around: tuple[str, ...] = ()
    document: tuple[tuple[str, int], ...] = ()
    literal: bool = True
    # Its words without what only starts it: ``sudo``, ``exec``, ``nohup``, ``env A=1``, ``time``, ``tini --``; and the
    # name of what is run so. Both are asked for by all analysers, and so made once.
    plain: tuple[str, ...] = field(init=False, compare=False)
    program: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        plain = _plain(self.words)
        object.__setattr__(self, "plain", plain)
        object.__setattr__(self, "program", plain[0].rsplit("/", 1)[-1] if plain else "")

    @property
    def name(self) -> str:
        """The program without its folder; empty for a mere assignment."""
        return self.words[0].rsplit("/", 1)[-1] if self.words else ""

    def has(self, *flags: str) -> bool:
        """Whether any of these words is among its arguments."""
        return any(word in flags or word.split("=", 1)[0] in flags for word in self.words[1:])

    def option(self, *names: str) -> str | None:
        """What an option is set to: ``--name value``, ``--name=value`` or ``-n value``."""
        for index, word in enumerate(self.words):
            if word in names and index + 1 < len(self.words):
                return self.words[index + 1]
            name, given, value = word.partition("=")
            if given and name in names:
                return value
        return None


@functools.lru_cache(maxsize=16_384)
def _plain(given: tuple[str, ...]) -> tuple[str, ...]:
    words = list(given)
    while words:
        name = words[0].rsplit("/", 1)[-1]
        if name in ("sudo", "exec", "nohup", "time", "command", "tini", "dumb-init", "env", "xvfb-run", "stdbuf"):
            words.pop(0)
            while words and (words[0].startswith("-") or (name == "env" and "=" in words[0])):
                words.pop(0)
        elif name == "timeout" and len(words) > 2:
            del words[:2]
        else:
            break
    return tuple(words)


def unquoted(word: str) -> str:
    """A word without its quotes; variables stay as they are written."""
    if "'" not in word and '"' not in word:
        return word.replace("\\\n", "").replace("\\ ", " ") if "\\" in word else word
    if len(word) > 1 and word[0] == word[-1] == "'" and "'" not in word[1:-1]:
        return word[1:-1]
    if len(word) > 1 and word[0] == word[-1] == '"' and '"' not in word[1:-1].replace('\\"', ""):
        return re.sub(r"\\([\"\\$`])", r"\1", word[1:-1])
    pieces = re.findall(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|[^'\"]+", word)
    return "".join(unquoted(piece) if piece[0] in "'\"" and len(piece) > 1 else piece for piece in pieces)


def with_values(command: Command, values: Mapping[str, str]) -> Command:
    """The same command with the variables that have a value put in."""
    words = tuple(substituted(word, values) for word in command.words)
    return command if words == command.words else replace(command, words=words)
