"""What ranks do in tests, as functions that another process can import."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import torch

from greenroom.errors import InputInvalid
from greenroom.runtime.gang.rank import Member
from greenroom.runtime.gang.ranks import Ranks
from greenroom.runtime.rooms import Room


def everything(ranks: Ranks) -> dict[str, Any]:
    """What each call gives a rank, with values that tell who sent them."""
    rank, size = ranks.rank, ranks.size
    found: dict[str, Any] = {"broadcast": ranks.broadcast(torch.full((2,), float(rank))).tolist()}
    lengths = [2 * number for number in range(size)]
    found["gathered"] = [rows.tolist() for rows in ranks.gathered(torch.full((lengths[rank], 1), rank), lengths)]
    found["summed"] = ranks.summed(torch.full((2, 2), rank + 1.0)).tolist()
    # To each other rank as many rows as its number says, each with who sends and who gets it.
    given = [other if other != rank else 0 for other in range(size)]
    taken = [rank if other != rank else 0 for other in range(size)]
    leaving = torch.tensor([[rank, other] for other in range(size) for _ in range(given[other])]).view(-1, 2)
    found["exchanged"] = ranks.exchanged(leaving, given, taken).tolist()
    lanes = {among: ranks.lane(among) for among in range(1, size + 1) if size % among == 0}
    found["lanes"] = {among: (lane.number, lane.rank, lane.size) for among, lane in lanes.items()}
    # In each lane a row of each rank for each other, itself included.
    found["in lanes"] = {
        among: lane.exchanged(torch.full((lane.size,), rank), [1] * lane.size, [1] * lane.size).tolist()
        for among, lane in lanes.items()
    }
    ranks.give(torch.tensor([rank]))
    out = torch.empty(1, dtype=torch.long)
    ranks.take(out)
    found["taken"] = out.tolist()
    return found


def call_everything(member: Member) -> None:
    """In the others."""
    found = everything(member.ranks)
    member.ranks.deliver(torch.tensor([float(found["taken"][0]), found["summed"][0][0]]))
    member.ranks.settle()


def call_lanes(member: Member) -> None:
    """In the others; what each found is delivered."""
    found = everything(member.ranks)
    member.ranks.deliver(torch.tensor([*found["lanes"][2], *found["in lanes"][2]]))
    member.ranks.settle()


def count(member: Member, key: str) -> None:
    """Keep how often it was called, and deliver it."""
    member.kept[key] = member.kept.get(key, 0) + 1
    member.ranks.deliver(torch.tensor([float(member.kept[key])]))
    member.ranks.settle()


def pass_gates(member: Member, gates: int) -> None:
    """Sum what is given at each gate."""
    total = 0.0
    for _ in range(gates):
        total += member.gate()
        member.ranks.summed(torch.tensor([total]))


def follow_gates(member: Member) -> None:
    """The same for as long as numbers are given."""
    while (given := member.gate()) is not None:
        member.ranks.summed(torch.tensor([given]))


def wait_for_the_rest(member: Member) -> None:
    """Wait for what rank 0 says to all, or what it never says."""
    member.ranks.broadcast(torch.zeros(1))


def fail_in(member: Member, rank: int, how: str) -> None:
    """One rank fails; the others wait for it."""
    if member.ranks.rank == rank:
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "memory":
            raise MemoryError("no room left")
        if how == "typed":
            raise InputInvalid("it is too large", mend="make it smaller")
        raise ValueError("it is wrong")
    member.ranks.summed(torch.zeros(1))


class Counter:
    """Something that a rank keeps. held: bytes of the host."""

    held = 7

    def __init__(self, member: Member, start: float) -> None:
        self.value = start + member.ranks.rank

    def room(self) -> Room:
        return Room("cuda:9", 100 - int(self.value))


def counter(start: float, member: Member) -> Counter:
    """One that starts with its rank's number."""
    return Counter(member, start)


def add(member: Member, own: Counter, more: float) -> None:
    """Deliver what it comes to."""
    own.value += more
    member.ranks.deliver(torch.tensor([float(own.value)]))
    member.ranks.settle()


def sleep_long(member: Member) -> None:
    """Do nothing that would notice anything."""
    time.sleep(3600)
