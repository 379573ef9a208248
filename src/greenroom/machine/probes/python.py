"""The Python that runs greenroom: its version and build, its environment, what is installed for each extra."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, distributions, requires
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.machine.host import Python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# A requirement with a further condition is left alone: it may not be meant for this Python.
_OF_EXTRA = re.compile(r"([^;]*);\s*extra\s*==\s*['\"]([^'\"]+)['\"]\s*")
_OF_GREENROOM = re.compile(r"greenroom\[([^\]]+)\]")


def find_python(path: Sequence[str] = tuple(sys.path)) -> Python:
    """This Python. path: where packages are looked for."""
    major, minor, micro = sys.version_info[:3]
    return Python(
        version=(major, minor, micro),
        implementation=sys.implementation.name,
        machine=platform.machine(),
        bits=64 if sys.maxsize > 2**32 else 32,
        libc=_libc(),
        free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        venv=sys.prefix != sys.base_prefix,
        externally_managed=_marker(),
        pip=importlib.util.find_spec("pip") is not None,
        uv=shutil.which("uv"),
        missing=_missing(path),
    )


def missing_by_extra(requirements: Iterable[str], installed: Callable[[str], bool]) -> dict[str, tuple[str, ...]]:
    """By extra of greenroom, the packages that it names and that are not installed.

    requirements: as the package's metadata has them, ``av>=18; extra == 'captions'``.
    """
    wanted: dict[str, list[str]] = {}
    for found in filter(None, map(_OF_EXTRA.fullmatch, requirements)):
        wanted.setdefault(found[2], []).append(found[1])
    return {extra: tuple(_absent(extra, wanted, installed)) for extra in wanted}


def _absent(extra: str, wanted: Mapping[str, Sequence[str]], installed: Callable[[str], bool]) -> Iterator[str]:
    for requirement in wanted.get(extra, ()):
        own = _OF_GREENROOM.match(requirement)
        if own is not None:  # an extra that is made of others
            for part in own[1].split(","):
                yield from _absent(part.strip(), wanted, installed)
            continue
        name = _NAME.match(requirement)
        if name is not None and not installed(name[0]):
            yield name[0]


def _missing(path: Sequence[str]) -> dict[str, tuple[str, ...]] | None:
    try:
        requirements = requires("greenroom")
    except PackageNotFoundError:
        return None
    if requirements is None:
        return None
    return missing_by_extra(requirements, lambda name: any(distributions(name=name, path=list(path))))


def _libc() -> str | None:
    """``glibc 2.36``, ``musl``, or None where nobody knows."""
    if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        return "musl"
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, ValueError, OSError):  # other systems, other names
        return None


def _marker() -> str | None:
    """The file that keeps pip out of this Python, where there is one and no virtual environment around."""
    marker = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    return str(marker) if sys.prefix == sys.base_prefix and marker.is_file() else None
