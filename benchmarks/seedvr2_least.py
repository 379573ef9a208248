"""In how little memory SeedVR2's ways really run, of what their tensors take: what a plan must leave to the allocator.

    python benchmarks/seedvr2_least.py [--ways hd,hd-parked,...] [--for 200] [--output FILE]

Torch is held to ever more memory until a way runs; before that it ran freely, so that kernels are compiled. Weights are
random, of the published size, in bfloat16. How torch allocates comes from the environment, PYTORCH_CUDA_ALLOC_CONF, and
is in the answer. Prints one JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import time
from pathlib import Path
from typing import Any

import torch

from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.engine import Engine
from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt, synthetic_transformer
from greenroom.models.seedvr2.planning.costs import Costs
from greenroom.models.seedvr2.planning.way import Way
from greenroom.models.seedvr2.vae.synthetic import synthetic_vae
from greenroom.nn.slices import Slices
from machine import machine
from report import report
from seedvr2_engine import Clip, free_beside_torch, restored

_GPU = torch.device("cuda")
_GIGA = 1e9
_MODEL, _SEED = "seedvr2-3b", 7
_WAYS = {
    "hd-101-parked": ("1280x720x101", Way(Slices(2, 8), Slices(1, 4), parked=True)),
    "hd-parked": ("1280x720x21", Way(Slices(2, 8), Slices(1, 4), parked=True)),
    "fhd-parked": ("1920x1080x21", Way(Slices(1, 4), Slices(1, 1), parked=True)),
    "hd": ("1280x720x21", Way(Slices(2, 8), Slices(1, 4))),
    "fhd-squares": ("1920x1080x21", Way(Slices(2, 8), Slices(1, 1), tile=1024)),
}
_TIMES = (1.01, 1.025, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4, 1.6)


def attempt(engine: Engine, clip: Clip, way: Way, held_to: float) -> dict[str, Any]:
    """One run in so many bytes: how long it took, None where memory ran out, and what torch held."""
    total = torch.cuda.mem_get_info()[1]
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    torch.cuda.reset_accumulated_memory_stats()
    torch.cuda.set_per_process_memory_fraction(min(1.0, held_to / total))
    seconds: float | None = None
    with contextlib.suppress(torch.OutOfMemoryError):
        seconds = round(restored(engine, clip, way)["all_s"], 2)
    torch.cuda.set_per_process_memory_fraction(1.0)
    stats = torch.cuda.memory_stats()
    return {
        "held_to_gb": round(held_to / _GIGA, 2),
        "seconds": seconds,
        "allocated_gb": round(stats["allocated_bytes.all.peak"] / _GIGA, 2),
        "reserved_gb": round(stats["reserved_bytes.all.peak"] / _GIGA, 2),
        "retries": stats["num_alloc_retries"],
    }


def least(engine: Engine, name: str, until: float) -> dict[str, Any]:
    """What was foretold of a way, how it runs freely, and in the least memory of those tried."""
    size, way = _WAYS[name]
    clip = Clip(size)
    costs = Costs(engine.networks(_MODEL), clip.job, clip.frames, way.tile, way.parked)
    foretold = max(costs.encoding(way.encode), costs.step(way.work), costs.decoding(way.decode))
    everything = float(free_beside_torch())
    attempt(engine, clip, way, everything)
    found: dict[str, Any] = {"foretold_gb": round(foretold / _GIGA, 2), "free": attempt(engine, clip, way, everything)}
    for times in _TIMES:
        if time.monotonic() > until:
            break
        held_to = found["free"]["allocated_gb"] * times * _GIGA
        found["least"] = {"times_allocated": times, **attempt(engine, clip, way, held_to)}
        if found["least"]["seconds"] is not None:
            break
    print(name, json.dumps(found), flush=True)
    return found


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--ways", default=",".join(_WAYS), help="by commas")
    parser.add_argument("--for", type=float, default=200, dest="seconds", help="seconds after which nothing is begun")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    until = time.monotonic() + options.seconds
    torch.cuda.set_device(0)
    architecture = PUBLISHED[_MODEL]
    transformer = synthetic_transformer(architecture, _GPU, torch.bfloat16, seed=_SEED)
    engine = Engine(transformer, synthetic_vae(_GPU, torch.bfloat16), synthetic_prompt(architecture))
    found: dict[str, Any] = {
        "benchmark": "seedvr2 least memory",
        "machine": machine("torch", "greenroom"),
        "device": torch.cuda.get_device_name(),
        "allocator": os.environ.get("PYTORCH_CUDA_ALLOC_CONF", ""),
        "ways": {},
    }
    for name in options.ways.split(","):
        if time.monotonic() < until:
            found["ways"][name] = least(engine, name, until)
    report(found, options.output)


if __name__ == "__main__":
    main()
