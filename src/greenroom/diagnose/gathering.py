"""Reads a folder as a recipe, once."""

from __future__ import annotations

import posixpath
import re
import shlex
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
from greenroom.diagnose.starting import SHELLS, Override, start_of
from greenroom.diagnose.workflow import jobs_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from greenroom.diagnose.dockerfile import Dockerfile
    from greenroom.diagnose.document import Document, Value

_DOCKERFILE = re.compile(r"(?i)(.*/)?(dockerfile|containerfile)([.-][\w.-]+)?|(.*/)?[\w.-]+\.dockerfile")
# Code about Dockerfiles, and templates, of which another program makes one first.
_NO_DOCKERFILES = (
    *(
        ".dockerignore",
        ".md",
        ".rst",
        ".txt",
        ".py",
        ".go",
        ".rs",
        ".rb",
        ".js",
        ".ts",
        ".java",
        ".php",
        ".lua",
        ".vim",
    ),
    *(
        ".sh",
        ".json",
        ".yml",
        ".yaml",
        ".toml",
        ".j2",
        ".jinja",
        ".jinja2",
        ".erb",
        ".tpl",
        ".tmpl",
        ".template",
        ".in",
    ),
)
_REQUIREMENTS = re.compile(r"(?i)(.*/)?([\w.-]*(requirements|constraints)[\w.-]*)\.(txt|in)")
# The starts of as many services are followed.
_MOST_SERVICES = 100
_COMPOSE = re.compile(r"(?i)(.*/)?(docker-)?compose[\w.-]*\.ya?ml")
_WORKFLOW = re.compile(r"(.*/)?\.github/workflows/[^/]+\.ya?ml")
_GITLAB = re.compile(r"\.gitlab-ci[\w.-]*\.ya?ml")


def read(root: Path) -> Recipe:
    """Read a folder. Never fails over what is in it."""
    recipe = Recipe(Folder(root))
    names = recipe.folder.names
    for name in names:
        if _COMPOSE.fullmatch(name):
            _document(recipe, name, recipe.composes)
        elif _WORKFLOW.fullmatch(name):
            _document(recipe, name, recipe.workflows)
        elif _GITLAB.fullmatch(name):
            _document(recipe, name, recipe.pipelines)
    for compose in recipe.composes:
        recipe.services += _services(compose)
    recipe.contexts += _contexts_of_workflows(recipe)
    recipe.endpoint = endpoint(_named(recipe, "endpoint.json"), _named(recipe, "hub.json"))
    recipe.weights = weights(_named(recipe, "weights.json"))
    for name in names:
        if _REQUIREMENTS.fullmatch(name) and (source := recipe.folder.read(name)) is not None:
            recipe.requirements[name] = listed(source, recipe.beside)
        if _DOCKERFILE.fullmatch(name) and not name.endswith(_NO_DOCKERFILES):
            source = recipe.folder.read(name)
            if source is not None:
                _built(recipe, dockerfile.parse(source))
    _scripts(recipe)
    _workflow_shell(recipe)
    _pipeline_shell(recipe)
    unread_requirements(recipe)
    return recipe


def _named(recipe: Recipe, name: str) -> Document | None:
    path = next(iter(recipe.folder.named(name)), None)
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
    built = Built(made, holds, start_of(made, holds[made.final.index], _override(recipe)))
    _shell_of(built)
    recipe.images.append(built)
    image_installs(recipe, built)
    for service in recipe.services[:_MOST_SERVICES]:
        if service.dockerfile == made.path and (override := _override_of(service, made)) is not None:
            start = start_of(made, holds[made.final.index], override)
            other = Built(made, holds, start, service=service)
            other.texts += [text for text in built.texts if text.kind != "start"] + list(start.texts if start else ())
            recipe.images.append(other)
            image_installs(recipe, other)


def _shell_of(built: Built) -> None:
    """Note the shell of an image: of RUN, of health checks, of the start."""
    made = built.image
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
    built.texts += built.start.texts if built.start is not None else ()


def _probe(made: Image, step: Step, stage: Stage) -> ShellText:
    words = step.instruction.words
    if words is not None:
        text = " ".join(
            word if re.fullmatch(r"[\w./:=@%+,-]+", word) else "'" + word.replace("'", "") + "'" for word in words
        )
        if len(words) > 2 and posixpath.basename(words[0]) in SHELLS and words[1] == "-c":
            text = words[2]
        return ShellText(made.path, shell.parse(text, step.instruction.line), "probe", "", None, step, stage)
    body = re.sub(r"(?i)^((?:\s|\\\n)*)CMD\b", r"\1   ", step.instruction.body, count=1)
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
    told += [context for file, context in recipe.contexts if file == path]
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


