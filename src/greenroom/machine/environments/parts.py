"""Which extras of greenroom a family of models takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Without these no model of the family runs. A family that is not here is not run yet by any code of ours.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "voice": ("voice",),
    "f5tts": ("models", "captions"),
    "foley": ("models",),
    "seedvr2": ("models",),
    "steadydancer": ("animate", "models"),
}
# What people expect around a model, which still makes its results without it.
GAINS = ("serve",)
# What may be asked for besides.
OFFERED = (
    "animate",
    "captions",
    "google",
    "install",
    "models",
    "postgres",
    "runpod",
    "serve",
    "telemetry",
    "voice",
    "weights",
)


@dataclass(frozen=True, slots=True)
class Parts:
    """Extras of greenroom. needs: an install fails with one of them.  gains: it goes on without, and says so."""

    needs: tuple[str, ...]
    gains: tuple[str, ...]


def parts_for(families: Iterable[str], wanted: Iterable[str] = ()) -> Parts:
    """What the families of the models need, and what is gained besides.

    wanted: more extras to gain. Without a family the environment has greenroom's core. Raises UnknownName.
    """
    needs = dict.fromkeys(extra for family in families for extra in NEEDS.get(family, ()))
    gains = dict.fromkeys(GAINS)
    for extra in wanted:
        if extra not in OFFERED:
            raise UnknownName("part", extra, OFFERED)
        gains[extra] = None
    return Parts(tuple(sorted(needs)), tuple(extra for extra in gains if extra not in needs))
