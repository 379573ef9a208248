"""Answers of the network used again where they would hardly have changed. Opt-in: it is another video.

Between two answers of a pass, the velocity changed by so much for so much that the latents moved. While it is expected
to have changed by less than a threshold since it was last computed, relative to itself, it is used again (the rule of
arXiv 2507.02860, which reads it off the latents; arXiv 2411.19108 has the idea, and reads the network's own input).

What is approximated: a velocity of an earlier step stands for that of this one; guidance counts what two passes differ
by several times, and such an error with it. Everything else is as without. The first steps, which decide on what is
seen, and the last are always computed. How much is a mean of absolute values everywhere.

What it cost is told: the largest change that was expected of an answer used again, and the largest that was found when
a pass was computed behind some.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

import torch

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.sampling.guidance import Pass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

FIRST_SHARE = 0.2
"""Of the steps, at the begin, that are always computed."""


@dataclass(frozen=True, slots=True)
class Caching:
    """When answers are used again. threshold: the relative change that is let pass; 0 for none. Raises InputInvalid."""

    threshold: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.threshold) and self.threshold >= 0):
            raise InputInvalid(f"caching threshold is {self.threshold}", mend="give 0 for none, or a number like 0.05")


@dataclass(slots=True)
class _Memory:
    """Of one pass. velocity: the last that was computed, and its size.  moved: how far the latents have since gone.
    rate: how much it changed for so much, when it was last looked; infinite before.  used: how often again since."""

    velocity: Tensor
    size: float
    moved: float = 0.0
    rate: float = math.inf
    used: int = 0

    @property
    def change(self) -> float:
        """What is expected, relative to the velocity."""
        return self.rate * self.moved / self.size if self.size and self.moved else math.inf


@dataclass(slots=True)
class Cache:
    """What is known of each pass of a request, step by step.

    reused: how many answers were used again.  expected: the largest change, relative to it, that one was let pass with.
    found: the largest there was when a pass was computed behind some.
    """

    caching: Caching
    steps: int
    reused: int = 0
    expected: float = 0.0
    found: float = 0.0
    _memories: dict[Pass, _Memory] = field(default_factory=dict)
    _latents: Tensor | None = None

    @torch.inference_mode()
    def move(self, latents: Tensor) -> None:
        """Note where a step begins, which is where the network would be asked."""
        if self._latents is not None:
            moved = _mean(latents - self._latents)
            for memory in self._memories.values():
                memory.moved += moved
        self._latents = latents

    def velocity(self, which: Pass, at: int) -> Tensor | None:
        """The answer of a pass that a step may use again; None if it has to be computed."""
        memory = self._memories.get(which)
        if memory is None or at < ceil(FIRST_SHARE * self.steps) or at == self.steps - 1:
            return None
        change = memory.change
        if not change < self.caching.threshold:
            return None
        memory.used += 1
        self.reused += 1
        self.expected = max(self.expected, change)
        return memory.velocity

    @torch.inference_mode()
    def computed(self, which: Pass, velocity: Tensor) -> None:
        """Note what a pass answered at this step."""
        fresh = _Memory(velocity, _mean(velocity))
        before = self._memories.get(which)
        if before is not None:
            change = _mean(velocity - before.velocity)
            fresh.rate = change / before.moved if before.moved else before.rate
            if before.used and fresh.size:
                self.found = max(self.found, change / fresh.size)
        self._memories[which] = fresh

    def state(self) -> dict[str, Tensor]:
        """All that later steps depend on, and what is told, by names, for ``restore``."""
        state = {"numbers": _numbers(self.reused, self.expected, self.found)}
        if self._latents is not None:
            state["latents"] = self._latents
        for which, memory in self._memories.items():
            state[f"{which.name}.velocity"] = memory.velocity
            state[f"{which.name}.numbers"] = _numbers(memory.size, memory.moved, memory.rate, memory.used)
        return state

    def restore(self, state: Mapping[str, Tensor], device: torch.device) -> None:
        """Know what another one knew at the same step of the same request."""
        reused, self.expected, self.found = state["numbers"].tolist()
        self.reused = int(reused)
        self._latents = state["latents"].to(device) if "latents" in state else None
        for which in Pass:
            if f"{which.name}.numbers" in state:
                size, moved, rate, used = state[f"{which.name}.numbers"].tolist()
                velocity = state[f"{which.name}.velocity"].to(device)
                self._memories[which] = _Memory(velocity, size, moved, rate, int(used))


def _mean(tensor: Tensor) -> float:
    return float(tensor.abs().mean(dtype=torch.float64))


def _numbers(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)
