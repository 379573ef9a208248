"""Servers that are started and that nothing has installed."""

from __future__ import annotations

import itertools
import posixpath
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.recipe import Built, Installed, Recipe
    from greenroom.diagnose.requirement import Requirement
    from greenroom.diagnose.source import Place
    from greenroom.findings import Finding

_SERVERS = frozenset(["uvicorn", "gunicorn", "hypercorn", "daphne", "granian"])
# Packages that bring none of them along, whatever their release. FastAPI did for one minor, which is looked at apart.
_WITHOUT = frozenset(
    ["accelerate", "aiohttp", "boto3", "diffusers", "einops", "fastapi", "flask", "httpx", "huggingface-hub", "jinja2",
     "numpy", "opencv-python-headless", "pillow", "pydantic", "python-multipart", "pyyaml", "redis", "requests",
     "safetensors", "scipy", "sentencepiece", "soundfile", "starlette", "tokenizers", "torch", "torchaudio",
     "torchvision", "tqdm", "transformers", *_SERVERS]
)  # fmt: skip
# Programs of a build, and of a start before its server, that install no package of Python.
_HARMLESS = frozenset(
    ["adduser", "apt-get", "cd", "chmod", "chown", "echo", "groupadd", "mkdir", "rm", "set", "true", "useradd"]
)


def installed(recipe: Recipe) -> Iterator[Finding]:
    """A server of Python that no install names, where all that is installed is known and brings none."""
    for built in recipe.images:
        called = _called(built)
        if called is None:
            continue
        server, place = called
        names = {package.name for one in built.installs for package in one.install.requirements}
        if server not in names and _is_all_known(recipe, built, server):
            yield error(
                "server-missing",
                place,
                f"the container starts {server}, and nothing that is installed brings it: not found",
                f"pip install {server}",
            )


def _called(built: Built) -> tuple[str, Place] | None:
    """The server that the container starts, and where."""
    start = built.start
    if start is None:
        return None
    if start.texts:
        for text in start.texts:
            for command in text.commands:
                if command.program in _SERVERS and not command.around and command.before not in ("||", "&&"):
                    return (command.program, text.place(command.line)) if "/" not in command.plain[0] else None
        return None
    return (start.argv[0], start.place) if start.argv and start.argv[0] in _SERVERS else None


def _is_all_known(recipe: Recipe, built: Built, server: str) -> bool:
    """Whether nothing but installs whose every package is known can have brought the server."""
    stage = built.image.final
    known = base(stage.root)
    if known.repository != "python" or not known.own_python or "PATH" in stage.environment:
        return False
    if any(step.instruction.flags.get("from") for step in stage.all_steps) or built.files.searched(server) is not None:
        return False
    commands = [
        command
        for text in built.texts
        if text.kind in ("run", "start")
        for command in text.commands
        if command.program not in _SERVERS
    ]
    pips = {id(one.install.command) for one in built.installs}
    if not all(_is_harmless(command) or id(command) in pips for command in commands):
        return False
    return all(_brings_none(recipe, each) for each in built.installs)


def _is_harmless(command: Command) -> bool:
    sets_path = any(name == "PATH" for name, _ in command.assigned)
    return not sets_path and (not command.plain or command.program in _HARMLESS)


def _brings_none(recipe: Recipe, one: Installed) -> bool:
    """Whether an install is read whole, and names only packages that bring no server."""
    words = one.install.command.words
    listed = [value for word, value in itertools.pairwise(words) if word in ("-r", "--requirement")]
    read = all(recipe.folder.named(posixpath.basename(value)) for value in listed)
    plain = not one.install.by_tool and not any("$" in word or word in (".", "-e", "--editable") for word in words)
    joined = any(word.startswith("--requirement=") or (word.startswith("-r") and word != "-r") for word in words)
    return read and plain and not joined and all(_is_without(package) for package in one.install.requirements)


def _is_without(package: Requirement) -> bool:
    if package.name not in _WITHOUT or package.extras or package.url:
        return False
    # FastAPI 0.111 brought uvicorn along; a range may end there.
    return package.name != "fastapi" or bool(package.version and "0.111" not in package.version)
