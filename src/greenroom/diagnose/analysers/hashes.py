"""A hash compared with what it can never be equal to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, replaced
from greenroom.diagnose.variables import substituted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.recipe import Recipe
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.diagnose.source import Place
    from greenroom.findings import Finding


_DIGITS = {
    "sha256sum": 64,
    "sha1sum": 40,
    "md5sum": 32,
    "sha512sum": 128,
    "sha384sum": 96,
    "sha224sum": 56,
    "b2sum": 128,
}


def hashes(recipe: Recipe) -> Iterator[Finding]:
    """A hash compared with what it can never be equal to."""
    for text in recipe.naming(*_DIGITS):
        values: dict[str, str] = {}
        for index, command in enumerate(text.commands):
            for name, value in command.assigned:
                values[name] = value if "$(" in value or "`" in value else substituted(value, values)
            if command.words[:1] in (("[",), ("[[",), ("test",)):
                yield from _compared(recipe, text, command, values)
            yield from _listed(recipe, text, index, values)


def _compared(recipe: Recipe, text: ShellText, command: Command, values: dict[str, str]) -> Iterator[Finding]:
    operator = next((word for word in command.words if word in ("=", "==", "!=")), None)
    if operator is None:
        return
    index = command.words.index(operator)
    if index < 1 or index + 1 >= len(command.words):
        return
    left, right = (
        substituted(_whole(word, values), values) for word in (command.words[index - 1], command.words[index + 1])
    )
    for told, other in ((left, right), (right, left)):
        sums = next((name for name in _DIGITS if re.search(rf"\b{name}\b", told)), None)
        if sums is None or any(name in other for name in _DIGITS):
            continue
        place = text.place(command.line)
        prefix = re.match(r"(sha256|sha1|md5|sha512)[:=-]", other)
        expected = command.words[index + 1] if other is right else command.words[index - 1]
        name = re.fullmatch(r"\$\{?(\w+)\}?", expected)
        strips = re.search(r"(#|##)(\*:|\*|sha)", expected)
        if (
            prefix
            and not strips
            and prefix[0] not in told.split(sums)[0]
            and f"'{prefix[0]}" not in told
            and f'"{prefix[0]}' not in told
        ):
            patch = None
            if name:
                patch = replaced(recipe.folder, place, expected, f"${{{name[1]}#{prefix[0]}}}")
            yield _never(
                place,
                f"the expected value begins with {prefix[0]!r}, and {sums} prints none: the two are never equal",
                f"compare with ${{{name[1] if name else 'EXPECTED'}#{prefix[0]}}}, or use {sums} -c",
                patch,
            )
        elif not re.search(
            r"cut|awk|head -c|\$\{|%%|read|sed|\bgrep -o|-[a-z]*q", told.replace("${FILE}", "")
        ) and re.search(rf"\$\(\s*{sums}\s+[^|<]*\)", told):
            yield _never(
                place,
                f"{sums} prints the file's name behind the hash, so the two are never equal",
                f"$({sums} FILE | cut -d' ' -f1)",
                None,
            )
        elif (digits := re.fullmatch(r"[0-9a-fA-F]{16,}", other)) and len(digits[0]) != _DIGITS[sums]:
            yield _never(
                place,
                f"{sums} prints {_DIGITS[sums]} digits, and the expected value has {len(digits[0])}: the two are "
                "never equal",
                "take the whole hash, of the same kind",
                None,
            )
        elif digits and other != other.lower() and "tr " not in told and ",," not in expected:
            yield _never(
                place,
                f"{sums} prints small letters, and the expected value has capitals: the two are never equal",
                "write it in small letters",
                None,
            )


def _whole(word: str, values: dict[str, str]) -> str:
    name = re.fullmatch(r"\$\{?(\w+)\}?", word)
    return values.get(name[1], word) if name else word


def _never(place: Place, message: str, mend: str, patch: object) -> Finding:
    from greenroom.findings import Patch

    return error("hash-never-equal", place, message, mend, patch if isinstance(patch, Patch) else None)


def _listed(recipe: Recipe, text: ShellText, index: int, values: dict[str, str]) -> Iterator[Finding]:
    """``echo HASH FILE | sha256sum -c`` with a hash that is none."""
    command = text.commands[index]
    if command.name not in ("echo", "printf") or command.after != "|":
        return
    following = text.commands[index + 1] if index + 1 < len(text.commands) else None
    if following is None or following.program not in _DIGITS or not following.has("-c", "--check"):
        return
    body = substituted(" ".join(command.words[1:]), values)
    prefix = re.match(r"(sha256|sha1|md5|sha512):", body)
    first = body.split()[0] if body.split() else ""
    place = text.place(command.line)
    if prefix:
        patch = replaced(recipe.folder, place, prefix[0], "")
        yield _never(
            place,
            f"{following.program} -c takes no {prefix[0]!r} before the hash: no properly formatted checksum lines "
            "found",
            "leave it out",
            patch,
        )
    elif re.fullmatch(r"[0-9a-fA-F]{16,}", first) and len(first) != _DIGITS[following.program]:
        yield _never(
            place,
            f"{following.program} needs {_DIGITS[following.program]} digits, and this has {len(first)}",
            "take the whole hash, of the same kind",
            None,
        )
