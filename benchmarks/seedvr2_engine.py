"""How fast SeedVR2 restores from frames to frames, in how much memory, and whether plans for smaller cards hold.

    python benchmarks/seedvr2_engine.py [--model seedvr2-3b] [--weights bf16] [--sizes 1280x720x21,...]
                                        [--cards 16,19.5,24] [--runs 3] [--output FILE]

Weights are random, of the published size, in bfloat16, or kept small: fp8, q8_0, q4_k. Frames are noise in 8 bits, of
half the sides, in the host's memory. Clocks stand around synchronised work, and figures are medians after a run that
warms up. A card of so many GB is this one with torch held to as much: its planned way is run, and if memory runs out it
is said. What the CUDA libraries take beside torch is told apart. Prints one JSON.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.draws import Seeded
from greenroom.models.seedvr2.engine import Engine, Shot
from greenroom.models.seedvr2.frames.framing import Framing
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt, synthetic_transformer
from greenroom.models.seedvr2.planning.arithmetic import decode_flop, encode_flop, step_flop
from greenroom.models.seedvr2.planning.costs import Job, Networks, filled, grid
from greenroom.models.seedvr2.planning.plan import plan
from greenroom.models.seedvr2.vae.synthetic import synthetic_vae
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import Room
from machine import machine
from report import report
from seedvr2_files import QUANTISERS, read_again

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.engine import Pixels, Read
    from greenroom.models.seedvr2.nadit.transformer import NaDiT
    from greenroom.models.seedvr2.planning.way import Way

_GPU = torch.device("cuda")
_HOST = 10**11
_ENVIRONMENT = ("PYTORCH_CUDA_ALLOC_CONF", "TORCH_CUDNN_USE_HEURISTIC_MODE_B")
_GIGA, _TERA = 1e9, 1e12
_SEED = 7


class Clip:
    """Frames of noise of half the wanted sides, and what is to be made of them."""

    def __init__(self, size: str) -> None:
        self.size = size
        width, height, self.frames = map(int, size.split("x"))
        self.source = np.random.default_rng(_SEED).integers(
            0, 256, (min(self.frames, 8), height // 2, width // 2, 3), np.uint8
        )
        self.shot = Shot(self.frames, Framing.whole(Size(height, width)), Seeded(_SEED))
        inner = self.shot.framing.inner
        self.job = Job(inner.height, inner.width, (height // 2, width // 2), (self.frames,))

    @property
    def read(self) -> Read:
        """Its frames; a few are shown again and again."""

        def between(start: int, stop: int) -> list[Pixels]:
            return [self.source[place % len(self.source)] for place in range(start, stop)]

        return between


def restored(engine: Engine, clip: Clip, way: Way) -> dict[str, float]:
    """Seconds until the first frame is on the host, and until the last one is."""
    torch.cuda.synchronize()
    began = time.perf_counter()
    frames = engine.restore(clip.read, clip.shot, way)
    next(frames)
    first = time.perf_counter() - began
    assert sum(1 for _ in frames) == clip.frames - 1
    return {"first_frame_s": first, "all_s": time.perf_counter() - began}


def stages(engine: Engine, clip: Clip, way: Way) -> dict[str, float]:
    """Seconds of each stage alone."""
    span = 0, clip.frames
    marks = [clock()]
    latent = engine.encode(clip.read, clip.shot, way, span)
    marks.append(clock())
    latent = engine.sample(latent, clip.shot, way)
    marks.append(clock())
    for _ in engine.decode(latent, clip.read, clip.shot, way, span):
        pass
    marks.append(clock())
    names = ("encode_s", "transformer_s", "decode_s")
    return {name: after - before for name, before, after in zip(names, marks, marks[1:], strict=False)}


def clock() -> float:
    """Now, once the device has done what it was asked."""
    torch.cuda.synchronize()
    return time.perf_counter()


def medians(work: Callable[[], dict[str, float]], runs: int) -> dict[str, float]:
    """Of each figure."""
    found = [work() for _ in range(runs)]
    return {name: round(statistics.median(each[name] for each in found), 4) for name in found[0]}


def measured(
    engine: Engine, networks: Networks, clip: Clip, room: Room, runs: int, *, stagewise: bool = True
) -> dict[str, Any]:
    """The planned way of a clip: what was foretold, and what was."""
    try:
        chosen = plan(networks, clip.job, room)
    except MemoryShort as error:
        return {"refused": error.message}
    found: dict[str, Any] = {"way": asdict(chosen.way), "foretold_gb": round(chosen.bytes / _GIGA, 2)}
    found["foretold_s"] = None if chosen.seconds is None else round(chosen.seconds, 2)
    torch.cuda.reset_peak_memory_stats()
    try:
        found["first"] = {name: round(value, 3) for name, value in restored(engine, clip, chosen.way).items()}
        found["again"] = medians(lambda: restored(engine, clip, chosen.way), runs)
        found["frames_per_s"] = round(clip.frames / found["again"]["all_s"], 2)
    except torch.OutOfMemoryError as error:
        return {**found, "out_of_memory": str(error).partition(". GPU")[0]}
    found["allocated_gb"] = round(torch.cuda.max_memory_allocated() / _GIGA, 2)
    found["reserved_gb"] = round(torch.cuda.max_memory_reserved() / _GIGA, 2)
    if stagewise:
        found |= rated(engine, networks, clip, chosen.way, runs)
    print(clip.size, json.dumps(found), flush=True)  # of a run that is stopped, so much is known
    return found


def rated(engine: Engine, networks: Networks, clip: Clip, way: Way, runs: int) -> dict[str, Any]:
    """The stages, and how much arithmetic a second each of them did."""
    took = medians(lambda: stages(engine, clip, way), runs)
    length, height, width = filled(clip.frames), clip.job.height, clip.job.width
    tokens = grid(networks.config, clip.job, clip.frames)
    work = {
        "encode": encode_flop(networks.config, length, height, width),
        "transformer": step_flop(networks.architecture, tokens, networks.text),
        "decode": decode_flop(networks.config, length, height, width),
    }
    rates = {name: round(flop / took[f"{name}_s"] / _TERA, 1) for name, flop in work.items()}
    return {"stages": took, "tflop_per_s": rates}


def parking(engine: Engine, networks: Networks) -> dict[str, float]:
    """How long weights take to the host the first time, and back."""
    began = clock()
    engine._parking.leave()
    left = clock()
    engine._parking.come_back()
    back = clock() - left
    return {
        "first_leave_s": round(left - began, 3),
        "back_s": round(back, 3),
        "back_gb_per_s": round(networks.transformer / back / _GIGA, 1),
    }


def on_cards(engine: Engine, networks: Networks, clips: dict[str, Clip], cards: list[float]) -> dict[str, Any]:
    """Plans for smaller cards, run in as much memory as these have."""
    total = torch.cuda.mem_get_info()[1]
    gpu = torch.cuda.get_device_name()
    found: dict[str, Any] = {}
    for card in cards:
        given = int(card * _GIGA)
        for size, clip in clips.items():
            gc.collect()
            torch.cuda.empty_cache()
            torch.cuda.set_per_process_memory_fraction(given / total)
            room = Room("cuda:0", given, _HOST, gpu)
            print(f"{card:g} GB", end=" ")
            found[f"{card:g} GB, {size}"] = measured(engine, networks, clip, room, runs=1, stagewise=False)
            torch.cuda.set_per_process_memory_fraction(1.0)
    return found


def free_beside_torch() -> int:
    """Bytes of the device that torch has, or could have."""
    return torch.cuda.mem_get_info()[0] + torch.cuda.memory_reserved()


def weights(architecture: Architecture, kind: str) -> NaDiT:
    """A transformer of random weights, in bfloat16, or as it is read from a file that keeps them small."""
    drawn = synthetic_transformer(architecture, _GPU, torch.bfloat16, seed=_SEED)
    return drawn if kind == "bf16" else read_again(drawn, kind, _GPU)


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="seedvr2-3b", choices=list(PUBLISHED))
    parser.add_argument("--sizes", default="1280x720x1,1280x720x21,1920x1080x21,1280x720x101")
    parser.add_argument("--weights", default="bf16", choices=("bf16", "fp8", *QUANTISERS))
    parser.add_argument("--cards", default="16,19.5,24", help="GB, by commas; empty for none")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    architecture = PUBLISHED[options.model]
    torch.cuda.set_device(0)
    torch.zeros(1, device=_GPU)
    before = free_beside_torch()
    transformer = weights(architecture, options.weights)
    vae = synthetic_vae(_GPU, torch.bfloat16)
    gc.collect()
    engine = Engine(transformer, vae, synthetic_prompt(architecture))
    networks = engine.networks(options.model)
    clips = {size: Clip(size) for size in options.sizes.split(",")}
    gpu = torch.cuda.get_device_name()
    whole = Room("cuda:0", free_beside_torch(), _HOST, gpu)
    found: dict[str, Any] = {
        "benchmark": "seedvr2 engine",
        "machine": machine("torch", "greenroom"),
        "device": gpu,
        "model": options.model,
        "weights": options.weights,
        "environment": {name: os.environ.get(name, "") for name in _ENVIRONMENT},
        "weights_gb": {"transformer": networks.transformer / _GIGA, "vae": networks.vae / _GIGA},
        "sizes": {size: measured(engine, networks, clip, whole, options.runs) for size, clip in clips.items()},
        "cards": on_cards(engine, networks, clips, [float(card) for card in options.cards.split(",") if card]),
        "parking": parking(engine, networks),
        "libraries_gb": round((before - free_beside_torch()) / _GIGA, 2),
    }
    report(found, options.output)


if __name__ == "__main__":
    main()
