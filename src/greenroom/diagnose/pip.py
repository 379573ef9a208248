"""What pip is asked to install: by a command, and by the files of requirements that it names."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenroom.diagnose.pyproject import dependencies
from greenroom.diagnose.requirement import Requirement, is_for, listed, requirement
from greenroom.diagnose.source import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.image import Step
    from greenroom.diagnose.source import SourceFile
    from greenroom.machine.facts.fact import Fact

_VALUED = {
    "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-c", "--constraint", "-r", "--requirement", "-t",
    "--target", "--prefix", "--root", "--python", "-p", "--platform", "--python-version", "--timeout", "--retries",
    "--cache-dir", "--trusted-host", "--no-binary", "--only-binary", "--config-settings", "--index",
    "--torch-backend", "--implementation", "--abi", "--log", "--proxy", "--progress-bar", "-e", "--editable",
    "--upgrade-strategy", "--index-strategy", "--default-index", "--link-mode", "-C",
}  # fmt: skip

# Tools with environments of their own, in which they run pip or what they install themselves.
TOOLS = ("conda", "mamba", "micromamba", "poetry", "pdm", "pipenv")
# Stands for what a copied pip.conf or uv.toml says.
_CONFIGURED = "COPIED_SETTINGS"


@dataclass(frozen=True, slots=True)
class Install:
    """One ``pip install``.

    place: of the command.  caller: pip or Python as it is called, with its path.  requirements: its own and those of
    its files.  constraints: what it holds them to.  index, extra_indexes, find_links: addresses.
    """

    place: Place
    command: Command
    caller: str
    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...]
    index: str
    extra_indexes: tuple[str, ...]
    find_links: tuple[str, ...]
    uv: bool = False

    def has(self, *flags: str) -> bool:
        """Whether an option is given."""
        return self.command.has(*flags)

    @property
    def by_tool(self) -> bool:
        """Whether another tool than pip decides where it goes."""
        return self.command.program in TOOLS or self.by_project

    @property
    def by_project(self) -> bool:
        """Whether a project's own settings have a say in it."""
        return self.command.program in ("poetry", "pdm") or self.command.plain[:2] in (("uv", "sync"), ("uv", "add"))

    @property
    def indexes(self) -> tuple[str, ...]:
        """Every address it may take packages from, the default one as an empty text."""
        return (self.index, *self.extra_indexes)


def _in_environment(plain: tuple[str, ...]) -> tuple[str, ...]:
    """The words behind ``conda run -n NAME`` and the like."""
    if plain[1:2] != ("run",) or plain[0].rsplit("/", 1)[-1] not in TOOLS:
        return plain
    rest = plain[2:]
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in ("-n", "--name", "-p", "--prefix", "--cwd") else rest[1:]
    return rest


def arguments(command: Command) -> tuple[str, tuple[int, ...]] | None:
    """How pip is called and which of the command's words are behind ``install``; None for anything else."""
    words = command.words
    plain = _in_environment(command.plain)
    skipped = len(words) - len(plain)
    if not plain:
        return None
    program = plain[0].rsplit("/", 1)[-1]
    caller = plain[0]
    if re.fullmatch(r"pip3?(\.\d+)?", program):
        begin = 1
    elif re.fullmatch(r"(python|pypy)3?(\.\d+)?", program) and plain[1:3] == ("-m", "pip"):
        begin = 3
    elif program == "uv" and plain[1:2] == ("pip",):
        begin, caller = 2, "uv"
    else:
        return None
    while begin < len(plain) and plain[begin].startswith("-"):
        begin += 1
    if begin >= len(plain) or plain[begin] != "install":
        return None
    return caller, tuple(range(skipped + begin + 1, len(words)))


