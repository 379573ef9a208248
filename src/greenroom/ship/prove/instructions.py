"""Where the instructions of a Dockerfile stand: enough to name a line for what a builder says."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEREDOC = re.compile(r"<<-?(['\"]?)(\w+)\1")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. line: its first, from 1.  stage: from 1; 0 before the first FROM.  words: on one line."""

    name: str
    line: int
    stage: int
    words: str


def instructions(text: str) -> tuple[Instruction, ...]:
    """All of them, in order. Comments and empty lines within one are left out, as builders do."""
    found: list[Instruction] = []
    lines = text.splitlines()
    number = stage = 0
    while number < len(lines):
        first = number
        parts: list[str] = []
        while number < len(lines):
            line = lines[number].strip()
            number += 1
            if not line or line.startswith("#"):
                if parts:
                    continue
                break
            parts.append(line.removesuffix("\\").rstrip())
            if not line.endswith("\\"):
                break
        if not parts:
            continue
        words = " ".join(" ".join(parts).split())
        name = words.partition(" ")[0].upper()
        stage += name == "FROM"
        found.append(Instruction(name, first + 1, stage, words))
        for _, end in _HEREDOC.findall(words) if name in {"RUN", "COPY", "ADD"} else ():
            while number < len(lines) and lines[number].strip() != end:
                number += 1
            number += 1
    return tuple(found)


def started(text: str) -> Instruction | None:
    """What says how the container starts: the last ENTRYPOINT, else the last CMD, of the last stage."""
    all_of_them = instructions(text)
    last = [one for one in all_of_them if one.stage == max((each.stage for each in all_of_them), default=0)]
    for name in ("ENTRYPOINT", "CMD"):
        if of_name := [one for one in last if one.name == name]:
            return of_name[-1]
    return None


def exposed(text: str) -> int | None:
    """The first port that the last stage exposes."""
    ports = [one.words.split()[1] for one in instructions(text) if one.name == "EXPOSE"]
    first = ports[0].partition("/")[0] if ports else ""
    return int(first) if first.isdecimal() else None
