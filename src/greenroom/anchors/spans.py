"""Lines of files, and what is defined there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of a file, from 1, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def holds(self, other: Span) -> bool:
        """Whether all of another lies within it."""
        return self.first <= other.first <= other.last <= self.last


@dataclass(frozen=True, slots=True)
class Definition:
    """A name and the lines that define it.

    name: in full, as ``Class.method``.  announced: its body stands elsewhere, as that of an overload does.
    """

    name: str
    span: Span
    announced: bool = False
