"""How fast HunyuanVideo-Foley makes sound from frames on the host, in how much memory, and whether plans for smaller
cards hold.

    python benchmarks/foley.py [--model hunyuanvideo-foley-xxl] [--precision bf16] [--clips 8x1,8x4,60x1]
                               [--cards 8,12,16] [--runs 3] [--profile] [--output FILE]

A clip is seconds x samples; 50 steps, guidance 4.5. Weights are random, of the published size. Frames are noise,
decoded and made small already, in the host's memory. Clocks stand around synchronised work, and figures are medians
after a run that warms up. A card of so many GB is this one with torch held to as much: its planned way is run, and if
memory runs out it is said. Memory grows, and cuDNN chooses by its heuristics, as in the product, unless the environment
says otherwise. --profile counts the kernels of a step and names the longest. Prints one JSON.
"""

from __future__ import annotations

import growing_memory  # noqa: F401 - acts by being imported, before torch is

# isort: split

import argparse
import gc
import json
import os
from collections import Counter, defaultdict
from dataclasses import asdict
from fractions import Fraction
from heapq import nlargest
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from foley_clip import NEGATIVE, PROMPT, clock, medians, watched
from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.engine import Engine, Sampling
from greenroom.models.foley.mmdit.windows import on_grid
from greenroom.models.foley.parts import Sizes
from greenroom.models.foley.parts_synthetic import synthetic_parts
from greenroom.models.foley.planning.costs import Job
from greenroom.models.foley.planning.plan import plan
from greenroom.models.foley.watching.lengths import latents_until
from greenroom.runtime.cuda import memory_grows
from greenroom.runtime.memory import is_out_of_memory
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import Room
from machine import machine
from report import report

if TYPE_CHECKING:
    from greenroom.models.foley.planning.costs import Networks
    from greenroom.models.foley.planning.way import Way

_GPU = torch.device("cuda")
_HOST = 10**11
_GIGA = 1e9
_STEPS = 50
_NAME, _NAMED = 100, 24  # letters of a kernel's name, and kernels that are named
_ENVIRONMENT = ("PYTORCH_CUDA_ALLOC_CONF", "TORCH_CUDNN_USE_HEURISTIC_MODE_B")


class Clip:
    """So many seconds of frames, and how many sounds are made for them."""

    def __init__(self, name: str) -> None:
        self.name = name
        seconds, samples = map(int, name.split("x"))
        self.pieces = watched(seconds)
        self.sampling = Sampling(steps=_STEPS, samples=samples)

    def job(self) -> Job:
        """As a plan counts it."""
        pictures, frames = (
            sum(map(len, parts)) for parts in zip(*((p.pictures, p.frames) for p in self.pieces), strict=True)
        )
        length = on_grid(latents_until(max(piece.end or Fraction(0) for piece in self.pieces)))
        return Job(length, self.sampling.samples, steps=_STEPS, pictures=pictures, frames=frames)


def engine_of(options: argparse.Namespace, way: Way | None = None) -> Engine:
    """All networks, loaded by a way; those before it are let go."""
    gc.collect()
    torch.cuda.empty_cache()
    sizes = Sizes(PUBLISHED[options.model])
    return Engine(synthetic_parts(sizes, _GPU, way=way, precision=options.precision), way)


def sounded(engine: Engine, clip: Clip) -> dict[str, float]:
    """Seconds of each stage, and of all."""
    marks = [clock()]
    seen = engine.watch(clip.pieces)
    marks.append(clock())
    texts = engine.read(PROMPT, NEGATIVE)
    marks.append(clock())
    made = engine.sample(seen, texts, clip.sampling)
    marks.append(clock())
    sounds = engine.decode(made, seen)
    marks.append(clock())
    assert len(sounds) == clip.sampling.samples
    names = ("see_s", "read_s", "sample_s", "decode_s")
    each = {name: after - before for name, before, after in zip(names, marks, marks[1:], strict=False)}
    return {**each, "all_s": marks[-1] - marks[0], "step_ms": 1000 * each["sample_s"] / _STEPS}


