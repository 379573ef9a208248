"""How fast several devices ask SteadyDancer's denoiser together, beside one of them, and how far their latents differ.

    python benchmarks/steadydancer_gang.py [--device cuda:0+cuda:1] [--size WIDTHxHEIGHTxFRAMES] [--layers 40]
                                           [--runs 3] [--tiny] [--output FILE]

Weights are random, of the published size, in bfloat16, the same in each rank, of 81 frames of 1024x576; with --tiny,
and on the CPU, networks are small ones in float32, of 9 frames of 64x64. Conditions are noise. Measured is a pass that
all devices share, two that are side by side, and a step of three, seconds each: medians after a run that warms up,
clocks around synchronised work of the first device. Then a few steps are sampled by one device and by all. Prints one
JSON.

Two GPUs have not been measured: machines with several were not to be had. ``--device cpu+cpu --tiny`` goes the same
way, with gloo in place of NCCL.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from greenroom.models.steadydancer.architecture import MASK, PUBLISHED, STRIDE
from greenroom.models.steadydancer.dancer.arranging import fixed_of
from greenroom.models.steadydancer.dancer.fixed import Conditions, velocity
from greenroom.models.steadydancer.dancer.synthetic import synthetic_dancer, tiny
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.ranks.rank_dancer import RankDancer, dealt
from greenroom.models.steadydancer.sampling.blending import Windowed
from greenroom.models.steadydancer.sampling.guidance import Guidance, Pass
from greenroom.models.steadydancer.sampling.sampler import sample
from greenroom.models.steadydancer.sampling.schedule import Schedule
from greenroom.models.steadydancer.sampling.windows import windows
from greenroom.runtime.device import members
from greenroom.runtime.gang.crew import Crew
from machine import machine
from report import report

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.steadydancer.architecture import Architecture
    from greenroom.models.steadydancer.dancer.transformer import Dancer
    from greenroom.runtime.gang.rank import Member

_GIGA = 1e9
_TIME = 637
_SHARED, _BESIDE, _THREE = tuple(Pass)[:1], tuple(Pass)[:2], tuple(Pass)
_SCHEDULE, _GUIDANCE = Schedule.of("unipc", 4, 5.0), Guidance(begin=0.1, end=0.6)


def network(architecture: Architecture, device: str) -> Dancer:
    """The same in each rank."""
    target = torch.device(device)
    if target.type == "cuda":
        torch.cuda.set_device(target)
    return synthetic_dancer(architecture, target, torch.bfloat16 if target.type == "cuda" else torch.float32)


def other(architecture: Architecture, member: Member) -> RankDancer:
    """Another rank's."""
    return RankDancer(network(architecture, str(member.ranks.device)))


def noise(*shape: int, seed: int) -> Tensor:
    """Normal numbers, on the host."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def conditions_of(architecture: Architecture, frames: int, height: int, width: int) -> Conditions:
    """Noise in place of all that a job is given."""
    channels, cells = architecture.latent, (height, width)
    seen = architecture.image_tokens, architecture.image_in
    return Conditions(
        text=noise(architecture.text_tokens // 8, architecture.text_in, seed=1),
        negative=noise(architecture.text_tokens // 4, architecture.text_in, seed=2),
        image=noise(*seen, seed=3),
        pose_image=noise(*seen, seed=4),
        y=noise(MASK + channels, frames, *cells, seed=5),
        ref_x=noise(channels, 1, *cells, seed=6),
        ref_c=noise(channels, 1, *cells, seed=7),
        pose=noise(channels, frames, *cells, seed=8),
        negative_pose=noise(channels, frames, *cells, seed=9),
    )


def alone(own: Dancer, given: list[Conditions], way: Way) -> Windowed:
    """What one device is asked."""
    [fixed] = fixed_of(own, given, way)
    return Windowed(windows(given[0].pose.shape[1]), lambda _, *asked: velocity(own, fixed, *asked))


def seconds(asked: Windowed, latents: Tensor, passes: tuple[Pass, ...], runs: int) -> float:
    """The median of as many runs."""
    found = []
    for _ in range(runs + 1):
        began = clock(latents)
        asked.ahead(latents, _TIME, passes)
        for which in passes:
            asked(latents, _TIME, which)
        found.append(clock(latents) - began)
    return round(statistics.median(found[1:]), 4)


def clock(latents: Tensor) -> float:
    """Now, once the device has done what it was asked."""
    if latents.is_cuda:
        torch.cuda.synchronize(latents.device)
    return time.perf_counter()


def measured(asked: Windowed, latents: Tensor, runs: int) -> tuple[dict[str, float], Tensor]:
    """Seconds, and what comes of a few steps."""
    if latents.is_cuda:
        torch.cuda.reset_peak_memory_stats(latents.device)
    names = {"one_pass_s": _SHARED, "two_passes_s": _BESIDE, "three_passes_s": _THREE}
    took = {name: seconds(asked, latents, passes, runs) for name, passes in names.items()}
    peak = torch.cuda.max_memory_allocated(latents.device) / _GIGA if latents.is_cuda else 0.0
    made = sample(asked, latents, _SCHEDULE, _GUIDANCE, ahead=asked.ahead).latents
    return {**took, "allocated_gb": round(peak, 2)}, made


def main() -> None:
    """Measure one device, then all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0+cuda:1")
    parser.add_argument("--size", metavar="WIDTHxHEIGHTxFRAMES")
    parser.add_argument("--layers", type=int, default=40)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    one = members(options.device)[0]
    architecture = replace(PUBLISHED["steadydancer-14b"], layers=options.layers)
    usual = "1024x576x81"
    if options.tiny or one == "cpu":
        architecture, usual = tiny(architecture, heads=5), "64x64x9"
    options.size = options.size or usual
    width, height, frames = map(int, options.size.split("x"))
    shape = ((frames - 1) // STRIDE[0] + 1, height // STRIDE[1], width // STRIDE[2])
    given, way = [conditions_of(architecture, *shape)], Way()

    makes = partial(other, architecture), partial(network, architecture)
    crew, own = Crew.begun(options.device, "bench", *makes, lanes=True)
    latents = noise(architecture.latent, *shape, seed=0).to(one)
    single, wanted = measured(alone(own, given, way), latents, options.runs)
    with dealt(crew, own, windows(shape[0]), given, way) as asked:
        several, made = measured(asked, latents, options.runs)
    report(
        {
            "machine": machine(),
            "options": {name: str(value) for name, value in vars(options).items()},
            "one": single,
            "together": several,
            "times_faster": {name: round(single[name] / several[name], 2) for name in single if name.endswith("_s")},
            "latents_differ_relatively": float((made - wanted).norm() / wanted.norm()),
        },
        options.output,
    )


if __name__ == "__main__":
    # Other ranks import what makes their network from a module, not from the one that runs.
    from steadydancer_gang import main as run

    run()
