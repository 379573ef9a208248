"""Which Python a ``pip install`` writes into: the system's, the image's own, or that of a virtual environment."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.diagnose.base import Base, base
from greenroom.diagnose.variables import substituted
from greenroom.machine.facts.fact import Fact

if TYPE_CHECKING:
    from greenroom.diagnose.command import Command
    from greenroom.diagnose.image import Stage
    from greenroom.diagnose.pip import Install


# A Python below one of these is nobody's but the recipe's.
_OWN_FOLDERS = ("/opt", "/venv", "/workspace", "/app", "/root", "/home", "/runpod-volume")


@dataclass(frozen=True, slots=True)
class Target:
    """Where packages go. kind: ``system``, ``own``, ``environment`` or ``unknown``.  python: its minor, if known."""

    kind: str
    python: Fact[str] | None
    managed: Fact[bool] | None = None


class Pythons:
    """The Pythons of a stage while its commands run one after another."""

    def __init__(self, stage: Stage) -> None:
        self.base: Base = base(stage.root)
        self.folders: set[str] = set()  # of virtual environments
        self.active = ""
        self.lifted = False  # PEP 668's marker was removed, or pip was told not to heed it
        self.default: Fact[str] | None = None
        self.unsure = False

    def see(self, command: Command, environment: dict[str, str], workdir: str) -> None:
        """Note what a command does to them."""
        words = tuple(substituted(word, environment) for word in command.words)
        plain = words[len(words) - len(command.plain) :]
        if not plain:
            return
        program = posixpath.basename(plain[0])
        text = " ".join(plain)
        if len(plain) > 1 and (plain[1:3] == ("-m", "venv") or program == "virtualenv" or plain[:2] == ("uv", "venv")):
            self._made(plain, command.option("-p", "--python"), workdir)
        elif program in ("source", ".") and text.endswith("/activate"):
            self.active = posixpath.normpath(posixpath.join(workdir, plain[1]))
        elif (program in ("rm", "mv") and "EXTERNALLY-MANAGED" in text) or "break-system-packages true" in text:
            self.lifted = True
        elif program in ("update-alternatives", "ln") and re.search(r"python3(\.\d+)?(\s|$)", text):
            numbers = re.findall(r"python(3\.\d+)", text)
            self.default = _told(numbers[-1]) if numbers else self.default
        elif (
            program in ("conda", "mamba", "micromamba", "pyenv", "make")
            or "miniconda" in text.lower()
            or (program == "uv" and plain[1:2] not in (("pip",), ("venv",)))
            or "miniforge" in text.lower()
        ):
            self.unsure = True

    def _made(self, plain: tuple[str, ...], asked: str | None, workdir: str) -> None:
        """Note a virtual environment."""
        rest = [word for word in plain[1:] if not word.startswith("-") and word not in ("venv", asked)]
        if rest or plain[:2] == ("uv", "venv"):
            self.folders.add(posixpath.normpath(posixpath.join(workdir, rest[-1] if rest else ".venv")))
        number = re.search(r"3\.\d+", asked or posixpath.basename(plain[0]))
        if asked or number:
            self.default = _told(number[0]) if number else None

    def target(self, install: Install, environment: dict[str, str]) -> Target:
        """Where a command installs to."""
        caller = substituted(install.caller, environment)
        program = posixpath.basename(caller)
        asked = re.search(r"3\.\d+", program)
        minor = _told(asked[0]) if asked else self.default or self._first()
        folder = posixpath.dirname(posixpath.dirname(caller)) if "/" in caller else ""
        if self.unsure or install.by_tool:
            return Target("unknown", _told(asked[0]) if asked else None)
        first = next((part for part in environment.get("PATH", "").split(":") if part), "")
        if not folder and ("conda" in first or "conda" in self.base.repository):
            return Target("unknown", None)
        if self._is_environment(install, environment, folder, first):
            return Target("environment", minor)
        if self.base.own_python:
            return Target("own", minor)
        system = self.base.system
        broken = environment.get("PIP_BREAK_SYSTEM_PACKAGES", "").lower() in ("1", "true", "yes", "on")
        heeded = not self.lifted and not broken and self.base.is_plain
        managed = system.externally_managed if heeded and system is not None else None
        if asked and system is not None and system.python is not None and system.python.value != asked[0]:
            managed = None  # another Python than the system's
        return Target("system", minor, managed)

    def _is_environment(self, install: Install, environment: dict[str, str], folder: str, first: str) -> bool:
        """Whether it is a virtual one. folder: of the caller's path.  first: what PATH begins with."""
        if install.uv:
            system = install.has("--system") or environment.get("UV_SYSTEM_PYTHON")
            return bool(environment.get("VIRTUAL_ENV") or self.active or install.has("--python", "-p") or not system)
        if folder:
            return folder in self.folders or folder.startswith(_OWN_FOLDERS) or "venv" in folder
        if self.active or posixpath.dirname(first) in self.folders:
            return True
        return "env" in first and not first.startswith(("$", "/usr", "/bin", "/sbin", "/root/.local"))

    def _first(self) -> Fact[str] | None:
        """What ``python3`` is from the start."""
        if self.base.python is not None:
            return self.base.python
        system = self.base.system
        return system.python if system is not None and not self.base.own_python else None


def _told(minor: str) -> Fact[str]:
    """A minor that the recipe itself says."""
    return Fact(minor, verified=True, sources=("recipe",))
