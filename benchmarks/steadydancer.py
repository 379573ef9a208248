"""How long SteadyDancer takes for a clip, whole, and what eight bits and answers used again change of it.

    python benchmarks/steadydancer.py [--precision bf16 fp8-products] [--caching 0.05 ...] [--size 832x480]
                                      [--frames 81] [--steps 40] [--reference FILE] [--keep FILE] [--tiny]
                                      [--output FILE]

Weights are random, of the published size, all on the device, but that the denoiser knows of times only what turns less
than once over a schedule: else its answers would have nothing in common from step to step, which those of a trained one
have. Picture and poses are waves. Of each precision the whole schedule is run, exact, then with each threshold of
``--caching`` (of the first precision alone); a single step before makes kernels warm. Latents are compared with those
of the first exact run: relatively, and the pictures that they are decoded to. ``--keep`` writes the first exact
latents, with which another run compares by ``--reference`` in place of its own. Weights that nobody trained say little
of how a change looks. With --tiny it goes the same way with small networks, anywhere. Prints one JSON.
"""

from __future__ import annotations

import growing_memory  # noqa: F401 - acts by being imported, before torch is

# isort: split

import argparse
import gc
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.conditions.sizes import Size
from greenroom.models.steadydancer.dancer.precision import PRECISIONS, USUAL
from greenroom.models.steadydancer.engine import Engine, Sampling
from greenroom.models.steadydancer.parts import Sizes
from greenroom.models.steadydancer.parts_synthetic import synthetic_parts, tiny_sizes
from machine import machine
from report import report

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from greenroom.models.steadydancer.dancer.transformer import Dancer
    from greenroom.models.steadydancer.given import Pictured, Posed, Texts

_MODEL = "steadydancer-14b"
_PROMPT, _NEGATIVE = "a woman in a red coat dances on a wet street at night", "blurred, distorted"
_ON_GPU = torch.cuda.is_available()
_DEVICE = torch.device("cuda:0" if _ON_GPU else "cpu")
_GIGA = 1e9
_LATENTS = "latents"
_Made = TypeVar("_Made")


def waves(frames: int, size: Size, scale: int, seed: int) -> list[NDArray[np.uint8]]:
    """Pictures in which something moves, ``scale`` times as large."""
    y, x = np.mgrid[: scale * size.height, : scale * size.width].astype(np.float32) / scale
    shown = []
    for at in range(frames):
        colours = [np.sin(x / (31 + 7 * c) + y / (47 - 5 * c) + at / 5 + c + seed) for c in range(3)]
        shown.append((127.5 + 120 * np.stack(colours, -1)).astype(np.uint8))
    return shown


def clock() -> float:
    """Now, once the device has done what it was asked."""
    if _ON_GPU:
        torch.cuda.synchronize()
    return time.perf_counter()


def calm(network: Dancer) -> None:
    """Have it know nothing of times that turns faster; see the module's head. Sinusoids: ``dancer.embedding``."""
    weight = network.get_parameter("time_embedding.0.weight")
    half = weight.shape[1] // 2
    radians = 1000 * 10_000.0 ** -(torch.arange(half, device=weight.device) / half)
    weight.mul_((radians < math.tau).repeat(2))


class Given:
    """What a clip is made of, encoded, and how long each took."""

    texts: Texts
    pictured: Pictured
    posed: Posed
    others: Posed

    def __init__(self, engine: Engine, size: Size, frames: int) -> None:
        [picture], poses, wrong = waves(1, size, 1, 1), waves(frames, size, 2, 2), waves(frames, size, 2, 3)
        self.seconds: dict[str, float] = {}
        self.texts = self._timed("reading", lambda: engine.read(_PROMPT, _NEGATIVE))
        self.pictured = self._timed("seeing", lambda: engine.picture(picture, size, frames))
        shape = (size.height, size.width)
        self.posed, self.others = self._timed(
            "posing", lambda: (engine.poses(poses, shape, size), engine.poses(wrong, shape, size))
        )

    def _timed(self, name: str, work: Callable[[], _Made]) -> _Made:
        began = clock()
        made = work()
        self.seconds[name] = round(clock() - began, 3)
        return made