def measured(engine: Engine, networks: Networks, clip: Clip, room: Room, runs: int) -> dict[str, Any]:
    """The planned way of a clip: what was foretold, and what was."""
    try:
        chosen = plan(networks, clip.job(), room)
    except MemoryShort as error:
        return {"refused": error.message}
    found: dict[str, Any] = {"way": asdict(chosen.way), "foretold_gb": round(chosen.bytes / _GIGA, 2)}
    found["foretold_host_gb"] = round(chosen.host_bytes / _GIGA, 2)
    found["foretold_s"] = None if chosen.seconds is None else round(chosen.seconds, 3)
    try:
        engine.arrange(chosen.way)
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        found["first"] = medians(lambda: sounded(engine, clip), 1)
        found["again"] = medians(lambda: sounded(engine, clip), runs)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        found["out_of_memory"] = str(error).partition(". GPU")[0]
    found["allocated_gb"] = round(torch.cuda.max_memory_allocated() / _GIGA, 2)
    found["reserved_gb"] = round(torch.cuda.max_memory_reserved() / _GIGA, 2)
    engine.forget()
    print(clip.name, json.dumps(found), flush=True)  # of a run that is stopped, so much is known
    return found


def on_cards(options: argparse.Namespace, networks: Networks, clips: list[Clip], cards: list[float]) -> dict[str, Any]:
    """Plans for smaller cards: loaded by them, as on such a card, and run in as much memory as these have."""
    total, gpu = torch.cuda.mem_get_info()[1], torch.cuda.get_device_name()
    found: dict[str, Any] = {}
    for card in cards:
        room = Room("cuda:0", int(card * _GIGA), _HOST, gpu, grows=memory_grows())
        for clip in clips:
            name = f"{card:g} GB, {clip.name}"
            torch.cuda.set_per_process_memory_fraction(card * _GIGA / total)
            print(f"{card:g} GB", end=" ")
            try:
                way = plan(networks, clip.job(), room).way
                found[name] = measured(engine_of(options, way), networks, clip, room, runs=1)
            except MemoryShort as error:
                found[name] = {"refused": error.message}
            torch.cuda.set_per_process_memory_fraction(1.0)
    return found


def profiled(engine: Engine, clip: Clip) -> dict[str, Any]:
    """Kernels of a step, and those that take longest, from the difference of six steps and five."""
    seen, texts = engine.watch(clip.pieces), engine.read(PROMPT, NEGATIVE)
    counts: list[int] = []
    calls, took = Counter[str](), defaultdict[str, float](float)
    for steps in (5, 6):
        sampling = Sampling(steps=steps, samples=clip.sampling.samples)
        engine.sample(seen, texts, sampling)
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
            engine.sample(seen, texts, sampling)
            torch.cuda.synchronize()
        # Not what the host asks for, which is told beside it.
        kernels = [row for row in profile.key_averages() if row.device_type.name == "CUDA"]
        counts.append(sum(row.count for row in kernels))
        calls.clear()
        took.clear()
        for row in kernels:
            calls[row.key[:_NAME]] += row.count
            took[row.key[:_NAME]] += row.self_device_time_total / 1000
    longest = {name: (calls[name], round(ms, 3)) for name, ms in nlargest(_NAMED, took.items(), itemgetter(1))}
    return {"kernels_of_a_step": counts[1] - counts[0], "of_six_steps_count_and_ms": longest}


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="hunyuanvideo-foley-xxl", choices=list(PUBLISHED))
    parser.add_argument("--precision", default="bf16", choices=("bf16", "fp8"))
    parser.add_argument("--clips", default="8x1,8x4,60x1")
    parser.add_argument("--cards", default="8,12,16", help="GB, by commas; empty for none")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.cuda.set_device(0)
    engine = engine_of(options)
    networks, gpu = engine.networks(options.model), torch.cuda.get_device_name()
    clips = [Clip(name) for name in options.clips.split(",")]
    free = torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved()
    whole = Room("cuda:0", free, _HOST, gpu, grows=memory_grows())
    found: dict[str, Any] = {
        "benchmark": "foley",
        "machine": machine("torch", "transformers", "greenroom"),
        "device": gpu,
        "model": options.model,
        "precision": options.precision,
        "environment": {name: os.environ.get(name, "") for name in _ENVIRONMENT},
        "clips": {clip.name: measured(engine, networks, clip, whole, options.runs) for clip in clips},
    }
    if options.profile:
        found["profile"] = profiled(engine, clips[0])
    del engine
    found["cards"] = on_cards(options, networks, clips, [float(card) for card in options.cards.split(",") if card])
    report(found, options.output)


if __name__ == "__main__":
    main()
