"""What an operation's entry says, in words: what was run, why, with what, what went not as it should, how it ended."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Masking = Callable[[str], str]

# Lines of output that a failure keeps.
LINES = 20
_LONGEST_LINE = 300
_LONGEST_PART = 600
_COLOURS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
_BACKTICKS = re.compile(r"`+")
# Words of options and variables that hold what nobody else may know.
_SECRET_OPTION = re.compile(r"--?[\w-]*(?:key|token|secret|passw|passphrase|credential|auth)[\w-]*", re.IGNORECASE)
HIDDEN = "********"


def plain(text: str) -> str:
    """A text as a field of an entry takes it: no colours of a terminal, nothing that would be a tag or a link."""
    shown = "".join(letter if letter.isprintable() or letter in "\n\t" else " " for letter in _COLOURS.sub("", text))
    return shown.replace("|TASK:", "TASK:").replace("|ERROR:", "ERROR:").replace("](", "] (").replace("<!--", "<! --")


def short(text: str) -> str:
    """A text on one line, cut where it is very long."""
    said = " ".join(plain(text).split())
    return said if len(said) <= _LONGEST_PART else f"{said[: _LONGEST_PART - 1]}…"


def command_line(arguments: Sequence[str], mask: Masking) -> str:
    """A command as one would type it, without its secrets. arguments: behind ``greenroom``."""
    words = ["greenroom"]
    hides = False
    for argument in arguments:
        name, sign, value = argument.partition("=")
        is_secret = bool(_SECRET_OPTION.fullmatch(name))
        if hides and not argument.startswith("-"):
            words.append(HIDDEN)
        elif is_secret and sign and value:
            words.append(f"{name}={HIDDEN}")
        else:
            words.append(shlex.quote(mask(argument)))
        hides = is_secret and not sign
    return " ".join(words)


def code(text: str) -> str:
    """A text on one line as code, whatever backticks it has."""
    shown = " ".join(plain(text).split())
    marks = "`" * (1 + max((len(found) for found in _BACKTICKS.findall(shown)), default=0))
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{marks}{space}{shown}{space}{marks}"


def listed(parts: Iterable[str]) -> str:
    """One thing in a line; several as a list."""
    said = list(dict.fromkeys(filter(None, map(short, parts))))
    if len(said) < 2:
        return said[0] if said else ""
    return "\n".join([f"{len(said)} of them:", *(f"- {part}" for part in said)])


def last_lines(lines: Iterable[str]) -> str:
    """The end of what was said, in a fence that nothing in it closes; empty for nothing."""
    kept = [line[:_LONGEST_LINE].rstrip() for line in plain("\n".join(lines)).splitlines() if line.strip()][-LINES:]
    if not kept:
        return ""
    longest = max((len(found) for line in kept for found in _BACKTICKS.findall(line)), default=0)
    marks = "`" * max(3, longest + 1)
    return "\n".join([f"{marks}text", *kept, marks])


def without_places(root: Path) -> Masking:
    """Takes out of a text where on this machine the ledger and the home folder are: a path in them begins there."""
    places = [(str(root), "."), (str(root.resolve()), ".")]
    try:
        home = Path.home()
    except RuntimeError:  # nobody knows it
        home = Path("/")
    places += [(str(home), "~"), (str(home.resolve()), "~")]
    patterns = [
        (re.compile(rf"(?<![\w.~-]){re.escape(place)}(?=/|$|[^\w.-]|\.(?:\s|$))"), mark)
        for place, mark in dict.fromkeys(places)
        if place != "/"
    ]

    def shown(text: str) -> str:
        for pattern, mark in patterns:
            text = pattern.sub(mark, text)
        return text

    return shown
