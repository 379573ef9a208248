"""Puts values in the place of ``$NAME`` and ``${NAME:-word}``, as Dockerfiles and shells do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"\\\$|\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+])([^{}]*))?\})")
# A value that is made of itself again and again is nobody's Dockerfile.
_LONGEST = 10_000


def substituted(text: str, values: Mapping[str, str]) -> str:
    """The text with the variables that have a value; the others stay as they are written."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name is None:
            return found[0]
        known = values.get(name)
        operator, word = found[3] or "", found[4] or ""
        if operator.endswith("+"):
            return word if known else ""
        if operator.endswith("-") and not known:
            return word
        return found[0] if known is None else known

    return _VARIABLE.sub(value, text[:_LONGEST])[:_LONGEST] if "$" in text else text


def has_variable(text: str) -> bool:
    """Whether something in it is still to be put in, or is made by a command."""
    return "$" in text or "`" in text


def pairs(value: str) -> list[tuple[str, str]]:
    """The names and values of ENV, ARG and LABEL: ``A=1 B="x y"``, ``A``, or the old form ``A x y``."""
    found = re.findall(r"([^\s=]+)=((?:\"(?:\\.|[^\"\\])*\"|'[^']*'|\\.|[^\s\"'\\])*)", value)
    if found and re.match(r"[^\s=]+=", value):
        return [(name, _plain(word)) for name, word in found]
    name, _, rest = value.partition(" ")
    return [(name, rest.strip())] if name else []


def arguments(value: str) -> list[tuple[str, str]]:
    """The names and default values of ARG, which may name several; an empty value where there is none."""
    words = re.findall(r"(?:\"(?:\\.|[^\"\\])*\"|'[^']*'|\\.|[^\s\"'\\])+", value)
    return [(name, _plain(given)) for name, _, given in (word.partition("=") for word in words) if name]


def _plain(word: str) -> str:
    pieces = re.findall(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|[^\"']+", word)
    return "".join(
        piece[1:-1] if piece[0] in "\"'" and len(piece) > 1 else piece.replace("\\ ", " ") for piece in pieces
    )
