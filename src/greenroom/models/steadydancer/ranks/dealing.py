"""What each rank of a gang does of a step: one of its passes, or a share of one.

Every round keeps all ranks busy, so that what there is to compute is divided by their number whichever way it is dealt.
What differs is what they send, so the rule is: as many passes side by side as ranks can be dealt to evenly. Three
passes of two ranks are two side by side, then the third by both; of four ranks two by two, then the third by all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_Asked = TypeVar("_Asked")


def rounds(asked: Sequence[_Asked], ranks: int) -> Iterator[tuple[_Asked, ...]]:
    """What ranks do side by side, one round after another, each with as many ranks as the others of its round.

    asked: passes, or passes of windows, in the order in which they are wanted.
    """
    first = 0
    while first < len(asked):
        left = len(asked) - first
        beside = max(count for count in range(1, ranks + 1) if ranks % count == 0 and count <= left)
        yield tuple(asked[first : first + beside])
        first += beside


def run_of(total: int, rank: int, ranks: int) -> slice:
    """A rank's run of so many things in a row; runs differ by one at most."""
    return slice(total * rank // ranks, total * (rank + 1) // ranks)


def runs_of(total: int, ranks: int) -> tuple[int, ...]:
    """How many each rank has of them."""
    return tuple(len(range(total)[run_of(total, rank, ranks)]) for rank in range(ranks))
