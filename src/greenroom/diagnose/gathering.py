"""Reads a folder as a recipe, once."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose import dockerfile, document, shell
from greenroom.diagnose.holding import held
from greenroom.diagnose.image import Image, Stage, Step, image
from greenroom.diagnose.installs import image_installs, script_installs, unread_requirements
from greenroom.diagnose.interpreters import Pythons
from greenroom.diagnose.platform import endpoint, weights
from greenroom.diagnose.recipe import Built, Recipe, Service
from greenroom.diagnose.requirement import listed
from greenroom.diagnose.shell_text import ShellText
from greenroom.diagnose.source import Folder, Place
from greenroom.diagnose.starting import SHELLS, start_of

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.diagnose.dockerfile import Dockerfile
    from greenroom.diagnose.document import Document, Value

_DOCKERFILE = re.compile(r"(?i)(.*/)?(dockerfile|containerfile)([.-][\w.-]+)?|(.*/)?[\w.-]+\.dockerfile")
_REQUIREMENTS = re.compile(r"(?i)(.*/)?([\w.-]*(requirements|constraints)[\w.-]*)\.(txt|in)")
_COMPOSE = re.compile(r"(?i)(.*/)?(docker-)?compose[\w.-]*\.ya?ml")
_WORKFLOW = re.compile(r"(.*/)?\.github/workflows/[^/]+\.ya?ml")


def read(root: Path) -> Recipe:
    """Read a folder. Never fails over what is in it."""
    recipe = Recipe(Folder(root))
    names = recipe.folder.names
    for name in names:
        if _COMPOSE.fullmatch(name):
            _document(recipe, name, recipe.composes)
        elif _WORKFLOW.fullmatch(name):
            _document(recipe, name, recipe.workflows)
    for compose in recipe.composes:
        recipe.services += _services(compose)
    recipe.endpoint = endpoint(_named(recipe, "endpoint.json"), _named(recipe, "hub.json"))
    recipe.weights = weights(_named(recipe, "weights.json"))
    for name in names:
        if _REQUIREMENTS.fullmatch(name) and (source := recipe.folder.read(name)) is not None:
            recipe.requirements[name] = listed(source, recipe.beside)
        if _DOCKERFILE.fullmatch(name) and not name.endswith((".dockerignore", ".md")):
            source = recipe.folder.read(name)
            if source is not None:
                _built(recipe, dockerfile.parse(source))
    _scripts(recipe)
    _workflow_shell(recipe)
    unread_requirements(recipe)
    return recipe


def _named(recipe: Recipe, name: str) -> Document | None:
    path = next((path for path in recipe.folder.names if posixpath.basename(path) == name), None)
    found: list[Document] = []
    if path is not None:
        _document(recipe, path, found)
    return found[0] if found else None


def _document(recipe: Recipe, name: str, into: list[Document]) -> None:
    source = recipe.folder.read(name)
    if source is not None:
        read_one = document.read(source)
        into.append(read_one)
        recipe.documents.append(read_one)


def _built(recipe: Recipe, parsed: Dockerfile) -> None:
    recipe.dockerfiles.append(parsed)
    made = image(parsed, _context(recipe, parsed))
    if made is None:
        return
    holds = held(made, recipe.folder)
    override, where = _override(recipe)
    start = start_of(made, holds[made.final.index], override, where)
    built = Built(made, holds, start)
    for stage in made.stages:
        for step in stage.steps:
            if step.keyword == "RUN" and step.script is not None:
                interpreter = posixpath.basename(step.shell[0]) if step.shell else "sh"
                if step.instruction.heredocs and step.instruction.value.startswith("<<"):
                    first = (step.instruction.heredocs[0].lines or ("",))[0]
                    found = re.match(r"#!\s*\S*?(\w+)\s*$", first)
                    interpreter = found[1] if found else interpreter
                built.texts.append(ShellText(made.path, step.script, "run", interpreter, None, step, stage))
            elif step.keyword == "HEALTHCHECK" and step.value.upper() != "NONE":
                built.texts.append(_probe(made, step, stage))
    built.texts += start.texts if start is not None else ()
    recipe.images.append(built)
    image_installs(recipe, built)


def _probe(made: Image, step: Step, stage: Stage) -> ShellText:
    words = step.instruction.words
    if words is not None:
        text = " ".join(
            word if re.fullmatch(r"[\w./:=@%+,-]+", word) else "'" + word.replace("'", "") + "'" for word in words
        )
        if len(words) > 2 and posixpath.basename(words[0]) in SHELLS and words[1] == "-c":
            text = words[2]
        return ShellText(made.path, shell.parse(text, step.instruction.line), "probe", "", None, step, stage)
    body = re.sub(r"(?i)^(\s*)CMD\b", r"\1   ", step.instruction.body, count=1)
    return ShellText(made.path, shell.parse(body, step.instruction.line), "probe", "sh", None, step, stage)


def _services(compose: Document) -> list[Service]:
    found = []
    folder = posixpath.dirname(compose.path)
    services = compose.get("services")
    for key, service in services.entries if services is not None else ():
        build = service.get("build")
        context = dockerfile_path = ""
        if build is not None:
            named = build.scalar or _text(build.get("context")) or "."
            context = posixpath.normpath(posixpath.join(folder, named))
            dockerfile_path = posixpath.normpath(
                posixpath.join(context, _text(build.get("dockerfile")) or "Dockerfile")
            )
        found.append(Service(compose, key.scalar, service, key.line, context, dockerfile_path))
    return found


def _context(recipe: Recipe, parsed: Dockerfile) -> str:
    """The folder that COPY reads from: of those that are told, and those above, the one with most of its sources."""
    path = parsed.source.path
    told = [service.context for service in recipe.services if service.dockerfile == path]
    for workflow in recipe.workflows:
        for value in workflow.root.walk() if workflow.root is not None else ():
            file, context = value.get("with", "file"), value.get("with", "context")
            if file is not None and posixpath.normpath(file.scalar) == path and "$" not in _text(context):
                told.append(posixpath.normpath(_text(context) or "."))
    inside = posixpath.dirname(path)
    if not inside and not told:
        return ""
    sources = [
        posixpath.normpath(word.lstrip("/"))
        for one in parsed.instructions
        if one.keyword in ("COPY", "ADD") and "from" not in one.flags
        for word in one.value.split()[:-1]
        if "://" not in word and not word.startswith("<<")
    ]
    above = [inside]
    while above[-1]:
        above.append(posixpath.dirname(above[-1]))
    candidates = ["" if one == "." else one for one in told] + above
    best = max(candidates, key=lambda one: _held_by(recipe, one, sources))
    return f"{best}/" if best else ""


def _held_by(recipe: Recipe, folder: str, sources: list[str]) -> int:
    folders = recipe.folder.folders
    prefix = f"{folder}/" if folder else ""
    return sum(f"{prefix}{source}" in recipe.folder.known or f"{prefix}{source}" in folders for source in sources)


def _override(recipe: Recipe) -> tuple[tuple[str, ...] | None, Place | None]:
    """The command that the platform is asked to run instead of CMD."""
    if recipe.endpoint is not None and recipe.endpoint.command is not None:
        value = recipe.endpoint.command
        words = value.strings if value.tag == "seq" else tuple(value.scalar.split())
        return (words, Place(recipe.endpoint.document.path, value.line)) if words else (None, None)
    return None, None


def _scripts(recipe: Recipe) -> None:
    """The shell scripts that no image was seen to run."""
    seen = {text.path for text in recipe.texts if text.kind != "run"}
    for name in recipe.folder.names:
        source = recipe.folder.read(name) if name.endswith((".sh", ".bash")) else None
        if source is None or name in seen:
            continue
        first = source.line(1)
        found = re.match(r"#!\s*\S*?(\w+)(?:\s+-\S+)*\s*$", first)
        interpreter = found[1] if found else ""
        if found and interpreter not in SHELLS:
            continue
        lines = tuple((line, Place(name, number)) for number, line in enumerate(source.lines, 1))
        text = ShellText(name, shell.parse(source.text), "script", interpreter, lines)
        recipe.loose.append(text)
        built = next(
            (
                one
                for one in recipe.images
                if any(file.source and file.source.path == name for file in one.files.files.values())
            ),
            None,
        )
        stage = built.image.final if built else None
        if stage is not None:
            pythons = Pythons(stage)
            for step in stage.all_steps:
                for command in step.commands:
                    pythons.see(command, step.environment, step.workdir)
            pythons.active = ""
            script_installs(recipe, recipe.loose_installs, text, pythons, dict(stage.environment), stage)


def _workflow_shell(recipe: Recipe) -> None:
    for workflow in recipe.workflows:
        for value in workflow.root.walk() if workflow.root else ():
            run = value.get("run") if value.tag == "map" else None
            if run is not None and run.tag == "str":
                # A block begins below its key.
                block = workflow.source.line(run.line).rstrip().endswith(("|", ">", "|-", ">-", "|+", ">+"))
                script = shell.parse(run.scalar, run.line + (1 if block else 0))
                recipe.loose.append(ShellText(workflow.path, script, "workflow", _text(value.get("shell")) or "bash"))


def _text(value: Value | None) -> str:
    return value.scalar if value is not None else ""
