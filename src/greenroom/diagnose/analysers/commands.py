"""Programs that are called and that the image does not have."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.base import Base, base
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place
from greenroom.diagnose.variables import substituted
from greenroom.machine.facts import bases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.image import Stage, Step
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.findings import Finding

_LOOKS = {"command", "which", "type", "hash"}


class _Tools:
    """What a stage has been given so far, on top of its base."""

    def __init__(self, stage: Stage) -> None:
        self.base: Base = base(stage.root)
        self.packages: set[str] = set()
        self.made: set[str] = set()
        self.opaque = False
        self.unpacked = False  # somewhere, something
        own = [part for part in stage.environment.get("PATH", "").split(":") if part.startswith("/")]
        # An environment that was copied or made somewhere, and is looked in first.
        self.has_own_path = any(not part.startswith(("/usr", "/bin", "/sbin", "/root/.local", "/home")) for part in own)

    def see_step(self, step: Step, packages: set[str]) -> None:
        """Note what a step brings."""
        if step.keyword in ("COPY", "ADD"):
            words = step.instruction.words or step.value.split()
            self.made |= {posixpath.basename(word.rstrip("/")) for word in words}
            target = words[-1] if words else ""
            origin = step.instruction.flags.get("from")
            if origin and target.rstrip("/") in ("/", "/usr", "/usr/bin", "/usr/local", "/usr/local/bin", "/bin"):
                self.opaque = self.opaque or target.rstrip("/") in ("", "/usr", "/usr/local")
        for command in step.commands:
            self.see(command, step.environment)
        self.packages |= packages

    def see(self, command: Command, environment: Mapping[str, str]) -> None:
        """Note what a command brings."""
        self.packages |= set(packages_of(command, environment))
        self.unpacked = self.unpacked or command.program in ("tar", "unzip", "git", "7z")
        if command.program in ("ln", "cp", "mv", "install", "update-alternatives", "curl", "wget", "tar", "unzip"):
            self.made |= {posixpath.basename(word) for word in command.words[1:]}
        if command.program in ("pip", "pip3", "conda", "mamba", "uv", "npm", "cargo", "go") or command.plain[1:3] == (
            "-m",
            "pip",
        ):
            self.made |= {re.split(r"[=<>\[!~]", word)[0] for word in command.words[1:]}
        if any(word.endswith("get-pip.py") for word in command.words) or command.plain[1:3] == ("-m", "ensurepip"):
            self.made |= {"pip", "pip3"}
        if (
            command.plain[1:3] == ("-m", "venv")
            or command.plain[:2] == ("uv", "venv")
            or command.program in ("virtualenv", "conda", "micromamba")
        ):
            self.made |= {"pip", "pip3", "python", "python3"}
        if command.program in ("bash", "sh", "dpkg", "add-apt-repository", "make") and len(command.words) > 1:
            self.opaque = self.opaque or command.program != "add-apt-repository"
        if command.before == "|" and command.program in ("bash", "sh"):
            self.opaque = True

    def lacks(self, name: str) -> bool:
        """Whether a command is surely not there."""
        known = self.base.lacks
        elsewhere = self.has_own_path and self.unpacked  # PATH may name the folder in which it now lies
        if known is None or name not in known.value or name in self.made or self.opaque or elsewhere:
            return False
        brings = bases.brings(name)
        packages = {package.split("=")[0].split(":")[0] for package in self.packages}
        if name in packages or (brings is not None and packages & set(brings.value)):
            return False
        if name in ("python", "python3", "pip", "pip3"):
            if self.has_own_path:
                return False
            return not any(self._brings_python(name, package) for package in packages)
        if name == "nvcc":
            return not any("cuda" in package for package in packages)
        return not (
            name in ("gcc", "g++", "make")
            and any("build" in package or package.endswith("-dev") for package in packages)
        )

    def told(self, name: str) -> Callable[..., Finding]:
        """How to say that a command is lacking: an error where neither base nor packages can have brought it."""
        came = [bases.along(package) for package in self.packages]
        known = all(one is not None and one.sure and name not in one.value for one in came)
        return error if known and self.base.surely_lacks(name) else warning

    def _brings_python(self, name: str, package: str) -> bool:
        if name == "python":
            return package in ("python-is-python3", "python", "python2")
        if name.startswith("pip"):
            return "pip" in package
        return package.startswith(("python3", "libpython3")) or package in (
            "software-properties-common",
            "supervisor",
            "awscli",
            "meson",
            "git-lfs-python",
            "ansible",
        )


def packages_of(command: Command, environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The packages that ``apt-get install`` or ``apk add`` is given; none for other commands."""
    words = command.plain
    if environment is not None and "$" in "".join(words):
        words = tuple(substituted(word, environment) for word in words)
    if command.program in ("apt-get", "apt", "aptitude") and "install" in words:
        # A name may have a release behind it: python3=3.11.*
        return tuple(word.partition("=")[0] for word in words[words.index("install") + 1 :] if not word.startswith("-"))
    if command.program == "apk" and "add" in words:
        return tuple(word for word in words[words.index("add") + 1 :] if not word.startswith("-"))
    if command.program in ("dnf", "yum", "microdnf") and "install" in words:
        return tuple(word for word in words[words.index("install") + 1 :] if not word.startswith("-"))
    return ()


