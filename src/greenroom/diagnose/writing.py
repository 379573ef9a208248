"""Follows what RUN writes, line by line, and what it changes, moves and removes."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.diagnose.held import Held, HeldFile, Line, Write
from greenroom.diagnose.ignoring import matcher
from greenroom.diagnose.source import Place
from greenroom.diagnose.variables import has_variable, substituted

if TYPE_CHECKING:
    from greenroom.diagnose.command import Command
    from greenroom.diagnose.image import Step


# What they name was there before, or is what their redirect says.
_HARMLESS = ("chmod", "chown", "rm", "mkdir", "test", "[", "ls", "cat", "echo", "printf", "set")


def run(path: str, step: Step, into: Held) -> None:
    """Go through the commands of a RUN and follow what they write."""
    folder = step.workdir
    values = dict(step.environment)
    printed: tuple[Line, ...] | None = None  # by the command before, for tee
    for command in step.commands:
        values |= {name: substituted(value, values) for name, value in command.assigned}
        words = tuple(substituted(word, values) for word in command.words)
        if command.name == "cd" and len(words) > 1 and "subshell" not in command.around:
            folder = posixpath.normpath(posixpath.join(folder, words[1]))
            continue
        written = written_by(command, words, path)
        if command.program == "tee" and command.before == "|":
            written = printed
        printed = written
        targets = [(substituted(target, values), empties) for target, empties in targets_of(command)]
        targets = [(target, empties) for target, empties in targets if target and not target.startswith(("/dev/", "&"))]
        for target, empties in targets:
            _write(posixpath.normpath(posixpath.join(folder, target)), written, empties, command, step, path, into)
        _handle(command, words, folder, into)
        if command.program not in _HARMLESS:
            _note(command, words, folder, into)


def _handle(command: Command, words: tuple[str, ...], folder: str, into: Held) -> None:
    """Follow a command that changes, moves or removes files."""
    if command.program in ("chmod", "chown"):
        _change(words, folder, into)
    elif command.program in ("cp", "mv", "install", "ln") and len(words) > 2:
        _move(command.program, words, folder, into)
    elif command.program == "rm":
        for word in words[1:]:
            into.files.pop(posixpath.normpath(posixpath.join(folder, word)), None)
    elif command.program == "sed" and command.has("-i"):
        file = into.get(posixpath.join(folder, words[-1]))
        if file is not None:
            _edit(file, words)


def _note(command: Command, words: tuple[str, ...], folder: str, into: Held) -> None:
    """Note every path that a command names: it may have made it."""
    for word in words[1:]:
        value = word.partition("=")[2] if word.startswith("-") else word
        if value and not value.startswith("-"):
            into.opaque.add(posixpath.normpath(posixpath.join(folder, value)) if "://" not in value else value)
    if command.program in ("git", "tar", "unzip", "make", "python", "python3", "bash", "sh", "wget", "curl"):
        into.opaque.add(folder)


def _write(
    target: str, written: tuple[Line, ...] | None, empties: bool, command: Command, step: Step, path: str, into: Held
) -> None:
    place = Place(path, command.line)
    if written is not None:
        into.writes.append(Write(target, place, written, empties, command, step))
    file = into.files.get(target)
    if file is None or empties:
        runs = file.executable if file is not None else False
        file = into.files[target] = HeldFile(target, place, [], mode=runs)
    file.written = None if written is None or file.lines is None else [*file.lines, *written]


def targets_of(command: Command) -> list[tuple[str, bool]]:
    """The files that a command's output goes to, each with whether it is emptied before."""
    found = [(one.target, one.operator == ">") for one in command.redirects if one.operator in (">", ">>", "&>", "&>>")]
    if command.program == "tee":
        appends = command.has("-a", "--append")
        found += [(word, not appends) for word in command.plain[1:] if not word.startswith("-")]
    return found


def written_by(command: Command, words: tuple[str, ...], path: str) -> tuple[Line, ...] | None:
    """The lines that a command prints; None where they are not known."""
    place = Place(path, command.line)
    if command.document and command.name in ("cat", "tee"):
        return tuple((text, Place(path, line)) for text, line in command.document)
    if command.name == "echo":
        rest = list(words[1:])
        escaped = False
        while rest and re.fullmatch(r"-[neE]+", rest[0]):
            escaped = escaped or "e" in rest.pop(0)
        text = " ".join(rest)
        # dash, which is /bin/sh in most images, expands \n without -e.
        pieces = re.split(r"\n|\\n", text) if escaped or "\\n" in text else text.split("\n")
        return tuple((piece, place) for piece in pieces)
    if command.name == "printf" and len(words) > 1:
        pattern, rest = words[1], list(words[2:])
        if re.fullmatch(r"(%s\\n|%s|%b\\n|%b)", pattern) and rest:
            rows = list(command.rows[2:]) if len(command.rows) == len(words) else []
            pieces = [piece for word in rest for piece in re.split(r"\\n|\n", word)] if pattern[1] == "b" else rest
            if len(rows) == len(pieces):
                return tuple((piece, Place(path, row)) for piece, row in zip(pieces, rows, strict=True))
            return tuple((piece, place) for piece in pieces)
        text = pattern
        for word in rest:
            text = text.replace("%s", word, 1)
        pieces = re.split(r"\\n|\n", text)
        return tuple((piece, place) for piece in (pieces[:-1] if pieces[-1] == "" else pieces))
    return None


def _change(words: tuple[str, ...], folder: str, into: Held) -> None:
    arguments = [word for word in words[1:] if not re.fullmatch(r"-[RvfcH]+|--\w+", word)]
    if len(arguments) < 2:
        return
    mode, *targets = arguments
    for target in targets:
        whole = posixpath.normpath(posixpath.join(folder, target))
        wild = matcher(whole) if re.search(r"[*?\[]", whole) else None
        for path, file in into.files.items():
            below = path.startswith(whole.rstrip("/") + "/") and "-R" in words
            if path == whole or below or (wild is not None and wild.fullmatch(path)) or has_variable(target):
                if words[0].endswith("chmod"):
                    executes = mode_executes(mode)
                    file.mode = executes if executes is not None else file.mode
                else:
                    file.owner = mode


def mode_executes(mode: str) -> bool | None:
    """Whether a mode lets everybody execute; None where it does not say."""
    if re.fullmatch(r"[0-7]{3,4}", mode):
        return bool(int(mode, 8) & 0o111)
    if re.search(r"[+=][rwXst]*x", mode):
        return True
    return False if re.search(r"-[rw]*x", mode) else None


def _move(program: str, words: tuple[str, ...], folder: str, into: Held) -> None:
    arguments = [word for word in words[1:] if not word.startswith("-")]
    if len(arguments) != 2:
        return
    source, target = (posixpath.normpath(posixpath.join(folder, word)) for word in arguments)
    file = into.files.get(source)
    if file is None:
        return
    if arguments[1].endswith("/"):
        target = posixpath.join(target, posixpath.basename(source))
    into.files[target] = replace(file, path=target)
    if program == "install":
        into.files[target].mode = True
    if program == "mv":
        into.files.pop(source, None)


def _edit(file: HeldFile, words: tuple[str, ...]) -> None:
    """What ``sed -i`` does is not followed, but for taking carriage returns away."""
    if any("\\r" in word for word in words):
        file.mode, file.written = file.executable, file.lines
    else:
        file.mode, file.written = file.executable, None
    file.origin, file.folder = "", None
