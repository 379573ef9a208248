"""What a fact is, and where it comes from. Tables are read when they are asked for, each once."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts were read. when: a day, a commit or an address, as far as it is known."""

    name: str
    what: str
    when: str


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value with its sources. ``verified`` by whoever wrote it down; only what also has a source is ``sure``."""

    value: T
    verified: bool
    sources: tuple[str, ...] = ()
    note: str = ""

    @property
    def sure(self) -> bool:
        """Whether it may refuse: what is not sure warns at most, and is called unverified."""
        return self.verified and bool(self.sources)

    @property
    def doubt(self) -> str:
        """What a message adds behind the value: `` (unverified)``, or nothing."""
        return "" if self.sure else " (unverified)"


@functools.cache
def table(name: str) -> Mapping[str, Any]:
    """The table ``name``.toml of this package."""
    return tomllib.loads((files("greenroom.machine.facts") / f"{name}.toml").read_text(encoding="utf-8"))


def fact(said: Mapping[str, Any], convert: Callable[[Any], T]) -> Fact[T]:
    """A fact as a table says it; ``convert`` makes its value, None where there is none."""
    return Fact(convert(said.get("value")), said["verified"], _sources(said), said.get("note", ""))


def part(whole: Fact[Any], value: T) -> Fact[T]:
    """One value of a fact that is a table, as sure as the table."""
    return Fact(value, whole.verified, whole.sources, whole.note)


def strings(value: Any) -> tuple[str, ...]:
    """A list of strings; none where it is absent."""
    return tuple(map(str, value or ()))


def by_name(value: Any) -> dict[str, str]:
    """A table of strings."""
    return {str(name): str(inner) for name, inner in (value or {}).items()}


def sources() -> tuple[Source, ...]:
    """Everything that facts come from."""
    return tuple(
        Source(name, said["what"], said.get("date") or said.get("commit") or said.get("url", ""))
        for name, said in table("sources").items()
        if name != "made"
    )


def made() -> date:
    """The day on which the tables were put together: no right clock shows an earlier one."""
    day: date = table("sources")["made"]
    return day


def _sources(said: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(said["source"].split(" + ")) if said.get("source") else ()
