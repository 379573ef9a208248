"""Steps of a release as phases of a plan.

Each run looks at everything again, since the platform may have changed between two runs: a step is green only when it
was begun in this run and holds. And a step that an earlier run left half done is not taken back before it is gone on
with: what it sets are values, and setting them again is going on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.plan.actions import Call
from greenroom.plan.plan import Phase, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from greenroom.plan.actions import Attempt

    Listening = Callable[[Attempt], AbstractContextManager[None]]
    Said = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it does, how one sees that it is so, how it is taken back; each in words, and as a function."""

    name: str
    do: str
    does: Callable[[Attempt], None]
    verify: str
    holds: Callable[[Attempt], bool]
    undo: str = ""
    undoes: Callable[[Attempt], None] | None = None


def plan_of(name: str, steps: Sequence[Step], listening: Listening, said: Said, *, whole: bool) -> Plan:
    """The steps one after another.

    listening: around each.  said: told which one begins, or is taken back.  whole: when one fails, all are taken back.
    """
    begun: set[int] = set()
    phases = [_phase(number, step, begun, listening, said) for number, step in enumerate(steps, 1)]
    return Plan(name, tuple(phases), whole)


def _phase(number: int, step: Step, begun: set[int], listening: Listening, said: Said) -> Phase:
    def does(attempt: Attempt) -> None:
        begun.add(number)
        said(f"{step.name}: {step.do}")
        with listening(attempt):
            step.does(attempt)

    def holds(attempt: Attempt) -> bool:
        with listening(attempt):
            return number in begun and step.holds(attempt)

    def undoes(attempt: Attempt) -> None:
        if not begun:
            attempt.say("it goes on from where it was left")
        elif step.undoes is not None:
            said(f"taking back ({step.name}): {step.undo}")
            with listening(attempt):
                step.undoes(attempt)
            begun.discard(number)

    return Phase(
        number=number,
        name=step.name,
        do=Call(step.do, does),
        verify=Call(step.verify, holds),
        undo=Call(step.undo, undoes) if step.undoes else None,
        needs=(number - 1,) if number > 1 else (),
        writes=(),
    )
