"""A dancer arranged for a request: where its weights lie, and what stays of each window over all steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.models.steadydancer.dancer.fixed import fix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenroom.models.steadydancer.dancer.fixed import Conditions, Fixed
    from greenroom.models.steadydancer.dancer.transformer import Dancer
    from greenroom.models.steadydancer.planning.way import Way


def arranged(network: Dancer, way: Way) -> None:
    """Have a dancer's weights where a way says; what is to go goes first.

    Raises torch's errors where memory is short.
    """
    hearing = 0 if way.hears_from_host else None
    if hearing is not None and network.hearing.resident != hearing:
        network.hearing.keep(hearing)
    if network.streaming.resident != way.resident:
        network.streaming.keep(way.resident)
    if hearing is None and network.hearing.resident is not None:
        network.hearing.keep(None)


def fixed_of(network: Dancer, conditions: Iterable[Conditions], way: Way) -> list[Fixed]:
    """What stays of each window. All are of one shape, one picture and one first pose, and have it in common.

    Raises InputInvalid.
    """
    made: list[Fixed] = []
    for given in conditions:
        first = made[0] if made else None
        own = fix(network, given, keeps_said=way.keeps_said, like=first)
        made.append(own if first is None else replace(first, poses=own.poses))
    if way.keeps_said:
        network.hearing.forget()  # nobody hears anew
    return made
