"""How fast several devices restore a clip with SeedVR2 together, beside one of them, and how far their frames differ.

    python benchmarks/seedvr2_gang.py [--device cuda:0+cuda:1] [--model seedvr2-3b] [--size 1920x1080x101] [--runs 3]
                                      [--tiny] [--output FILE]

Weights are random, of the published size, in bfloat16, the same in each rank; with --tiny, and on the CPU, networks are
small ones in float32. Frames are noise in 8 bits, of half the sides. Clocks stand around synchronised work of the first
device, and figures are medians after a run that warms up. Prints one JSON.

Two GPUs have not been measured: machines with several were not to be had. ``--device cpu+cpu --tiny`` goes the same
way, with gloo in place of NCCL.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.draws import Seeded
from greenroom.models.seedvr2.engine import Engine, Shot
from greenroom.models.seedvr2.frames.framing import Framing
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt, synthetic_transformer, tiny
from greenroom.models.seedvr2.planning.costs import Job
from greenroom.models.seedvr2.planning.plan import plan
from greenroom.models.seedvr2.ranks.gang_engine import GangEngine
from greenroom.models.seedvr2.ranks.rank_engine import RankEngine
from greenroom.models.seedvr2.vae.synthetic import TINY, synthetic_vae
from greenroom.runtime.device import members
from machine import machine
from report import report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.seedvr2.engine import Pixels
    from greenroom.models.seedvr2.planning.way import Way
    from greenroom.runtime.gang.rank import Member

_GIGA = 1e9
_SEED = 7
_DIFFERENT = 8  # frames of source, shown again and again


def networks(model: str, small: bool, device: str) -> tuple[Any, ...]:
    """Both networks and a prompt, the same in each rank."""
    target = torch.device(device)
    if target.type == "cuda":
        torch.cuda.set_device(target)
    dtype = torch.bfloat16 if target.type == "cuda" else torch.float32
    architecture = tiny(PUBLISHED[model]) if small else PUBLISHED[model]
    transformer = synthetic_transformer(architecture, target, dtype, seed=_SEED)
    return transformer, synthetic_vae(target, dtype, *[TINY] * small), synthetic_prompt(architecture).to(target)


def alone(model: str, small: bool, device: str) -> Engine:
    """One device's."""
    return Engine(*networks(model, small, device))


def first(model: str, small: bool, device: str) -> GangEngine:
    """Rank 0's."""
    return GangEngine(*networks(model, small, device))


def other(model: str, small: bool, device: str) -> RankEngine:
    """Another rank's."""
    return RankEngine(*networks(model, small, device))


class Clip:
    """Frames of noise of half the wanted sides, and what is to be made of them."""

    def __init__(self, size: str) -> None:
        width, height, self.frames = map(int, size.split("x"))
        self.source = np.random.default_rng(_SEED).integers(
            0, 256, (min(self.frames, _DIFFERENT), height // 2, width // 2, 3), np.uint8
        )
        self.shot = Shot(self.frames, Framing.whole(Size(height, width)), Seeded(_SEED))
        inner = self.shot.framing.inner
        self.job = Job(inner.height, inner.width, (height // 2, width // 2), (self.frames,))

    def read(self, start: int, stop: int) -> Iterator[Pixels]:
        """See ``Read``."""
        return (self.source[place % len(self.source)] for place in range(start, stop))


def clock(device: str) -> float:
    """Now, once the device has done what it was asked."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    return time.perf_counter()


def stages(engine: Engine, clip: Clip, way: Way, device: str) -> dict[str, float]:
    """Seconds of each stage alone, and of all with the way of frames to the host."""
    span = 0, clip.frames
    marks = [clock(device)]
    latent = engine.encode(clip.read, clip.shot, way, span)
    marks.append(clock(device))
    latent = engine.sample(latent, clip.shot, way)
    marks.append(clock(device))
    for _ in engine.decode(latent, clip.read, clip.shot, way, span):
        pass
    marks.append(clock(device))
    assert sum(1 for _ in engine.restore(clip.read, clip.shot, way)) == clip.frames
    marks.append(clock(device))
    names = ("encode_s", "transformer_s", "decode_s", "all_s")
    return {name: after - before for name, before, after in zip(names, marks, marks[1:], strict=False)}


def measured(engine: Engine, clip: Clip, model: str, device: str, runs: int) -> tuple[dict[str, Any], Any]:
    """What was planned, how long it took, and a frame of the middle."""
    chosen = plan(engine.networks(model), clip.job, engine.room())
    frames = list(engine.restore(clip.read, clip.shot, chosen.way))
    found = [stages(engine, clip, chosen.way, device) for _ in range(runs)]
    took = {name: round(statistics.median(each[name] for each in found), 4) for name in found[0]}
    planned = {"way": asdict(chosen.way), "foretold_gb": round(chosen.bytes / _GIGA, 2)}
    return {**planned, **took, "allocated_gb": peak(device)}, np.stack(frames[:: max(1, clip.frames // 4)])


def peak(device: str) -> float:
    """GB that tensors took of a GPU at most."""
    return round(torch.cuda.max_memory_allocated(device) / _GIGA, 2) if device.startswith("cuda") else 0.0


def deliver_peak(member: Member) -> None:
    """In another rank."""
    device = member.ranks.device
    member.ranks.deliver(torch.tensor([peak(str(device))], device=device))


def peaks(engine: GangEngine) -> list[float]:
    """Of all ranks but the first."""
    ranks, gang = engine._gang.ready(), engine._gang
    out = torch.empty(ranks.size - 1, 1, device=ranks.device)
    with gang.together(deliver_peak):
        for rank in range(1, ranks.size):
            ranks.collect(out[rank - 1], rank).wait()
    return [round(value, 2) for value in out[:, 0].tolist()]


def main() -> None:
    """Measure one device, then all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0+cuda:1")
    parser.add_argument("--model", default="seedvr2-3b", choices=sorted(PUBLISHED))
    parser.add_argument("--size", default="1920x1080x101", metavar="WIDTHxHEIGHTxFRAMES")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    one, small = members(options.device)[0], options.tiny or options.device.startswith("cpu")
    clip, kind = Clip(options.size), (options.model, small)

    single, wanted = measured(alone(*kind, one), clip, options.model, one, options.runs)
    gc.collect()
    if one.startswith("cuda"):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(one)
    engine = GangEngine.among(options.device, partial(first, *kind), partial(other, *kind))
    several, frames = measured(engine, clip, options.model, one, options.runs)
    several["allocated_by_others_gb"] = peaks(engine)
    apart = np.abs(frames.astype(int) - wanted)
    names = [name for name in single if name.endswith("_s")]
    report(
        {
            "machine": machine(),
            "options": {name: str(value) for name, value in vars(options).items()},
            "one": single,
            "together": several,
            "times_faster": {name: round(single[name] / several[name], 2) for name in names},
            "frames_differ": {"most": int(apart.max()), "share_by_more_than_1": round(float((apart > 1).mean()), 6)},
        },
        options.output,
    )


if __name__ == "__main__":
    # Other ranks import what makes their engine from a module, not from the one that runs.
    from seedvr2_gang import main as run

    run()
