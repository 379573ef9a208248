"""Reads a Dockerfile into instructions with the lines on which they stand.

The grammar is the one of BuildKit's parser: lines, continued by a backslash; comments and empty lines between continued
lines fall away; heredocs after RUN, COPY and ADD. tests/diagnose/test_dockerfile.py compares the result with BuildKit's
own parser. It is written here because that one is a library in Go, without wheels for ARM.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.diagnose.source import SourceFile

KEYWORDS = frozenset(
    [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ]
)
_HEREDOC = re.compile(r"(?<![<\w])<<(-?)\s*([\"']?)([A-Za-z_][A-Za-z0-9_]*)\2")
_FLAG = re.compile(r"\s*--([a-z][a-z.-]*)(?:=(\S*))?(?=\s|$)")
_CONTINUED = re.compile(r"\\[ \t]*$")
# No builder makes an image of as many layers, and no line is as long. What is behind is not looked at.
_MOST = 1_000
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A document inside an instruction. line: of its first line.  literal: variables in it stay as they are."""

    name: str
    lines: tuple[str, ...]
    line: int
    literal: bool


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    keyword: in capitals.  flags: ``chmod`` to ``755``, several mounts with a space between them.  value: what follows
    them, on one line.  line, end: its first and last line.  body: the value on as many lines as it has, with keyword
    and flags blanked out, so that row n of a parser is line + n.  words: the JSON form, None for the shell form.
    """

    keyword: str
    flags: dict[str, str]
    value: str
    line: int
    end: int
    body: str
    words: tuple[str, ...] | None
    heredocs: tuple[Heredoc, ...] = ()

    def line_of(self, text: str) -> int:
        """The line on which a part of the value stands; the first one where it is not found."""
        rows = self.body.split("\n")
        return self.line + next((row for row, line in enumerate(rows) if text in line), 0)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an image cannot be built from this file at all. code: of the finding."""

    line: int
    message: str
    mend: str
    code: str = "dockerfile-invalid"


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A file with its instructions, and what makes it invalid."""

    source: SourceFile
    instructions: tuple[Instruction, ...]
    faults: tuple[Fault, ...]


def parse(source: SourceFile) -> Dockerfile:
    """Read a file. It never fails: what is wrong is among the faults."""
    found: list[Instruction] = []
    faults: list[Fault] = []
    lines = tuple(line[:_LONGEST] for line in (source.lines[:-1] if source.lines[-1:] == ("",) else source.lines))
    row = 0
    while row < len(lines) and len(found) < _MOST:
        if not lines[row].strip() or lines[row].lstrip().startswith("#"):
            row += 1
            continue
        first, logical = row, []
        while True:
            logical.append(lines[row])
            row += 1
            if not _CONTINUED.search(logical[-1]):
                break
            while row < len(lines) and (not lines[row].strip() or lines[row].lstrip().startswith("#")):
                logical.append("\\")  # it falls away, and what is behind it keeps its line
                row += 1
            if row >= len(lines):
                break
        keyword = (logical[0].split() or [""])[0].upper()
        if keyword not in KEYWORDS:
            faults.append(_unknown(keyword, first, lines))
            continue
        documents: list[Heredoc] = []
        if keyword in ("RUN", "COPY", "ADD"):
            row = _heredocs(_joined(logical), lines, row, documents, faults)
        found.append(_instruction(keyword, logical, first + 1, row, tuple(documents)))
    return Dockerfile(source, tuple(found), (*faults, *_structure(found, source)))


def _heredocs(text: str, lines: tuple[str, ...], row: int, into: list[Heredoc], faults: list[Fault]) -> int:
    """Take the documents that a line opens; gives the row behind the last one."""
    for dash, quote, name in _HEREDOC.findall(_without_quotes(text)):
        begin = row
        while row < len(lines) and (lines[row].lstrip("\t") if dash else lines[row]) != name:
            row += 1
        if row >= len(lines):
            faults.append(Fault(begin, f"the document <<{name} has no end", f"end it with a line {name}"))
            return row
        body = tuple(line.lstrip("\t") if dash else line for line in lines[begin:row])
        into.append(Heredoc(name, body, begin + 1, bool(quote)))
        row += 1
    return row


def _without_quotes(text: str) -> str:
    """Text with what stands in quotes replaced, but for the quotes of a document's name."""
    return re.sub(r"(?<!<)(?<!<-)(\"[^\"]*\"|'[^']*')", lambda found: "_" * len(found[0]), text)


def _instruction(keyword: str, logical: list[str], line: int, end: int, documents: tuple[Heredoc, ...]) -> Instruction:
    body = "\n".join(logical)
    start = len(body) - len(body.lstrip()) + len(keyword)
    flags: dict[str, str] = {}
    while keyword in ("FROM", "RUN", "COPY", "ADD", "HEALTHCHECK"):
        skipped = re.compile(r"(?:\s|\\\n)*").match(body, start)
        flag = _FLAG.match(body, skipped.end() if skipped else start)
        if flag is None:
            break
        # RUN may have several mounts
        flags[flag[1]] = f"{flags[flag[1]]} {flag[2]}" if flag[1] == "mount" in flags else flag[2] or ""
        start = flag.end()
    body = re.sub(r"[^\n\\]", " ", body[:start]).replace("\\\n", "\\\n") + body[start:]
    value = _joined(body.split("\n")).strip()
    inner = value
    if keyword == "HEALTHCHECK":
        inner = re.sub(r"^CMD\b", "", value, flags=re.IGNORECASE).strip()
    return Instruction(keyword, flags, value, line, end, body, _json(keyword, inner), documents)


def _joined(lines: list[str]) -> str:
    return "".join(_CONTINUED.sub("", line) for line in lines)


def _json(keyword: str, value: str) -> tuple[str, ...] | None:
    if keyword not in ("CMD", "ENTRYPOINT", "RUN", "SHELL", "VOLUME", "COPY", "ADD", "HEALTHCHECK"):
        return None
    if not value.startswith("["):
        return None
    try:
        words = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return tuple(words) if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def _unknown(keyword: str, row: int, lines: tuple[str, ...]) -> Fault:
    """A line that begins with no instruction: mostly the rest of one whose backslash is missing."""
    before = row - 1
    while before >= 0 and (not lines[before].strip() or lines[before].lstrip().startswith("#")):
        before -= 1
    goes_on = lines[row][:1].isspace() or lines[row].startswith(("&&", "||", "|", "-"))
    if before >= 0 and goes_on and not _CONTINUED.search(lines[before]):
        return Fault(
            before + 1,
            f"the line ends without a backslash, so the next one is read as an instruction {keyword!r:.40}",
            "end it with \\",
            "continuation-missing",
        )
    return Fault(row + 1, f"{keyword!r:.40} is no instruction", "see the Dockerfile reference for what there is")


def _structure(found: list[Instruction], source: SourceFile) -> list[Fault]:
    if not found:
        return [Fault(1, f"{source.path} holds no instruction", "begin it with FROM")]
    faults = [Fault(one.line, f"{one.keyword} says nothing", "complete it") for one in found if not one.value]
    before = next((one for one in found if one.keyword not in ("ARG", "FROM")), None)
    first = next((one for one in found if one.keyword == "FROM"), None)
    if first is None or (before is not None and before.line < first.line):
        where = before or found[0]
        faults.append(Fault(where.line, f"{where.keyword} stands before the first FROM", "begin with FROM IMAGE:TAG"))
    return faults
