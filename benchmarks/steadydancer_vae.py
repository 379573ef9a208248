"""How fast the video autoencoder of Wan 2.1 runs, what memory it takes, and what half precision changes.

    python benchmarks/steadydancer_vae.py [--size 832x480] [--frames 81] [--types float16+float32 ...]
        [--cuts 1x4 2x8 ...] [--runs 2] [--tiny] [--output FILE]

Weights are random, of the published size. Types are those that convolutions take, and of frames between residual
blocks; a cut NxM takes N latent frames at a time and M frames within the levels that know every frame. Seconds are
medians of runs after one that warms up, from pixels on the device to latents there, and back; memory is torch's, beside
what the plan says. Differences are to float32 (without TF32) on a short clip of the same size. With --tiny it runs on a
CPU, to see that it does.
"""

from __future__ import annotations

import growing_memory  # noqa: F401 - acts by being imported, before torch is

# isort: split

import argparse
import json
import math
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from greenroom.models.steadydancer.vae.config import WanVaeConfig
from greenroom.models.steadydancer.vae.footprint import WanVaeFootprint
from greenroom.models.steadydancer.vae.synthetic import TINY, synthetic_vae
from greenroom.models.steadydancer.vae.vae import WanVae
from greenroom.nn.slices import Slices
from machine import cudnn, machine
from report import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from torch import Tensor

_CHECKED = 9  # frames of the clip on which types are compared
_MOST_KERNELS = 12


def clock(device: torch.device) -> float:
    """Now, once the device has done what it was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def seconds(work: Callable[[], object], runs: int, device: torch.device) -> float:
    """The median of runs, after one that warms up."""
    took = []
    for _ in range(runs + 1):
        begun = clock(device)
        work()
        took.append(clock(device) - begun)
    return statistics.median(took[1:])


def vae_of(weights: Mapping[str, Tensor], config: WanVaeConfig, types: str) -> WanVae:
    """An autoencoder of such types. types: ``float16+float32``, of convolutions and of sums."""
    dtype, sums = (getattr(torch, name) for name in types.split("+"))
    return WanVae.of(weights, config, dtype, sums)


def clip(vae: WanVae, video: Tensor, cut: Slices, runs: int, *, closer: bool) -> dict[str, Any]:
    """Encoding and decoding of one clip: time, memory; closer: where the time goes, too."""
    device, frames = vae.device, video.shape[1]
    latents = vae.encode(video, cut)
    sums = vae.decoder.sums.itemsize // vae.dtype.itemsize
    ways: dict[str, tuple[Callable[[], Tensor], Callable[[], Iterator[Tensor]], WanVaeFootprint]] = {
        "encode": (
            lambda: vae.encode(video, cut),
            lambda: vae.encoded([video], cut),
            WanVaeFootprint.encoder(vae.config, sums),
        ),
        "decode": (
            lambda: vae.decode(latents, cut),
            lambda: vae.decoded(latents, cut),
            WanVaeFootprint.decoder(vae.config, sums),
        ),
    }
    found: dict[str, Any] = {}
    for name, (whole, pieces, footprint) in ways.items():
        entry: dict[str, Any] = {"s": round(seconds(whole, runs, device), 3)}
        entry["first_s"] = round(first_piece(pieces, runs, device), 3)
        told = footprint.bytes(video.shape[2], video.shape[3], cut, vae.dtype.itemsize, frames)
        entry["foretold_gb"] = round(told / 1e9, 2)
        if device.type == "cuda":
            entry |= memory(partial(drained, pieces))
            if closer:
                entry["kernels_ms"] = kernels(whole)
        found[name] = entry
    return found


def first_piece(pieces: Callable[[], Iterator[Tensor]], runs: int, device: torch.device) -> float:
    """Seconds until something has come."""
    return seconds(lambda: next(pieces()), runs, device)


def drained(pieces: Callable[[], Iterator[Tensor]]) -> None:
    """Take pieces as they come and let them go."""
    for piece in pieces():
        del piece


def memory(work: Callable[[], object]) -> dict[str, float]:
    """What work takes of the device beside what is there already, in gigabytes."""
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    work()
    torch.cuda.synchronize()
    allocated, reserved = torch.cuda.max_memory_allocated() - before, torch.cuda.max_memory_reserved() - before
    return {"allocated_gb": round(allocated / 1e9, 2), "reserved_gb": round(reserved / 1e9, 2)}


def kernels(work: Callable[[], object]) -> dict[str, float]:
    """Milliseconds of each kernel by its name, the longest first, and their sum."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        work()
        torch.cuda.synchronize()
    totals = {event.key: event.self_device_time_total / 1e3 for event in profile.key_averages()}
    longest = sorted(totals, key=lambda name: -totals[name])[:_MOST_KERNELS]
    return {name[:90]: round(totals[name], 1) for name in longest} | {"all": round(sum(totals.values()), 1)}


