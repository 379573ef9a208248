"""A piece of shell with who runs it, and where each of its lines stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.diagnose.source import Place

if TYPE_CHECKING:
    from greenroom.diagnose.command import Command
    from greenroom.diagnose.held import HeldFile, Line
    from greenroom.diagnose.image import Stage, Step
    from greenroom.diagnose.shell import Script


@dataclass(frozen=True, slots=True)
class ShellText:
    """A piece of shell.

    kind: ``run`` of a Dockerfile, ``start`` that a container runs, ``probe`` of a health check, ``script`` that lies in
    the folder, ``workflow``.  interpreter: who runs it, empty where nothing tells.  lines: where each line was written,
    where that is not the file itself.  step: of a RUN.  at_build: a script that RUN calls, and so once.
    """

    path: str
    script: Script
    kind: str
    interpreter: str = ""
    lines: tuple[Line, ...] | None = None
    step: Step | None = None
    stage: Stage | None = None
    held: HeldFile | None = None
    at_build: bool = False

    @property
    def commands(self) -> tuple[Command, ...]:
        """Its commands in order."""
        return self.script.commands

    def place(self, line: int) -> Place:
        """Where a line of it stands."""
        if self.lines is not None:
            return self.lines[min(max(line, 1), len(self.lines)) - 1][1] if self.lines else Place(self.path, 1)
        return Place(self.path, line)

    def option(self, letter: str, name: str) -> bool:
        """Whether an option of the shell is set for all of it: ``e`` or ``errexit``, ``pipefail`` alone by its name."""
        for command in self.commands:
            if command.name == "set" and not command.around:
                for index, word in enumerate(command.words):
                    if word == "-o" and name in command.words[index + 1 : index + 2]:
                        return True
                    if letter and re.fullmatch(r"-[a-z]*", word) and letter in word[1:]:
                        return True
                    if re.fullmatch(r"-[a-z]*o", word) and name in command.words[index + 1 : index + 2]:
                        return True
        if self.step is not None:
            return letter == "e" or name in " ".join(self.step.shell)
        first = self.script.text.partition("\n")[0] if self.kind in ("start", "script") else ""
        return bool(letter) and first.startswith("#!") and bool(re.search(rf"\s-[a-z]*{letter}", first))
