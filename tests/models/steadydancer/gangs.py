"""Dancers of tiny networks for ranks, as functions that another process can import."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from itertools import count

import torch

from greenroom.models.steadydancer.dancer.transformer import Dancer
from greenroom.models.steadydancer.ranks.rank_dancer import RankDancer
from greenroom.runtime.gang.rank import Member
from tests.models.steadydancer.networks import TINY, dancer_of

_FOURTH = 4

WIDE = replace(TINY, heads=5, head_dim=8)
"""Heads that ranks do not go into."""


def wide_dancer() -> Dancer:
    """The same network in each process."""
    return dancer_of(WIDE)


def other(member: Member) -> RankDancer:
    return RankDancer(wide_dancer())


def failing(how: str, member: Member) -> RankDancer:
    """One that fails as rank 1, within a block of its fourth pass. how: what it does."""
    network, asked = wide_dancer(), count(1)
    if member.ranks.rank == 1:
        network.layers[1].register_forward_pre_hook(lambda *_: _fail(how) if next(asked) == _FOURTH else None)
    return RankDancer(network)


def _fail(how: str) -> None:
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "stands still":
        time.sleep(3600)
    if how == "memory":
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
    raise ValueError("a mistake")
