"""Releases for an image: those that run here, since they were tried together."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenroom.machine.torch_build import TorchBuild
    from greenroom.ship.image.blueprint import Blueprint

# What torch brings goes with its build, and the image's build is another than ours.
_CHOSEN = "torch"
# An image's own markers, wherever it is written.
_LINUX = {"os_name": "posix", "platform_machine": "x86_64", "platform_system": "Linux", "sys_platform": "linux"}


@dataclass(frozen=True, slots=True)
class Pins:
    """Lines of constraints, and the packages that are not here, whose releases are thus left open."""

    lines: tuple[str, ...]
    open: tuple[str, ...]

    def text(self) -> str:
        """As a file of constraints."""
        return "".join(
            f"{line}\n" for line in ("# Releases that greenroom build found installed and in use.", *self.lines)
        )


def pins_for(blueprint: Blueprint) -> Pins:
    """One release of every package that the image will hold, as far as this environment has it."""
    extras = {"install", "ship", *blueprint.parts.needs, *blueprint.parts.gains}
    found: dict[str, str | None] = {}
    waiting = [("greenroom", extra) for extra in ("", *sorted(extras))]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        for wanted in _requirements(name, extra, blueprint.python):
            required = canonicalize_name(wanted.name)
            if required == _CHOSEN:
                continue
            found.setdefault(required, _version(required, blueprint.python))
            for needed in ((required, inner) for inner in ("", *wanted.extras)):
                if needed not in seen:
                    seen.add(needed)
                    waiting.append(needed)
    found.pop("greenroom", None)
    lines = [f"{name}=={version}" for name, version in sorted(found.items()) if version is not None]
    return Pins(tuple(lines), tuple(sorted(name for name, version in found.items() if version is None)))


def torch_pin(build: TorchBuild) -> str:
    """The build that was chosen, ``torch==2.11.0+cu126``."""
    return build.requirement + (f"+{build.cuda}" if build.index is not None else "")


def requirements_of_greenroom(extras: Iterable[str], python: str) -> tuple[str, ...]:
    """What greenroom needs with these extras on the image's Python, as pip and uv take it; greenroom is not in it."""
    found: dict[str, None] = {}
    waiting = ["", *extras]
    seen = set(waiting)
    while waiting:
        for wanted in _requirements("greenroom", waiting.pop(0), python):
            if canonicalize_name(wanted.name) != "greenroom":
                wanted.marker = None
                found[str(wanted)] = None
                continue
            waiting += sorted(wanted.extras - seen)
            seen |= wanted.extras
    return tuple(found)


def _requirements(name: str, extra: str, python: str) -> Iterator[Requirement]:
    """What a package needs for one extra, on the image's Python."""
    environment = {**_LINUX, "python_version": python, "python_full_version": f"{python}.0", "extra": extra}
    for wanted in map(Requirement, _stated(name)):
        if wanted.marker is None:
            if not extra:
                yield wanted
        elif wanted.marker.evaluate(environment) and ("extra" in str(wanted.marker)) == bool(extra):
            yield wanted


def _stated(name: str) -> Iterable[str]:
    try:
        return importlib.metadata.requires(name) or ()
    except importlib.metadata.PackageNotFoundError:
        return ()


def _version(name: str, python: str) -> str | None:
    """The release that is here, if the image's Python takes it."""
    try:
        here = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    takes = SpecifierSet("".join(here.metadata.get_all("Requires-Python") or ()))
    return here.version if takes.contains(f"{python}.0", prereleases=True) else None
