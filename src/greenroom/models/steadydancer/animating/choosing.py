"""Which person is meant, as users say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.models.steadydancer.pose.persons import Choice

if TYPE_CHECKING:
    from greenroom.models.steadydancer.pose.persons import By

_WORDS: dict[str, By] = {"surest": "score", "largest": "size"}


def choice_of(said: str | None) -> Choice | None:
    """What an input says: ``surest``, ``largest``, ``2`` or ``10,20,110,220``; None where nobody chose."""
    if said is None:
        return None
    if said in _WORDS:
        return Choice(_WORDS[said])
    if said.isdecimal():
        return Choice("number", number=int(said))
    left, top, right, bottom = (float(edge) for edge in said.split(","))
    return Choice("box", box=(left, top, right, bottom))
