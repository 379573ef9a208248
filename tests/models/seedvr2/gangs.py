"""Engines of tiny networks for ranks, as functions that another process can import."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from greenroom.models.golden import read_golden
from greenroom.models.seedvr2.architecture import Architecture
from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt
from greenroom.models.seedvr2.parity_restoring import _vae_options
from greenroom.models.seedvr2.parity_transformer import transformer_of
from greenroom.models.seedvr2.parity_vae import vae_of
from greenroom.models.seedvr2.ranks.gang_engine import GangEngine
from greenroom.models.seedvr2.ranks.rank_engine import RankEngine
from tests.models.seedvr2.autoencoders import tiny_vae
from tests.models.seedvr2.networks import GOLDENS, V2, network_of

Parts = tuple[Any, Any, Tensor]


def tiny_parts(architecture: Architecture) -> Parts:
    """Networks and a prompt, the same in each process."""
    return network_of(architecture), tiny_vae(), synthetic_prompt(architecture, 5)


def golden_parts(name: str) -> Parts:
    """Those of a golden case."""
    golden = read_golden(GOLDENS / f"{name}.json")
    config = golden.config
    network = transformer_of(name, config["dit"], config["arch"], golden.weights("dit."))
    return network, vae_of(golden, _vae_options(config), "vae."), golden.tensor("inputs.text")


def own(architecture: Architecture, device: str) -> GangEngine:
    return GangEngine(*tiny_parts(architecture))


def other(architecture: Architecture, device: str) -> RankEngine:
    return RankEngine(*tiny_parts(architecture))


def golden_own(name: str, device: str) -> GangEngine:
    return GangEngine(*golden_parts(name))


def golden_other(name: str, device: str) -> RankEngine:
    return RankEngine(*golden_parts(name))


class Failing(RankEngine):
    """One that fails where it decodes as rank 1. how: what it does."""

    how = ""

    def decode_turn(self, *given: Any) -> tuple[Iterator[Tensor], Any]:
        if given[0].rank != 1:
            return super().decode_turn(*given)
        if self.how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "memory":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        raise ValueError("a mistake")


def failing(how: str, device: str) -> Failing:
    engine = Failing(*tiny_parts(V2))
    engine.how = how
    return engine
