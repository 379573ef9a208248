"""What a model keeps in the other ranks of a gang: made there beside its own, and made anew where a rank was lost."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import torch

from greenroom.runtime.device import members
from greenroom.runtime.gang.gang import gang_on

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from greenroom.runtime.gang.gang import Gang, Section
    from greenroom.runtime.gang.rank import Member
    from greenroom.runtime.gang.ranks import Ranks
    from greenroom.runtime.rooms import Room


class Kept(Protocol):
    """What a rank keeps. held: bytes of the host that wait for its next work."""

    @property
    def held(self) -> int:
        """Of it."""

    def room(self) -> Room:
        """Of its device, as a plan may take it."""


Make = Callable[["Member"], Kept]
"""Makes it in its rank; a function of a module, which another process can import."""

_Own = TypeVar("_Own")
_numbers = count()  # by which ranks tell one crew's from another's


class Crew:
    """The other ranks of a gang, each with something of this crew. It is let go of with the crew. Made by ``begun``."""

    def __init__(self, gang: Gang, kind: str, make: Make) -> None:
        self.gang = gang
        self._key = f"{kind}-{next(_numbers)}"
        self._make = make
        self._generation = 0

    @classmethod
    def begun(
        cls, device: str, kind: str, make: Make, own: Callable[[str], _Own], *, lanes: bool = False
    ) -> tuple[Crew, _Own]:
        """A crew on devices that work together, and what rank 0 has made for itself meanwhile.

        kind: of the model, for keys.  own: given rank 0's device.  lanes: see ``Ranks``.
        Raises GangInvalid, DeviceTwice, DevicesMixed, GangTaken, RankLost, RanksApart, and what ``own`` raises.
        """
        gang = gang_on(members(device))
        crew = cls(gang, kind, make)
        gang.use(crew._key, lanes=lanes)
        try:
            gang.ready()
            with gang.together(_keep, crew._key, make):
                made = own(gang.devices[0])
            gang.wait()
        except BaseException:
            gang.forget(crew._key)
            raise
        crew._generation = gang.generation
        weakref.finalize(crew, gang.forget, crew._key)
        return crew, made

    def ready(self) -> Ranks:
        """This rank, among others that have what they keep and do nothing. Raises RankLost, RanksApart."""
        ranks = self.gang.ready()
        if self._generation != self.gang.generation:
            with self.gang.together(_keep, self._key, self._make):
                pass
            self.gang.wait()
            self._generation = self.gang.generation
        return ranks

    def together(self, work: Callable[..., None], *arguments: Any) -> AbstractContextManager[Section]:
        """Have the others do ``work(member, kept, *arguments)``; see ``Gang.together``. They are ready."""
        return self.gang.together(_work_with, self._key, work, arguments)

    def least(self, own: Room) -> Room:
        """What a plan may take of each device: of the one that has the least, and of the host. own: rank 0's.

        Raises RankLost, RanksApart.
        """
        ranks = self.ready()
        told = torch.zeros(ranks.size, 2, dtype=torch.int64, device=ranks.device)
        told[0, 0] = own.free
        with self.together(_tell_room):
            for rank in range(1, ranks.size):
                ranks.collect(told[rank], rank).wait()
            self.gang.finish()  # or zeros of a rank that is lost would be its room
        free, held = told.unbind(1)  # of the host, what this rank holds is in its own room
        left = None if own.host is None else own.host + int(held.sum())
        return replace(own, device="+".join(self.gang.devices), free=int(free.min()), host=left)


def _keep(member: Member, key: str, make: Make) -> None:
    member.kept[key] = make(member)


def _work_with(member: Member, key: str, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    with torch.inference_mode():
        work(member, member.kept[key], *arguments)


def _tell_room(member: Member, kept: Kept) -> None:
    member.ranks.deliver(torch.tensor([kept.room().free, kept.held], device=member.ranks.device))
    member.ranks.settle()