def _contexts_of_workflows(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Dockerfiles that workflows build, each with its context."""
    for workflow in recipe.workflows:
        for step in (step for job in jobs_of(workflow).values() for step in steps_of(job)):
            file, context = step.get("with", "file"), _text(step.get("with", "context"))
            if file is not None and "$" not in context:
                yield posixpath.normpath(file.scalar), posixpath.normpath(context or ".")


def _held_by(recipe: Recipe, folder: str, sources: list[str]) -> int:
    folders = recipe.folder.folders
    prefix = f"{folder}/" if folder else ""
    return sum(f"{prefix}{source}" in recipe.folder.known or f"{prefix}{source}" in folders for source in sources)


def _override(recipe: Recipe) -> Override | None:
    """The command that the platform is asked to run instead of CMD."""
    value = recipe.endpoint.command if recipe.endpoint is not None else None
    if recipe.endpoint is None or value is None or not (words := _words(value)):
        return None
    return Override(Place(recipe.endpoint.document.path, value.line), None, words)


def _override_of(service: Service, made: Image) -> Override | None:
    """What a service runs instead of what the image starts with; None too where it does so in another folder."""
    entry, command, folder = service.get("entrypoint"), service.get("command"), _text(service.get("working_dir"))
    value = entry if entry is not None and entry.strings else command
    if value is None or not service.starts_otherwise or folder.rstrip("/") not in ("", made.final.workdir):
        return None
    return Override(
        Place(service.compose.path, value.line),
        _words(entry) if entry is not None else None,
        _words(command) if command is not None else None,
    )


def _words(value: Value) -> tuple[str, ...]:
    """A command as a list, or as one text that is split as a shell would, and that no shell reads."""
    if value.tag == "seq":
        return value.strings
    try:
        return tuple(shlex.split(value.scalar))
    except ValueError:
        return tuple(value.scalar.split())


def _scripts(recipe: Recipe) -> None:
    """The shell scripts that no image was seen to run."""
    seen = {text.path for text in recipe.texts if text.kind != "run"}
    at_build = _called_by_run(recipe)
    copied = {file.origin: built for built in reversed(recipe.images) for file in built.files.files.values()}
    for name in recipe.folder.names:
        source = recipe.folder.read(name) if name.endswith((".sh", ".bash")) else None
        if source is None or name in seen:
            continue
        first = source.line(1)
        found = re.match(r"#!\s*\S*?(\w+)(?:\s+-\S+)*\s*$", first)
        interpreter = found[1] if found else ""
        if found and interpreter not in SHELLS:
            continue
        once = posixpath.basename(name) in at_build
        text = ShellText(name, shell.parse(source.text), "script", interpreter, at_build=once)
        recipe.loose.append(text)
        built = copied.get(name)
        if built is not None and text.script.names("install"):
            stage = built.image.final
            script_installs(recipe, recipe.loose_installs, text, _pythons(stage), dict(stage.environment), stage)


def _pythons(stage: Stage) -> Pythons:
    """The Pythons of a stage once it is built."""
    pythons = Pythons(stage)
    for step in stage.all_steps:
        for command in step.commands:
            pythons.see(command, step.environment, step.workdir)
    pythons.active = ""
    return pythons


def _called_by_run(recipe: Recipe) -> set[str]:
    """The names of scripts in RUN, and of the targets and sources of its mounts."""
    words = {
        part
        for built in recipe.images
        for text in built.texts
        if text.kind == "run" and text.step is not None
        for word in (
            *(word for command in text.commands for word in command.words if command.program != "chmod"),
            text.step.instruction.flags.get("mount", ""),
        )
        for part in re.split(r"[\s,=]", word)
    }
    return {posixpath.basename(word) for word in words if word}


def _workflow_shell(recipe: Recipe) -> None:
    for workflow in recipe.workflows:
        for value in workflow.root.walk() if workflow.root else ():
            run = value.get("run") if value.tag == "map" else None
            if run is not None and run.tag == "str":
                # A block begins below its key.
                block = workflow.source.line(run.line).rstrip().endswith(("|", ">", "|-", ">-", "|+", ">+"))
                script = shell.parse(run.scalar, run.line + (1 if block else 0))
                recipe.loose.append(ShellText(workflow.path, script, "workflow", _text(value.get("shell")) or "bash"))


def _pipeline_shell(recipe: Recipe) -> None:
    """The lines of GitLab's jobs."""
    for pipeline in recipe.pipelines:
        for value in pipeline.root.walk() if pipeline.root else ():
            for key in ("before_script", "script", "after_script") if value.tag == "map" else ():
                lines = value.get(key)
                for one in (lines.items or (lines,)) if lines is not None else ():
                    if one.tag == "str":
                        block = pipeline.source.line(one.line).rstrip().endswith(("|", ">", "|-", ">-"))
                        script = shell.parse(one.scalar, one.line + (1 if block else 0))
                        recipe.loose.append(ShellText(pipeline.path, script, "workflow"))


def _text(value: Value | None) -> str:
    return value.scalar if value is not None else ""
