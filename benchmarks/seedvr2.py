"""How fast the transformer of SeedVR2 runs here, of what its arithmetic allows, and in how much memory.

    python benchmarks/seedvr2.py [--device cuda:0] [--models seedvr2-3b] [--sizes 1280x720x21,...] [--runs 10]
                                 [--most 50000] [--on-host] [--attention flash] [--kernels] [--output FILE]

Weights are random, of the published size, in bfloat16. Times are medians between CUDA events, after warming up: of one
step of a clip, from its latent to its velocity, and of what a block is made of. Prints one JSON.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from greenroom.models.seedvr2.architecture import NORM_EPS, PUBLISHED, Architecture
from greenroom.models.seedvr2.nadit import transformer
from greenroom.models.seedvr2.nadit.attention import attend_windows
from greenroom.models.seedvr2.nadit.footprint import Footprint
from greenroom.models.seedvr2.nadit.layout import lay_out
from greenroom.models.seedvr2.nadit.patching import grid_of
from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt, synthetic_transformer
from greenroom.models.seedvr2.nadit.work import Work
from greenroom.models.seedvr2.planning.arithmetic import step_flop
from greenroom.nn import attention
from greenroom.nn.adaptive_norm import add_norm_modulate, norm_modulate
from greenroom.nn.heads import place_heads
from machine import machine
from report import report
from seedvr2_vae import event

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from greenroom.models.seedvr2.nadit.transformer import NaDiT
    from greenroom.models.seedvr2.nadit.windows import Grid

_SIZES = "1280x720x1,1280x720x21,1920x1072x21,1280x720x101"
_PIXELS, _FRAMES = 8, 4  # of a latent cell
_TEXT = 58
_TERA, _GIGA = 1e12, 1e9
_SEED = 7
_KERNELS_SHOWN = 20


def latent_size(size: str) -> Grid:
    """Latent frames, height and width of a clip: ``1280x720x21`` is its width, height and frames."""
    width, height, frames = (int(part) for part in size.split("x"))
    return (frames - 1) // _FRAMES + 1, height // _PIXELS, width // _PIXELS


def timed(work: Callable[[], Any], runs: int) -> dict[str, float]:
    """Seconds between CUDA events, after two runs that warm up; on the CPU nothing is measured."""
    for _ in range(2):
        work()
    # torch gives the constructor no types.
    events = [[event() for _ in range(2)] for _ in range(runs)]
    for began, ended in events:
        began.record()
        work()
        ended.record()
    torch.cuda.synchronize()
    took = sorted(began.elapsed_time(ended) / 1000 for began, ended in events)
    return {"median_s": round(statistics.median(took), 6), "min_s": round(took[0], 6), "max_s": round(took[-1], 6)}


def rated(found: dict[str, float], work: float) -> dict[str, float]:
    """With how much arithmetic a second that was."""
    return {**found, "tflop": round(work / _TERA, 3), "tflop_per_s": round(work / _TERA / found["median_s"], 1)}


@torch.inference_mode()
def step(network: NaDiT, size: str, options: argparse.Namespace) -> dict[str, Any]:
    """One step of a clip: how long, how much memory beside the weights."""
    device, a = network.device, network.architecture
    latent = torch.randn(*latent_size(size), a.channels_in, device=device, dtype=network.dtype)
    text = synthetic_prompt(a, _TEXT).to(device, network.dtype)
    at = network.modulations(1000.0)
    way = Work(options.most, on_host=options.on_host)
    work = partial(network, latent, text, at, way)
    torch.cuda.synchronize()
    held = torch.cuda.memory_allocated()
    began = time.perf_counter()
    work()  # compiles kernels and plans attention for each size of window: no part of the peak
    torch.cuda.synchronize()
    first = time.perf_counter() - began
    torch.cuda.reset_peak_memory_stats()
    work()
    peak = torch.cuda.max_memory_allocated()
    grid = grid_of(latent)
    found: dict[str, Any] = {
        "tokens": grid[0] * grid[1] * grid[2],
        "windows": [layout.windows for layout in lay_out(a, grid, _TEXT).by_kind],
        "sizes_of_windows": [len(layout.groups) for layout in lay_out(a, grid, _TEXT).by_kind],
        "first_s": round(first, 3),
        "step": rated(timed(work, options.runs), step_flop(a, grid, _TEXT)),
        "peak_gb": round(peak / _GIGA, 2),
        "peak_beside_weights_gb": round((peak - held) / _GIGA, 2),
        "peak_foretold_gb": round(Footprint(a, grid, _TEXT).bytes(way) / _GIGA, 2),
        "parts": parts(network, grid, options.runs),
    }
    if options.kernels:
        found["kernels"] = kernels(work)
    return found


def parts(network: NaDiT, grid: Grid, runs: int) -> dict[str, Any]:
    """What a block is made of, each part alone, on the rows of a whole clip."""
    a, device = network.architecture, network.device
    layouts = lay_out(a, grid, _TEXT).to(device)
    tokens = layouts.of(0).tokens
    rows = torch.randn(tokens, a.width, device=device, dtype=network.dtype)
    terms = network.modulations(1000.0).blocks
    # The last block but one: shared weights in a 3B, and a text that listens.
    block = network.layers[-2]
    video = next(iter(block.attn.proj_qkv))
    said = block.attn.heads_of(rows[:_TEXT], video, layouts.text)
    shift, scale, gate = terms[-2].video.attention
    branch = torch.randn_like(rows)
    found: dict[str, Any] = {
        "norm": timed(lambda: norm_modulate(rows, scale, shift, NORM_EPS), runs),
        "gate_and_norm": timed(lambda: add_norm_modulate(rows, branch, gate, scale, shift, NORM_EPS), runs),
        "gate": timed(lambda: rows.addcmul_(branch, gate), runs),
        "sorting": timed(lambda: layouts.sorted_for(1, rows), runs),
        "qkv_linear": rated(timed(lambda: block.attn.proj_qkv[video](rows), runs), 6.0 * tokens * a.width**2),
        "out_linear": rated(timed(lambda: block.attn.proj_out[video](rows), runs), 2.0 * tokens * a.width**2),
    }
    matrices = 3 if a.design == "dit_v2" else 2
    mlp = timed(lambda: block.mlp[video](rows), runs)
    found["mlp"] = rated(mlp, 2.0 * matrices * tokens * a.width * a.hidden)
    for kind, layout in zip(("regular", "shifted"), layouts.by_kind, strict=True):
        room = tokens + layout.windows * _TEXT
        heads = block.attn.heads_of(rows, video, layout.placement, room)
        work = sum(4.0 * a.width * g.windows * (g.tokens + _TEXT) ** 2 for g in layout.groups)
        qkv = block.attn.proj_qkv[video](rows)
        query, key = (block.attn.get_parameter(f"{norm}.{video}.weight") for norm in ("norm_q", "norm_k"))
        placed = partial(place_heads, qkv, query, key, NORM_EPS, layout.placement, heads)
        found[f"heads_{kind}"] = timed(placed, runs)
        with attention.fastest_kernels():
            attended = timed(partial(attend_windows, heads, said, layout.groups, hear=True), runs)
        found[f"attention_{kind}"] = rated(attended, work)
    return found


def kernels(work: Callable[[], Any]) -> list[dict[str, Any]]:
    """Kernels of one step by the time that they take."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        work()
        torch.cuda.synchronize()
    events = sorted(profiled.key_averages(), key=lambda event: -event.self_device_time_total)
    return [
        {"kernel": event.key[:120], "calls": event.count, "ms": round(event.self_device_time_total / 1000, 3)}
        for event in events[:_KERNELS_SHOWN]
    ]


