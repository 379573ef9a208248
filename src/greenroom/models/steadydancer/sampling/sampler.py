"""The loop from noise to latents: at each step the passes that guidance asks for, one after another, and the solver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from greenroom.errors import GreenroomError
from greenroom.models.steadydancer.sampling.caching import Cache, Caching
from greenroom.models.steadydancer.sampling.guidance import Guidance, Pass
from greenroom.models.steadydancer.sampling.solvers import Solver
from greenroom.models.steadydancer.sampling.standing import Standing
from greenroom.progress import Step, silent
from greenroom.runtime.abreast import Abreast

if TYPE_CHECKING:
    from greenroom.models.steadydancer.sampling.schedule import Schedule

VelocityOf = Callable[[Tensor, int, Pass], Tensor]
"""Asks the network: latents float32 (16, frames, height, width), time, pass.

Gives float32 of the same shape, in memory that no later answer takes.
"""

Ahead = Callable[[Tensor, int, tuple[Pass, ...]], None]
"""Told, of latents and a time, which passes are asked for next, so that they may be computed beside each other."""

SAMPLING = "sampling"
"""The stage's name in what is told of it."""

_SOLVER, _CACHE = "solver", "cache"


class VelocityNotFinite(GreenroomError):
    """The network computed something that is no number."""

    code = "velocity-not-finite"


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """What a schedule led to. latents: float32, as the noise is.  passes: how often the network was asked, by this
    process or another before it.  reused, expected, found: see ``Cache``; 0 without."""

    latents: Tensor
    passes: int
    reused: int = 0
    expected: float = 0.0
    found: float = 0.0


def passes(schedule: Schedule, guidance: Guidance) -> int:
    """How often a schedule asks the network, if nothing is used again: 91 times in 40 steps as published."""
    return guidance.count(schedule.steps)


@torch.inference_mode()
def sample(
    velocity_of: VelocityOf,
    noise: Tensor,
    schedule: Schedule,
    guidance: Guidance,
    step: Step = silent,
    *,
    resume: Standing | None = None,
    save: Callable[[Standing], None] | None = None,
    caching: Caching | None = None,
    ahead: Ahead | None = None,
) -> Sampled:
    """Latents of noise, (16, frames, height, width), on its device.

    step: told before the first pass and behind each, of all passes.  resume: where an earlier run of the same request
    stood; the latents are the same to the bit as without a break.  save: given where this one stands behind each step,
    the last one too, so that nothing is lost while latents are decoded; its tensors must not be written to.  caching:
    None for computing everything.  ahead: told of each step before its passes are asked for. What ``step`` and ``save``
    raise ends the loop. Raises VelocityNotFinite; where that step began stays saved.
    """
    solver = Solver(schedule, noise)
    cache = Cache(caching, schedule.steps) if caching and caching.threshold else None
    if resume is not None:
        solver.restore(resume.of(_SOLVER))
        if cache:
            cache.restore(resume.of(_CACHE), noise.device)
    steps, total = schedule.steps, passes(schedule, guidance)
    done = sum(len(guidance.passes(at, steps)) for at in range(solver.at))
    abreast = Abreast(noise.device)
    step(SAMPLING, done, total)
    while solver.at < steps:
        if cache:
            cache.move(solver.latents)
        asked = guidance.passes(solver.at, steps)
        answers = _known(asked, solver, cache)
        if ahead:
            ahead(solver.latents, schedule.times[solver.at], tuple(which for which in asked if which not in answers))
        for which in asked:
            if which not in answers:
                answers[which] = _answer(velocity_of, solver, which, cache)
            abreast.started()
            done += 1
            step(SAMPLING, done, total)
        solver.step(_finite(guidance.guided(answers), solver.at))
        if save:
            save(_standing(solver, cache))
    if cache is None:
        return Sampled(solver.latents, total)
    return Sampled(solver.latents, total - cache.reused, cache.reused, cache.expected, cache.found)


def _finite(velocity: Tensor, at: int) -> Tensor:
    if not velocity.isfinite().all():
        raise VelocityNotFinite(
            f"in step {at + 1} the model computed what is no number",
            mend="check the weights with their published hash; on a GPU, take another one, or a wider precision",
        )
    return velocity


def _known(asked: tuple[Pass, ...], solver: Solver, cache: Cache | None) -> dict[Pass, Tensor]:
    """Answers that are used again."""
    known = {which: cache.velocity(which, solver.at) for which in asked} if cache else {}
    return {which: velocity for which, velocity in known.items() if velocity is not None}


def _answer(velocity_of: VelocityOf, solver: Solver, which: Pass, cache: Cache | None) -> Tensor:
    velocity = velocity_of(solver.latents, solver.schedule.times[solver.at], which).float()
    if cache:
        cache.computed(which, velocity)
    return velocity


def _standing(solver: Solver, cache: Cache | None) -> Standing:
    parts = {_SOLVER: solver.state(), _CACHE: cache.state() if cache else {}}
    return Standing(
        solver.at, {f"{part}.{name}": tensor for part, state in parts.items() for name, tensor in state.items()}
    )