def denoised(engine: Engine, given: Given, steps: int, caching: float) -> tuple[dict[str, Any], Tensor]:
    """A schedule, and what it says of itself."""
    if _ON_GPU:
        torch.cuda.reset_peak_memory_stats()
    began = clock()
    sampling = Sampling(steps=steps, caching=caching)
    made = engine.sample(given.texts, given.pictured, given.posed, given.others, sampling)
    took = clock() - began
    found: dict[str, Any] = {"denoising_s": round(took, 2), "passes": made.passes}
    if caching:
        found |= {"reused": made.reused, "expected": round(made.expected, 4), "found": round(made.found, 4)}
    if _ON_GPU:
        found["allocated_gb"] = round(torch.cuda.max_memory_allocated() / _GIGA, 2)
    return found, made.latents


def shown(engine: Engine, latents: Tensor) -> NDArray[np.uint8]:
    """Frames of latents."""
    return np.concatenate([*engine.decode(latents)])


def apart(engine: Engine, latents: Tensor, exact: Tensor) -> dict[str, float]:
    """How far latents are from exact ones, and their pictures."""
    pictures, wanted = (shown(engine, own).astype(np.float32) for own in (latents, exact))
    error = float(np.square(pictures - wanted).mean())
    return {
        "latents_differ_relatively": float((latents - exact).norm() / exact.norm()),
        "pictures_psnr_db": round(10 * math.log10(255**2 / max(error, 1e-9)), 2),
        "pictures_spread": round(float(wanted.std()), 1),
    }


def of(
    precision: str, options: argparse.Namespace, thresholds: list[float], exact: Tensor | None
) -> tuple[dict[str, Any], Tensor]:
    """One precision: its exact schedule, and one with each threshold. exact: what it is compared with; None for its
    own latents, which are given back."""
    architecture = PUBLISHED[_MODEL]
    sizes = tiny_sizes(architecture) if options.tiny else Sizes(architecture)
    width, height = map(int, options.size.split("x"))
    parts = synthetic_parts(sizes, _DEVICE, None, precision)
    calm(parts.denoiser)
    engine = Engine(parts)
    size = Size(height, width)
    Given(engine, size, options.frames)
    engine.forget()
    given = Given(engine, size, options.frames)
    engine.sample(given.texts, given.pictured, given.posed, given.others, Sampling(steps=1))
    whole, latents = denoised(engine, given, options.steps, 0)
    shown(engine, latents)
    began = clock()
    shown(engine, latents)
    stages = given.seconds | {"denoising": whole["denoising_s"], "decoding": round(clock() - began, 3)}
    found: dict[str, Any] = {**whole, "stages_s": stages, "all_s": round(sum(stages.values()), 2)}
    if exact is not None:
        found |= apart(engine, latents, exact)
    print(precision, found, file=sys.stderr, flush=True)
    for threshold in thresholds:
        told, own = denoised(engine, given, options.steps, threshold)
        found[f"caching {threshold}"] = told | apart(engine, own, latents)
        print(threshold, found[f"caching {threshold}"], file=sys.stderr, flush=True)
    return found, latents if exact is None else exact


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", nargs="+", default=[USUAL], choices=PRECISIONS)
    parser.add_argument("--caching", nargs="*", type=float, default=[])
    parser.add_argument("--size", default="832x480")
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--reference", type=Path, help="exact latents of another run")
    parser.add_argument("--keep", type=Path, help="write the first exact latents there")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    exact = load_file(options.reference)[_LATENTS] if options.reference else None
    told = {**vars(options), "reference": options.reference and options.reference.name}
    runs: dict[str, Any] = {}
    for place, precision in enumerate(options.precision):
        runs[precision], exact = of(precision, options, [] if place else options.caching, exact)
        if options.keep and len(runs) == 1:
            save_file({_LATENTS: exact.contiguous()}, options.keep)
        gc.collect()
        if _ON_GPU:
            torch.cuda.empty_cache()
    found = {
        "benchmark": "steadydancer",
        "machine": machine("torch", "greenroom"),
        "device": torch.cuda.get_device_name() if _ON_GPU else "cpu",
        "options": {name: str(value) for name, value in told.items() if name not in ("output", "keep")},
        "precisions": runs,
    }
    report(found, options.output)


if __name__ == "__main__":
    main()