def differences(
    weights: Mapping[str, Tensor], config: WanVaeConfig, types: Sequence[str], video: Tensor
) -> dict[str, Any]:
    """How far types lie from float32: latents by their spread, pictures by their signal to noise."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    short = video[:, :_CHECKED]
    exact = vae_of(weights, config, "float32+float32")
    latents = exact.encode(short)
    pictures = exact.decode(latents)
    found: dict[str, Any] = {"pictures_spread": round(float(pictures.std()), 3)}
    for name in types:
        vae = vae_of(weights, config, name)
        coded, decoded = vae.encode(short) - latents, vae.decode(latents) - pictures
        finite = bool(coded.isfinite().all()) and bool(decoded.isfinite().all())
        found[name] = {
            "finite": finite,
            "latents_rms_of_spread": float(coded.square().mean().sqrt() / latents.std()),
            "pictures_psnr_db": round(10 * math.log10(4 / max(float(decoded.square().mean()), 1e-20)), 1),
            "pictures_rms_of_spread": float(decoded.square().mean().sqrt() / pictures.std()),
            "pictures_most_levels": round(float(decoded.abs().max()) * 127.5, 2),
        }
    return found


def cuts_equal(vae: WanVae, video: Tensor, cuts: Sequence[Slices]) -> dict[str, float]:
    """How far cuts lie from the first one, on a short clip: at most."""
    short = video[:, :_CHECKED]
    latents = vae.encode(short, cuts[0])
    pictures = vae.decode(latents, cuts[0])
    return {
        f"{cut.latents}x{cut.frames}": max(
            float((vae.encode(short, cut) - latents).abs().max()),
            float((vae.decode(latents, cut) - pictures).abs().max()),
        )
        for cut in cuts[1:]
    }


def smooth(frames: int, height: int, width: int, device: torch.device) -> Tensor:
    """A clip of moving waves and some noise, in -1..1: (3, frames, height, width)."""
    t = torch.arange(frames, device=device)[:, None, None]
    y, x = torch.arange(height, device=device)[:, None], torch.arange(width, device=device)
    waves = [torch.sin(x / (17 + 5 * place) + y / (23 - 3 * place) + t / 4 + place) for place in range(3)]
    noise = torch.rand(3, frames, height, width, device=device, generator=torch.Generator(device).manual_seed(0))
    return 0.8 * torch.stack(waves) + 0.4 * noise - 0.2


def versions(device: torch.device) -> dict[str, Any]:
    """What this ran on."""
    found = machine("torch")
    if device.type == "cuda":
        import triton

        found |= {"gpu": torch.cuda.get_device_name(), "triton": triton.__version__}
        found["cudnn"] = cudnn()
    return found


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="832x480")
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument(
        "--types", nargs="+", default=["float16+float32", "float16+float16", "bfloat16+float32", "bfloat16+bfloat16"]
    )
    parser.add_argument("--cuts", nargs="+", default=["1x4", "2x8", "4x16"], help="all of them for the first types")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--tiny", action="store_true", help="a small network, for a CPU")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    device = torch.device("cpu" if options.tiny else "cuda")
    config = TINY if options.tiny else WanVaeConfig()
    width, height = map(int, options.size.split("x"))
    cuts = [Slices(*map(int, cut.split("x"))) for cut in options.cuts]
    video = smooth(options.frames, height, width, device)
    weights = synthetic_vae(device, torch.float32, config).state_dict()

    found: dict[str, Any] = {"benchmark": "steadydancer_vae", "machine": versions(device)}
    found["clip"] = {"size": options.size, "frames": options.frames}
    begun = clock(device)
    found["differences"] = differences(weights, config, options.types, video)
    found["cuts_apart"] = cuts_equal(vae_of(weights, config, options.types[0]), video, cuts)
    for place, types in enumerate(options.types):
        vae = vae_of(weights, config, types)
        for cut in cuts if place == 0 else cuts[:1]:
            name = f"{types}, cut {cut.latents}x{cut.frames}"
            found[name] = clip(vae, video, cut, options.runs, closer=place == 0 and cut == cuts[0])
            print(name, json.dumps(found[name]), file=sys.stderr, flush=True)
        del vae
    found["seconds_of_all"] = round(clock(device) - begun, 1)
    report(found, options.output)


if __name__ == "__main__":
    main()
