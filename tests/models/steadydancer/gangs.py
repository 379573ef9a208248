"""Dancers of tiny networks for ranks, as functions that another process can import."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import torch

from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.dancer.checkpoint import load_dancer
from greenroom.models.steadydancer.dancer.synthetic import synthetic_dancer
from greenroom.models.steadydancer.dancer.transformer import Dancer
from greenroom.models.steadydancer.lora.merging import Lora
from greenroom.models.steadydancer.parts import Files, Parts
from greenroom.models.steadydancer.parts_synthetic import synthetic_parts, tiny_sizes
from greenroom.models.steadydancer.ranks.gang_engine import GangEngine
from greenroom.models.steadydancer.ranks.rank_dancer import RankDancer
from greenroom.runtime.gang.rank import Member
from tests.models.steadydancer.networks import TINY, dancer_of

_FOURTH = 4

SIZES = tiny_sizes(PUBLISHED["steadydancer-14b"])

WIDE = replace(TINY, heads=5, head_dim=8)
"""Heads that ranks do not go into."""


def wide_dancer() -> Dancer:
    """The same network in each process."""
    return dancer_of(WIDE)


def other(member: Member) -> RankDancer:
    return RankDancer(wide_dancer())


def parts() -> Parts:
    """All of the family, the same in each process."""
    return synthetic_parts(SIZES, torch.device("cpu"))


def own_engine(device: str) -> GangEngine:
    return GangEngine(parts())


def other_dancer(member: Member) -> RankDancer:
    return RankDancer(synthetic_dancer(SIZES.denoiser, torch.device("cpu"), torch.float32))


def loading(path: Path, *_: Any, loras: Sequence[Lora] = (), **__: Any) -> Parts:
    """All of the family, with a denoiser of a file."""
    return replace(parts(), denoiser=load_dancer(path, SIZES.denoiser, loras=loras))


def files_of(denoiser: Path) -> Files:
    """Of which only one is there."""
    none = denoiser.with_name("none")
    return Files(denoiser, none, none, none, none)


def failing(how: str, member: Member) -> RankDancer:
    """One that fails as the last rank, within a block of its fourth pass. how: what it does."""
    if member.ranks.rank < member.ranks.size - 1:
        return other(member)
    return RankDancer(failing_dancer(how))


def failing_dancer(how: str) -> Dancer:
    """One that fails within a block of its fourth pass."""
    network, asked = wide_dancer(), count(1)
    network.layers[1].register_forward_pre_hook(lambda *_: fail(how) if next(asked) == _FOURTH else None)
    return network


def failing_at_once(member: Member) -> RankDancer:
    """One whose memory runs out as the last rank while it prepares, before anything was asked of all."""
    network = wide_dancer()
    if member.ranks.rank == member.ranks.size - 1:
        network.img_emb.register_forward_pre_hook(lambda *_: fail("memory"))
    return RankDancer(network)


def fail(how: str) -> None:
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "stands still":
        time.sleep(3600)
    if how == "memory":
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
    raise ValueError("a mistake")
