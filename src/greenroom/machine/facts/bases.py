"""Base images that recipes begin with: which system they are, and what they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.machine.facts.fact import Fact, by_name, fact, part, strings, table

if TYPE_CHECKING:
    from collections.abc import Mapping


def codenames() -> Fact[dict[str, str]]:
    """By code name, the system and its release: ``jammy`` is ``ubuntu 22.04``."""
    return fact(table("bases")["codenames"], by_name)


def lacks(kind: str) -> Fact[frozenset[str]] | None:
    """Commands that an image of a kind (``debian``, ``cuda``, ``python-slim``, ...) has not; None for other kinds."""
    said = table("bases")["lacks"].get(kind)
    return None if said is None else fact(said, lambda value: frozenset(strings(value)))


def brings(command: str) -> Fact[tuple[str, ...]] | None:
    """Packages of Debian and Ubuntu that bring a command; None where nobody listed them."""
    known = fact(table("bases")["brings"], _lists)
    return part(known, known.value[command]) if command in known.value else None


def along(package: str) -> Fact[frozenset[str]] | None:
    """Commands that a package may bring with what it depends on; None where nobody looked."""
    known = fact(table("bases")["along"], dict)
    commands = next((str(said) for said, packages in known.value.items() if package in packages), None)
    return None if commands is None else part(known, frozenset(commands.split()))


def libraries_of(package: str) -> Fact[tuple[str, ...]] | None:
    """Packages of Debian and Ubuntu of which a Python package needs one; None where it needs none that is known."""
    known = fact(table("bases")["libraries"], _lists)
    return part(known, known.value[package]) if package in known.value else None


def gone(package: str) -> Fact[dict[str, str]] | None:
    """By system, the first release without a package, and under ``instead`` what took its place; None: it is there."""
    known = fact(table("bases")["gone"], dict)
    return (
        part(known, {str(key): str(value) for key, value in known.value[package].items()})
        if package in known.value
        else None
    )


def venv_packages() -> Fact[tuple[str, ...]]:
    """Packages of Debian and Ubuntu of which one is needed for ``python3 -m venv``."""
    return fact(table("bases")["venv"], strings)


def _lists(value: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: strings(inner) for name, inner in value.items()}
