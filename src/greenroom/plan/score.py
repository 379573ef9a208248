"""How ready a plan is, counted from its parts and typed by nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.anchors import look

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.plan.place import Place
    from greenroom.plan.plan import Phase, Plan

_MOST = 10


@dataclass(frozen=True, slots=True)
class Part:
    """Points for one thing. lacking: the phases that do not have it."""

    name: str
    points: int
    lacking: tuple[str, ...]
    most: int = _MOST


@dataclass(frozen=True, slots=True)
class Score:
    """points of most, and the parts that they are the sum of."""

    points: int
    most: int
    parts: tuple[Part, ...]


def score(plan: Plan, place: Place) -> Score:
    """Five parts of ten points each: ten times the share of the phases that have it, rounded down.

    targets: names places in code, and all are where it says.  verification: has a verify.  expectation: says what the
    output of verify contains.  undo: has an undo, or writes nothing.  recovery: says how often it is tried again, and 0
    counts, since somebody has thought about it.
    """
    parts: dict[str, Callable[[Phase], bool]] = {
        "targets": lambda phase: bool(phase.targets) and not any(look(one, place.folder) for one in phase.targets),
        "verification": lambda phase: phase.verify is not None,
        "expectation": lambda phase: bool(phase.expect),
        "undo": lambda phase: phase.undo is not None or phase.writes == (),
        "recovery": lambda phase: phase.retry is not None,
    }
    counted = tuple(_part(name, has, plan) for name, has in parts.items())
    return Score(sum(part.points for part in counted), sum(part.most for part in counted), counted)


def _part(name: str, has: Callable[[Phase], bool], plan: Plan) -> Part:
    lacking = tuple(phase.id for phase in plan.phases if not has(phase))
    count = len(plan.phases)
    return Part(name, _MOST * (count - len(lacking)) // count if count else 0, lacking)
