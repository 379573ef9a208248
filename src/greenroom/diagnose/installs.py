"""Everything that pip is told: by the stages that are built, at the start, and by nobody here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.diagnose import pip, projects
from greenroom.diagnose.command import Command, with_values
from greenroom.diagnose.interpreters import Pythons, Target
from greenroom.diagnose.recipe import Built, Installed, Recipe
from greenroom.diagnose.shell import Script
from greenroom.diagnose.shell_text import ShellText
from greenroom.diagnose.source import Place
from greenroom.diagnose.variables import substituted

if TYPE_CHECKING:
    from greenroom.diagnose.image import Stage

# One of these is a word of whatever installs something.
_INSTALLS = {"install", "sync", "add", "create", "update"}


def image_installs(recipe: Recipe, built: Built) -> None:
    """Everything that pip is told in the stages that are built, and then at the start."""
    for stage in built.image.used():
        pythons, settings = Pythons(stage), dict[str, str]()
        runs = {id(text.step): text for text in reversed(built.texts) if text.kind == "run"}
        own = {id(step) for step in stage.steps}
        for step in stage.all_steps:
            settings |= pip.brought(step)
            pythons.active = ""
            text = runs.get(id(step)) if id(step) in own else None
            for command in step.commands:
                settings |= pip.configured(command)
                environment = settings | step.environment | dict(command.assigned)
                pythons.see(command, environment, step.workdir)
                if text is not None:
                    _note(recipe, built.installs, command, text, pythons, environment, stage, at_start=False)
        if stage is built.image.final:
            for text in built.start.texts if built.start is not None else ():
                pythons.active = ""
                script_installs(recipe, built.installs, text, pythons, settings | stage.environment, stage)


def script_installs(
    recipe: Recipe,
    into: list[Installed],
    text: ShellText,
    pythons: Pythons,
    environment: dict[str, str],
    stage: Stage | None,
) -> None:
    for command in text.commands:
        environment |= pip.configured(command)
        environment |= {name: substituted(value, environment) for name, value in command.assigned}
        pythons.see(command, environment, stage.workdir if stage else "/")
        _note(recipe, into, command, text, pythons, environment, stage, at_start=True)


def _note(
    recipe: Recipe,
    into: list[Installed],
    command: Command,
    text: ShellText,
    pythons: Pythons,
    environment: dict[str, str],
    stage: Stage | None,
    *,
    at_start: bool,
) -> None:
    if not _INSTALLS & set(command.words) or command.name in ("echo", "printf", "cat"):
        return
    known = with_values(command, environment)
    own = projects.install(known, text.path, recipe.beside, environment)
    if own is not None:
        own = pip.on_linux(pip.placed(own, text.place), None)
        recipe.loose_installs.append(Installed(own, Target("unknown", None), text, stage, at_start))
        return
    found = pip.install(known, text.path, recipe.beside, environment)
    if found is not None and not found.has("--dry-run"):
        found = pip.placed(found, text.place)
        target = pythons.target(found, environment)
        into.append(Installed(pip.on_linux(found, target.python), target, text, stage, at_start))


def unread_requirements(recipe: Recipe) -> None:
    """Files of requirements that nothing here installs: somebody does, with pip and nothing else."""
    read_ones = {one.place.path for installed in recipe.installs for one in installed.install.requirements}
    for path, found in recipe.requirements.items():
        if path not in read_ones and found.requirements:
            place = Place(path, 1)
            command = Command(("pip", "install", "-r", path), (), 1, 1, ())
            install = pip.Install(
                place,
                command,
                "pip",
                found.requirements,
                found.constraints,
                found.index,
                found.extra_indexes,
                found.find_links,
            )
            text = ShellText(path, Script(""), "script")
            install = pip.on_linux(install, None)
            recipe.loose_installs.append(Installed(install, Target("unknown", None), text, None, at_start=False))
