"""A small network, and a process that samples with it until it is killed."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from greenroom.models.steadydancer.sampling.caching import Caching
from greenroom.models.steadydancer.sampling.guidance import Guidance, Pass
from greenroom.models.steadydancer.sampling.sampler import Sampled, sample
from greenroom.models.steadydancer.sampling.schedule import Schedule, SolverName
from greenroom.models.steadydancer.sampling.standing import keep, kept

STEPS = 8
GUIDANCE = Guidance(5.0, 1.0, 0.2, 0.8)
IDENTITY = {"seed": 5, "steps": STEPS}


class Network:
    """Answers of a convolution; counts how often it was asked."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(3)
        self._weights = {which: torch.randn(16, 16, 1, 3, 3, generator=generator) / 12 for which in Pass}
        self.asked: list[tuple[int, Pass]] = []

    def __call__(self, latents: Tensor, at: int, which: Pass) -> Tensor:
        self.asked.append((at, which))
        return torch.tanh(functional.conv3d(latents, self._weights[which], padding=(0, 1, 1))) + at / 1000


def noise() -> Tensor:
    return torch.randn(16, 3, 4, 5, generator=torch.Generator().manual_seed(5))


def sampled(network: Network, solver: SolverName, threshold: float, file: Path) -> Sampled:
    """Go on where a file stands, and note there where one stands."""
    return sample(
        network,
        noise(),
        Schedule.of(solver, STEPS, 5.0),
        GUIDANCE,
        resume=kept(file, IDENTITY),
        save=lambda standing: keep(file, standing, IDENTITY),
        caching=Caching(threshold),
    )


def until_killed(solver: SolverName, threshold: float, file: Path, asked: int, told: Connection) -> None:
    """Sample, and stand still within the pass of that number."""
    network = Network()

    class Standing(Network):
        def __call__(self, latents: Tensor, at: int, which: Pass) -> Tensor:
            if len(self.asked) == asked:
                told.send(at)
                time.sleep(3600)
            return super().__call__(latents, at, which)

    network = Standing()
    sampled(network, solver, threshold, file)
