"""What an image will be: its stages, the state in which each instruction runs, the files that it holds."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom.diagnose import shell
from greenroom.diagnose.variables import arguments, pairs, substituted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.dockerfile import Dockerfile, Instruction
    from greenroom.diagnose.shell import Script


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction and the state in which it runs. environment: of ENV, and for RUN of ARG too; arguments: ARG.

    script: the shell that RUN runs, in the shell form or a heredoc.  value: its text with variables put in.
    """

    instruction: Instruction
    environment: dict[str, str]
    workdir: str
    user: str
    shell: tuple[str, ...]
    value: str
    script: Script | None = None

    @property
    def keyword(self) -> str:
        """FROM, RUN, ..."""
        return self.instruction.keyword

    @property
    def commands(self) -> tuple[Command, ...]:
        """What RUN runs."""
        return self.script.commands if self.script is not None else ()

    @property
    def pipefail(self) -> bool:
        """Whether a pipe fails with any of its parts."""
        return "pipefail" in " ".join(self.shell)


@dataclass(slots=True)
class Stage:
    """One FROM and what follows it. base: the image's name, arguments put in.  parent: the stage it goes on from."""

    index: int
    name: str
    base: str
    instruction: Instruction
    parent: Stage | None = None
    steps: list[Step] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = ""
    shell: tuple[str, ...] = ("/bin/sh", "-c")

    @property
    def lineage(self) -> list[Stage]:
        """The stages that it is built from and itself, the first one first."""
        found, stage = [self], self.parent
        while stage is not None:
            found.append(stage)
            stage = stage.parent
        return found[::-1]

    @property
    def root(self) -> str:
        """The image that the first of them begins with."""
        return self.lineage[0].base

    @property
    def all_steps(self) -> list[Step]:
        """Its steps behind those of the stages it goes on from."""
        return [step for stage in self.lineage for step in stage.steps]

    def last(self, keyword: str) -> Step | None:
        """The instruction of this kind that counts: the last one."""
        return next((step for step in reversed(self.all_steps) if step.keyword == keyword), None)


@dataclass(frozen=True, slots=True)
class Image:
    """A Dockerfile as the image that it makes.

    context: the folder that COPY reads from, below the recipe's: empty, or with a slash at its end.  globals: arguments
    before the first FROM.
    """

    dockerfile: Dockerfile
    stages: tuple[Stage, ...]
    context: str
    globals: dict[str, str]

    @property
    def path(self) -> str:
        """The Dockerfile's path."""
        return self.dockerfile.source.path

    @property
    def final(self) -> Stage:
        """The stage that becomes the image."""
        return self.stages[-1]

    def stage(self, name: str) -> Stage | None:
        """A stage by its name or number."""
        for stage in self.stages:
            if name and (stage.name.lower() == name.lower() or str(stage.index) == name):
                return stage
        return None

    def used(self) -> list[Stage]:
        """The stages that the final one needs; BuildKit builds no others."""
        waiting, needed = [self.final], []
        while waiting:
            stage = waiting.pop()
            if stage in needed:
                continue
            needed.append(stage)
            waiting += [stage.parent] if stage.parent else []
            for step in stage.steps:
                source = self.stage(step.instruction.flags.get("from", ""))
                if source is not None and source is not stage:
                    waiting.append(source)
        return sorted(needed, key=lambda stage: stage.index)


def image(dockerfile: Dockerfile, context: str) -> Image | None:
    """The image of a Dockerfile; None where it has no FROM."""
    given: dict[str, str] = {}
    stages: list[Stage] = []
    for instruction in dockerfile.instructions:
        if instruction.keyword == "FROM":
            stages.append(_stage(instruction, stages, given))
        elif not stages:
            if instruction.keyword == "ARG":
                given |= {name: substituted(value, given) for name, value in arguments(instruction.value) if value}
        else:
            _advance(stages[-1], instruction, given)
    return Image(dockerfile, tuple(stages), context, given) if stages else None


def _stage(instruction: Instruction, before: list[Stage], given: dict[str, str]) -> Stage:
    words = substituted(instruction.value, given).split()
    base = words[0] if words else ""
    name = words[2] if len(words) > 2 and words[1].upper() == "AS" else ""
    parent = next((stage for stage in before if stage.name and stage.name.lower() == base.lower()), None)
    made = Stage(len(before), name, base, instruction, parent)
    if parent is not None:
        made.environment = dict(parent.environment)
        made.workdir, made.user, made.shell = parent.workdir, parent.user, parent.shell
    return made


def _advance(stage: Stage, instruction: Instruction, given: dict[str, str]) -> None:
    """Note an instruction with the state before it, then change the state as it says."""
    arguments = _arguments(stage, given)
    seen = {**arguments, **stage.environment}
    value = substituted(instruction.value, seen)
    script = _script(instruction) if instruction.keyword == "RUN" else None
    stage.steps.append(Step(instruction, seen, stage.workdir, stage.user, stage.shell, value, script))
    match instruction.keyword:
        case "ENV":
            stage.environment |= {name: substituted(word, seen) for name, word in pairs(instruction.value)}
        case "WORKDIR":
            stage.workdir = posixpath.normpath(posixpath.join(stage.workdir, value.strip("\"'")))
        case "USER":
            stage.user = value
        case "SHELL":
            stage.shell = instruction.words or stage.shell


def _arguments(stage: Stage, given: dict[str, str]) -> dict[str, str]:
    """What ARG has set so far in this stage; an ARG without a value takes the one from before the first FROM."""
    found: dict[str, str] = {}
    for step in stage.steps:
        if step.keyword == "ARG":
            for name, word in arguments(step.instruction.value):
                value = word or given.get(name, "")
                if value:
                    found[name] = substituted(value, step.environment)
    return found


def _script(instruction: Instruction) -> Script | None:
    if instruction.words is not None:
        words = instruction.words
        if len(words) > 2 and re.fullmatch(r"(/bin/|/usr/bin/)?(ba|da|z)?sh", words[0]) and words[1].startswith("-"):
            return shell.parse(words[2], instruction.line)
        return shell.parse(" ".join(f"'{word}'" for word in words if "'" not in word), instruction.line)
    if instruction.heredocs and re.fullmatch(r"<<-?\s*[\"']?\w+[\"']?", instruction.value):
        document = instruction.heredocs[0]
        if not (document.lines and re.match(r"#!(?!.*\b(ba|da|z)?sh\b)", document.lines[0])):
            return shell.parse("\n".join(document.lines), document.line)
        return None
    text = instruction.body
    for document in instruction.heredocs:
        text += "\n" + "\n".join((*document.lines, document.name))
    return shell.parse(text, instruction.line)


def steps_of(stages: list[Stage]) -> Iterator[tuple[Stage, Step]]:
    """All steps of stages, each with its stage."""
    for stage in stages:
        for step in stage.steps:
            yield stage, step