def missing(recipe: Recipe) -> Iterator[Finding]:
    """Commands of RUN, of the start and of health checks that nothing has brought."""
    for built in recipe.images:
        for stage in built.image.used():
            tools = _Tools(stage)
            for above in stage.lineage[:-1]:
                for step in above.steps:
                    tools.see_step(step, set())
            for step in stage.steps:
                text = next((one for one in built.texts if one.step is step and one.kind == "run"), None)
                for command in step.commands:
                    if text is not None:
                        yield from _called(recipe, tools, text, command)
                    tools.see(command, step.environment)
                if step.keyword in ("COPY", "ADD"):
                    tools.see_step(step, set())
            yield from _for_pip(built, stage, tools)
            if stage is built.image.final:
                yield from _at_start(recipe, built, tools)


def _for_pip(built: Built, stage: Stage, tools: _Tools) -> Iterator[Finding]:
    """git, which pip calls for ``git+https://...``."""
    for installed in built.installs:
        for requirement in installed.install.requirements:
            if installed.stage is stage and requirement.url.startswith("git+") and tools.lacks("git"):
                yield tools.told("git")(
                    "command-missing",
                    requirement.place,
                    f"pip calls git for {requirement.name}, and {tools.base.repository}:{tools.base.tag} has none: "
                    "Cannot find command 'git'",
                    "apt-get install git",
                )
                return


def _at_start(recipe: Recipe, built: Built, tools: _Tools) -> Iterator[Finding]:
    start = built.start
    if start is not None and not start.is_shell and start.argv:
        name = posixpath.basename(start.argv[0])
        usual = "/" not in start.argv[0] or posixpath.dirname(start.argv[0]) in (
            "/bin",
            "/usr/bin",
            "/sbin",
            "/usr/sbin",
        )
        if usual and tools.lacks(name):
            yield _missing(recipe, tools, name, start.place, "the container starts with it")
    for text in built.texts:
        if text.kind == "start":
            own = _copy_of(tools)
            for command in text.commands:
                yield from _called(recipe, own, text, command)
                own.see(command, built.image.final.environment)
        elif text.kind == "probe":
            for command in text.commands:
                yield from _probe(tools, text, command)
    for service in recipe.services_of(built):
        test = service.get("healthcheck", "test")
        words = test.strings if test is not None else ()
        for name in sorted(set(re.findall(r"\b(curl|wget|nc)\b", " ".join(words)))):
            if test is not None and tools.lacks(name):
                yield _no_probe(tools, name, Place(service.compose.path, test.line))


def _copy_of(tools: _Tools) -> _Tools:
    made = _Tools.__new__(_Tools)
    made.base, made.packages, made.made, made.opaque = tools.base, set(tools.packages), set(tools.made), tools.opaque
    made.has_own_path, made.unpacked = tools.has_own_path, tools.unpacked
    return made


def _called(recipe: Recipe, tools: _Tools, text: ShellText, command: Command) -> Iterator[Finding]:
    if not command.plain or "/" in command.plain[0] or command.program in text.script.functions:
        return
    if command.after == "||" or "condition" in command.around or command.before == "||" or "function" in command.around:
        return
    name = command.program
    looked = any(one.name in _LOOKS and name in one.words for one in text.commands)
    if command.words[0] == "sudo" and tools.lacks("sudo") and not looked:
        name = "sudo"
    if not looked and tools.lacks(name):
        first = next((one for one in text.commands if one.program == name), command)
        if first is command or first.after == "||":
            yield _missing(recipe, tools, name, text.place(command.line), "it is called here")


def _missing(recipe: Recipe, tools: _Tools, name: str, place: Place, when: str) -> Finding:
    image = f"{tools.base.repository}:{tools.base.tag}" if tools.base.tag else tools.base.repository
    brings = bases.brings(name)
    package = brings.value[0] if brings else name
    patch = None
    if name == "python" and not tools.lacks("python3"):
        package, patch = "python-is-python3", replaced(recipe.folder, place, "python", "python3")
        return tools.told(name)(
            "command-missing", place, f"{image} has no python, only python3, and {when}", "call python3", patch
        )
    installs = f"apk add {name}" if tools.base.os == "alpine" else f"apt-get install {package}"
    return tools.told(name)(
        "command-missing", place, f"{image} has no {name}, nothing installs it, and {when}: not found", installs
    )


def _probe(tools: _Tools, text: ShellText, command: Command) -> Iterator[Finding]:
    name = command.program
    if command.before == "||" or "/" in (command.plain or ("/",))[0]:
        return
    if tools.lacks(name):
        yield _no_probe(tools, name, text.place(command.line))


def _no_probe(tools: _Tools, name: str, place: Place) -> Finding:
    mend = f"install {name}, or probe with what is there: python -c 'import urllib.request as u; u.urlopen(...)'"
    message = f"the health check calls {name}, which the image does not have: the container is unhealthy for ever"
    return tools.told(name)("healthcheck-tool-missing", place, message, mend)
