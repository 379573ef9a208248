"""One requirement as pip reads it, and files of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenroom.diagnose.source import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.diagnose.source import SourceFile


_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?\s*(?:\(?\s*((?:[<>=!~]=?|===)[^;@#]*))?")


_LOCAL_WHEEL = re.compile(r"\.{0,2}/[\w./+%-]*\.whl")
_URL = re.compile(r"(?:git\+)?(?:https?|file|ssh)://\S+")


_EXACT = re.compile(r"={2,3}\s*([^\s,*]+)")

# Files of requirements in files of requirements, and letters of one: more are nobody's.
_MOST_FILES = 8
LONGEST = 2_000
_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "extra": "",
          "implementation_name": "cpython", "platform_python_implementation": "CPython"}  # fmt: skip
_PYTHONS = tuple(f"3.{minor}" for minor in range(8, 15))


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package that is asked for.

    name: normalised.  version: where it is pinned exactly, with its local part, such as ``2.6.0+cu124``.
    specifier: as written.  url: where it comes from, if it says so.
    """

    name: str
    place: Place
    raw: str
    specifier: str = ""
    version: str = ""
    extras: tuple[str, ...] = ()
    url: str = ""
    marker: str = ""


def requirement(text: str, place: Place) -> Requirement | None:
    """One requirement as pip reads it; None for what is none: a path, an option."""
    text = text[:LONGEST]
    body, _, marker = text.partition(" ;" if " ;" in text else ";")
    body = body.strip()
    if _LOCAL_WHEEL.fullmatch(body):
        return Requirement(normalised(_name_of(body)), place, text.strip(), url=body, marker=marker.strip())
    if body.startswith(("-", ".", "/")) or not body:
        return None
    address = _URL.search(body)
    if address is not None:
        name, at, _ = body.partition("@")
        named = name.strip() if at and address.start() > len(name) and "://" not in name else _name_of(address[0])
        return Requirement(normalised(named), place, text.strip(), url=address[0], marker=marker.strip())
    if body.endswith((".whl", ".tar.gz", ".zip")):
        return Requirement(normalised(_name_of(body)), place, text.strip(), url=body, marker=marker.strip())
    found = _REQUIREMENT.match(body)
    if found is None:
        return None
    specifier = (found[3] or "").strip().rstrip(")").strip()
    exact = _EXACT.fullmatch(specifier)
    extras = tuple(extra.strip() for extra in (found[2] or "").split(",") if extra.strip())
    version = exact[1].lower() if exact else ""
    return Requirement(normalised(found[1]), place, text.strip(), specifier, version, extras, "", marker.strip())


def is_for(one: Requirement, python: str) -> bool:
    """Whether pip takes it on Linux. python: the minor that it is for, empty where that is not known."""
    if not one.marker:
        return True
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

    try:
        marker = Marker(one.marker.partition(" #")[0])
        return any(
            marker.evaluate({**_LINUX, "platform_machine": machine, "python_version": minor,
                             "python_full_version": f"{minor}.9"})
            for machine in ("x86_64", "aarch64")
            for minor in ([python] if python else _PYTHONS)
        )  # fmt: skip
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, RecursionError):
        return True


def normalised(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _name_of(address: str) -> str:
    last = address.split("#", maxsplit=1)[0].split("?", maxsplit=1)[0].rstrip("/").rsplit("/", 1)[-1]
    egg = re.search(r"#egg=([A-Za-z0-9._-]+)", address)
    if egg:
        return egg[1]
    name = last.split("-")[0] if last.endswith(".whl") else last.split("@")[0].removesuffix(".git")
    return "flash-attn" if name == "flash-attention" else name  # its repository is called otherwise


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of requirements with the options in it, and those of the files that it names."""

    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    index: str = ""
    extra_indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()


def listed(
    source: SourceFile, open_beside: Callable[[str, str], SourceFile | None], seen: frozenset[str] | None = None
) -> Listed:
    """Read a file of requirements, and those that it names, each once.

    open_beside: gives a file by its name and who named it.  seen: files that are being read.
    """
    found, seen = Listed(), (seen or frozenset()) | {source.path}
    for number, text in _logical(source):
        line = re.sub(r"(^|\s)#.*$", "", text).strip()
        option, value = _option(line)
        place = Place(source.path, number)
        if option in ("-r", "--requirement", "-c", "--constraint"):
            inner = open_beside(value, source.path) if len(seen) < _MOST_FILES else None
            if inner is not None and inner.path not in seen:
                more = listed(inner, open_beside, seen)
                seen |= {inner.path}
                held = option in ("-c", "--constraint")
                found = replace(
                    found,
                    requirements=found.requirements + (() if held else more.requirements),
                    constraints=found.constraints + more.constraints + (more.requirements if held else ()),
                    index=more.index or found.index,
                    extra_indexes=found.extra_indexes + more.extra_indexes,
                    find_links=found.find_links + more.find_links,
                )
        elif option in ("-i", "--index-url"):
            found = replace(found, index=value)
        elif option == "--extra-index-url":
            found = replace(found, extra_indexes=(*found.extra_indexes, value))
        elif option in ("-f", "--find-links"):
            found = replace(found, find_links=(*found.find_links, value))
        elif (one := requirement(re.split(r"\s+--", line)[0], place)) is not None:
            found = replace(found, requirements=(*found.requirements, one))
    return found


def _logical(source: SourceFile) -> Iterator[tuple[int, str]]:
    """Lines, joined where a backslash ends them, with the number of the first."""
    begun, text = 0, ""
    for number, line in enumerate(source.lines, 1):
        begun = begun or number
        text += line.removesuffix("\\") if line.endswith("\\") else line
        if not line.endswith("\\"):
            yield begun, text
            begun, text = 0, ""
    if text:
        yield begun, text


def _option(line: str) -> tuple[str, str]:
    found = re.match(r"(--?[a-z][a-z-]*)(?:\s*=\s*|\s+)?(\S*)", line)
    return (found[1], found[2]) if found and line.startswith("-") else ("", "")