def install(
    command: Command, path: str, open_file: Callable[[str, str], SourceFile | None], environment: dict[str, str]
) -> Install | None:
    """What a command installs; None where it is no ``pip install``. environment: variables where it runs."""
    called = arguments(command)
    if called is None:
        return None
    caller, indexes = called
    place = Place(path, command.line)
    wanted: list[Requirement] = []
    held: list[Requirement] = []
    index, extra, links = _told(environment, uv=caller == "uv")
    option = ""
    for position in indexes:
        word = command.words[position]
        here = Place(path, command.rows[position] if position < len(command.rows) else command.line)
        name, equals, value = word.partition("=")
        if option:
            name, value, equals = option, word, "="
            option = ""
        elif word in _VALUED:
            option = word
            continue
        if name in ("-r", "--requirement", "-c", "--constraint") and equals:
            source = open_file(value, path)
            if source is None:
                continue
            more = listed(source, open_file)
            (held if name in ("-c", "--constraint") else wanted).extend(more.requirements)
            held += more.constraints
            index = more.index or index
            extra += more.extra_indexes
            links += more.find_links
        elif name in ("-i", "--index-url", "--default-index") and equals:
            index = value
        elif name in ("--extra-index-url", "--index") and equals:
            extra.append(value)
        elif name in ("-f", "--find-links") and equals:
            links.append(value)
        elif name == "--torch-backend" and equals:
            extra.append(f"https://download.pytorch.org/whl/{value}")
        elif word.rstrip("/") in (".", "/app", "/src") or word.startswith(".["):
            wanted += dependencies(open_file("pyproject.toml", path))
        elif not word.startswith("-") and (one := requirement(word, here)) is not None:
            wanted.append(one)
    return Install(
        place, command, caller, tuple(wanted), tuple(held), index, tuple(extra), tuple(links), caller == "uv"
    )


def _told(environment: Mapping[str, str], *, uv: bool) -> tuple[str, list[str], list[str]]:
    """The index, further indexes and link pages that variables name; pip and uv read their own ones alone."""

    def addresses(*names: str) -> list[str]:
        found = [address for name in names for address in re.split(r"[\s,]+", environment.get(name, ""))]
        return [re.sub(r"^[\w.-]+=", "", address) for address in found if address]  # uv may give an index a name

    if not uv:
        return (
            environment.get("PIP_INDEX_URL", ""),
            addresses("PIP_EXTRA_INDEX_URL", _CONFIGURED),
            addresses("PIP_FIND_LINKS"),
        )
    index = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL", "")
    extra = addresses("UV_INDEX", "UV_EXTRA_INDEX_URL", _CONFIGURED)
    if backend := environment.get("UV_TORCH_BACKEND"):
        extra.append(f"https://download.pytorch.org/whl/{backend}")
    return index, extra, addresses("UV_FIND_LINKS")


def configured(command: Command) -> dict[str, str]:
    """The variables that ``pip config set`` amounts to; none for other commands."""
    words = command.plain
    if "config" not in words or "set" not in words or "pip" not in " ".join(words[:3]):
        return {}
    found = re.fullmatch(r"(?:global|install|user|site)\.([a-z-]+)", words[-2]) if len(words) > 2 else None
    return {f"PIP_{found[1].replace('-', '_').upper()}": words[-1]} if found is not None else {}


def brought(step: Step) -> dict[str, str]:
    """A setting that says that a file of settings was copied: which indexes it names is not read."""
    names = ("pip.conf", "uv.toml", "pip.ini")
    return (
        {_CONFIGURED: "$CONFIGURED"}
        if step.keyword in ("COPY", "ADD") and any(name in step.value for name in names)
        else {}
    )


def on_linux(found: Install, python: Fact[str] | None) -> Install:
    """The same without what its markers keep for other systems or Pythons."""
    minor = python.value if python is not None else ""
    return replace(found, requirements=tuple(one for one in found.requirements if is_for(one, minor)))


def placed(found: Install, where: Callable[[int], Place]) -> Install:
    """The same with the places of a script whose lines were written elsewhere."""
    path = found.place.path

    def moved(one: Requirement) -> Requirement:
        return replace(one, place=where(one.place.line)) if one.place.path == path else one

    return replace(found, place=where(found.place.line), requirements=tuple(map(moved, found.requirements)))