@torch.inference_mode()
def error_of_half_precision(architecture: Architecture, device: torch.device, size: str) -> dict[str, float]:
    """How far bfloat16 is from float32 in the velocity of a picture, as a share of its spread."""
    exact = synthetic_transformer(architecture, device, torch.float32, seed=_SEED)
    latent = torch.randn(*latent_size(size), architecture.channels_in, device=device)
    text = synthetic_prompt(architecture, _TEXT).to(device)
    wanted = exact(latent, text, exact.modulations(1000.0))
    half = exact.bfloat16()
    found = half(latent, text, half.modulations(1000.0)).float()
    return {
        "rms_over_spread": round(float((found - wanted).square().mean().sqrt() / wanted.std()), 5),
        "largest_over_spread": round(float((found - wanted).abs().max() / wanted.std()), 4),
    }


def flash_first() -> AbstractContextManager[None]:
    """Torch's own flash attention, which plans nothing ahead."""
    return sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH], set_priority=True)


def free() -> None:
    """Give back what the last network held."""
    gc.collect()
    torch.cuda.empty_cache()


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--models", default="seedvr2-3b", help="by commas")
    parser.add_argument("--sizes", default=_SIZES, help="width x height x frames, by commas")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--most", type=int, help="tokens that a block works on at once; all if not given")
    parser.add_argument("--on-host", action="store_true", help="the stream lies on the host between blocks")
    parser.add_argument("--attention", choices=("cudnn", "flash"), default="cudnn", help="what torch tries first")
    parser.add_argument("--kernels", action="store_true", help="list the kernels of one step")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    device = torch.device(options.device)
    torch.cuda.set_device(device)
    if options.attention == "flash":
        for module in (attention, transformer):
            patch.object(module, "fastest_kernels", flash_first).start()
    found: dict[str, Any] = {
        "benchmark": "seedvr2 transformer",
        "machine": machine("torch", "greenroom"),
        "device": torch.cuda.get_device_name(device),
        "precision": "bfloat16",
        "most": options.most,
        "on_host": options.on_host,
        "attention": options.attention,
        "models": {},
    }
    for model in options.models.split(","):
        architecture = PUBLISHED[model]
        figures: dict[str, Any] = {
            "half_precision": error_of_half_precision(architecture, device, options.sizes.split(",")[0])
        }
        free()
        network = synthetic_transformer(architecture, device, torch.bfloat16, seed=_SEED)
        for size in options.sizes.split(","):
            figures[size] = step(network, size, options)
            free()
        found["models"][model] = figures
        del network
        free()
    report(found, options.output)


if __name__ == "__main__":
    main()
