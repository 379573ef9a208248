"""What SteadyDancer's plans for cards of some sizes foretell, and what then happens: memory of each stage, and times.

    python benchmarks/steadydancer_ways.py [--cards 140,80,48,24,16] [--precision bf16|fp8|fp8-products]
                                           [--size 832x480] [--frames 81] [--steps 4] [--tiny] [--output FILE]

Torch is held to what a card of each size, in GB, has free. Weights are random, of the published size, made where they
are used: what that takes stands for loading, which also casts, and adds what files of small changes say. While the
picture is seen it is encoded, too, so that of both stages the plan's larger one is compared. Passes are timed over a
second sampling, with kernels warm, and ``times`` is how many times as long one takes as on the first card of the list.
--tiny goes the same way with small networks, anywhere. Prints one JSON.
"""

from __future__ import annotations

import growing_memory  # noqa: F401 - acts by being imported, before torch is

# isort: split

import argparse
import gc
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.conditions.sizes import Size
from greenroom.models.steadydancer.dancer.precision import PRECISIONS, USUAL
from greenroom.models.steadydancer.engine import Engine, Sampling
from greenroom.models.steadydancer.parts import Sizes
from greenroom.models.steadydancer.parts_synthetic import synthetic_parts, tiny_sizes
from greenroom.models.steadydancer.planning.costs import Job, Networks, networks_on
from greenroom.models.steadydancer.planning.plan import plan
from greenroom.recipes.catalogue import recipe
from greenroom.runtime.device import CPU, device_memory
from greenroom.runtime.rooms import Room
from machine import machine
from report import report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.steadydancer.planning.plan import Plan

_MODEL = "steadydancer-14b"
_GIGA = 1e9
_FREE = 0.98  # of a card, once CUDA runs
_LIBRARIES = 400_000_000  # which torch is not held to; see ``runtime.rooms``
_ON_GPU = torch.cuda.is_available()
_DEVICE = torch.device("cuda:0" if _ON_GPU else "cpu")


def room_of(card: float) -> Room:
    """Of a card of so many GB."""
    host = device_memory(CPU)
    free = 0 if host is None else host.free
    if not _ON_GPU:
        return Room(CPU, free)
    return Room("cuda:0", int(card * _FREE * _GIGA), free, torch.cuda.get_device_name())


@contextmanager
def held_to(room: Room) -> Iterator[None]:
    """Have torch take no more than the room."""
    if not _ON_GPU:
        yield
        return
    total = torch.cuda.mem_get_info()[1]
    torch.cuda.set_per_process_memory_fraction(min(1.0, (room.free - _LIBRARIES) / total))
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


class Stages:
    """Each stage's time, and what torch held at most."""

    def __init__(self, foretold: dict[str, int]) -> None:
        self.found: dict[str, dict[str, float]] = {}
        self._foretold = foretold

    @contextmanager
    def of(self, name: str, *others: str) -> Iterator[None]:
        """Measure one. others: stages of the plan that it is at the same time."""
        if _ON_GPU:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        yield
        if _ON_GPU:
            torch.cuda.synchronize()
        told: dict[str, float] = {"seconds": round(time.perf_counter() - began, 3)}
        told["foretold_gb"] = round(max(self._foretold[stage] for stage in (name, *others)) / _GIGA, 2)
        if _ON_GPU:
            stats = torch.cuda.memory_stats()
            told["allocated_gb"] = round(stats["allocated_bytes.all.peak"] / _GIGA, 2)
            told["reserved_gb"] = round(stats["reserved_bytes.all.peak"] / _GIGA, 2)
        self.found[name] = told


def gone(planned: Plan, sizes: Sizes, precision: str) -> dict[str, Any]:
    """A request by a plan, from weights to frames."""
    job, stages = planned.job, Stages(planned.stages)
    drawn = np.random.default_rng(1)
    picture = drawn.integers(0, 256, (*job.picture, 3), np.uint8)
    poses = [*drawn.integers(0, 256, (job.frames, *job.poses, 3), np.uint8)]
    sampling = Sampling(steps=job.steps)
    with stages.of("loading"):
        engine = Engine(synthetic_parts(sizes, _DEVICE, planned.way, precision), planned.way)
    with stages.of("reading"):
        texts = engine.read("a woman in a red coat dances on a wet street at night", "blurred, distorted")
    with stages.of("seeing", "encoding"):
        pictured = engine.picture(picture, job.size, job.frames)
    with stages.of("encoding"):
        posed, others = (engine.poses(shown, job.picture, job.size) for shown in (poses, poses[::-1]))
    engine.sample(texts, pictured, posed, others, Sampling(steps=1))
    with stages.of("denoising"):
        made = engine.sample(texts, pictured, posed, others, sampling)
    with stages.of("decoding"):
        frames = sum(map(len, engine.decode(made.latents)))
    a_pass = stages.found["denoising"]["seconds"] / (made.passes * planned.windows)
    return {
        "way": asdict(planned.way),
        "lines": [*planned.lines()],
        "stages": stages.found,
        "host_foretold_gb": round(planned.host_bytes / _GIGA, 2),
        "host_pinned_gb": round(engine.held / _GIGA, 2),
        "pass_s": round(a_pass, 4),
        "frames": frames,
    }


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cards", default="140,80,48,24,16", help="GB, by commas")
    parser.add_argument("--precision", default=USUAL, choices=PRECISIONS)
    parser.add_argument("--size", default="832x480")
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    job = Job(
        Size(height, width), options.frames, options.steps, picture=(height, width), poses=(2 * height, 2 * width)
    )
    architecture = PUBLISHED[_MODEL]
    sizes, networks = Sizes(architecture), Networks.published(recipe(_MODEL), options.precision)
    if options.tiny:
        sizes = tiny_sizes(architecture)
        networks = Engine(synthetic_parts(sizes, _DEVICE, None, options.precision)).networks(_MODEL)
    cards: dict[str, Any] = {}
    for card in options.cards.split(","):
        room = room_of(float(card))
        planned = plan(networks_on(str(_DEVICE), networks), job, room)
        print(card, *planned.lines(), sep="\n  ", flush=True)
        with held_to(room):
            cards[card] = gone(planned, sizes, options.precision)
        gc.collect()
        torch.cuda.empty_cache()
    first = next(iter(cards.values()))["pass_s"]
    for found in cards.values():
        found["times"] = round(found["pass_s"] / first, 3)
    found = {
        "benchmark": "steadydancer ways",
        "machine": machine("torch", "greenroom"),
        "device": torch.cuda.get_device_name() if _ON_GPU else CPU,
        "options": {name: str(value) for name, value in vars(options).items() if name != "output"},
        "cards": cards,
    }
    report(found, options.output)


if __name__ == "__main__":
    main()
