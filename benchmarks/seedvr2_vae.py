"""How fast the video autoencoder of SeedVR2 runs on a GPU, where its time goes, and what its parts reach.

    python benchmarks/seedvr2_vae.py [--sizes 1280x720 1920x1072] [--frames 21] [--cuts 1x4 1x2 ...] [--runs 5]
        [--parts check clips probes] [--output FILE]

Weights are random, of the published size: no figure here depends on their values. Prints one JSON. Times are of CUDA
events around queued work, medians of runs after warm-up; memory is torch's. A cut NxM takes N latent frames at a time
and M frames within the levels that know every frame.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from greenroom.models.seedvr2.vae.streaming import decode, decoding, encode, encoding
from greenroom.models.seedvr2.vae.synthetic import TINY, synthetic_vae
from greenroom.nn import group_norm, wide_attention
from greenroom.nn.causal_conv import convolve
from greenroom.nn.interleave import interleave
from greenroom.nn.slices import Slices
from machine import cudnn
from report import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor, nn

    from greenroom.models.seedvr2.vae.vae import VideoVAE

_TERA = 1e12
_GPU = torch.device("cuda")
_CHECKED = (9, 256, 256)  # frames, height, width of the clip on which half precision is compared
# Arithmetic of the original's convolutions, products and attention: (encode, decode) FLOP for 21 frames.
_PUBLISHED_FLOP = {"1280x720": (178.18e12, 462.98e12), "1920x1072": (404.95e12, 1041.0e12)}


def event() -> torch.cuda.Event:
    """A point in the device's time, once it is recorded."""
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch gives its constructor no types


def timed(work: Callable[[], object], runs: int, warm: int = 2) -> float:
    """Median milliseconds between two events around the work, after runs that warm up."""
    for _ in range(warm):
        work()
    took: list[float] = []
    for _ in range(runs):
        begun, ended = event(), event()
        begun.record()
        work()
        ended.record()
        ended.synchronize()
        took.append(begun.elapsed_time(ended))
    return statistics.median(took)


def consumed(pieces: Iterator[Tensor]) -> int:
    """Take pieces as they come and let them go."""
    return sum(len(piece) for piece in pieces)


def clip(vae: VideoVAE, width: int, height: int, frames: int, cut: Slices, runs: int) -> dict[str, Any]:
    """Encoding and decoding of one clip: time, memory, where the time goes."""
    pixels = torch.rand(frames, height, width, 3, device=_GPU, dtype=torch.bfloat16) * 2 - 1
    latents = torch.randn(
        vae.config.latent_frames(frames), height // 8, width // 8, vae.config.latent, device=_GPU, dtype=torch.bfloat16
    )
    ways: dict[str, Callable[[], object]] = {
        "encode": lambda: consumed(encoding(vae, [pixels], cut)),
        "decode": lambda: consumed(decoding(vae, latents, cut)),
    }
    found: dict[str, Any] = {}
    for place, (name, way) in enumerate(ways.items()):
        torch.cuda.empty_cache()
        took = timed(way, runs)
        torch.cuda.reset_peak_memory_stats()
        way()
        torch.cuda.synchronize()
        entry = {
            "ms": round(took, 1),
            "peak_allocated_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2),
            "peak_reserved_gb": round(torch.cuda.max_memory_reserved() / 1e9, 2),
            "stages_ms": stages(vae, way),
            "kernels_ms": kernels(way),
        }
        if (flop := _PUBLISHED_FLOP.get(f"{width}x{height}")) and frames == 21:
            entry["tflops_of_the_original_arithmetic"] = round(flop[place] / took * 1e3 / _TERA, 1)
        if name == "decode":
            entry["first_frames_ms"] = round(timed(lambda: next(decoding(vae, latents, cut)), runs), 1)
        found[name] = entry
    return found


def stages(vae: VideoVAE, way: Callable[[], object]) -> dict[str, float]:
    """Milliseconds of each block, summed over slices."""
    marks: dict[str, list[tuple[torch.cuda.Event, torch.cuda.Event]]] = defaultdict(list)
    hooks = []
    for name, module in _blocks(vae):

        def before(_module: nn.Module, _args: object, name: str = name) -> None:
            begun, ended = event(), event()
            begun.record()
            marks[name].append((begun, ended))

        def after(_module: nn.Module, _args: object, _out: object, name: str = name) -> None:
            marks[name][-1][1].record()

        hooks += [module.register_forward_pre_hook(before), module.register_forward_hook(after)]
    try:
        way()
        torch.cuda.synchronize()
    finally:
        for hook in hooks:
            hook.remove()
    return {name: round(sum(begun.elapsed_time(ended) for begun, ended in pairs), 1) for name, pairs in marks.items()}


def _blocks(vae: VideoVAE) -> Iterator[tuple[str, nn.Module]]:
    for name, module in vae.named_modules():
        last = name.rpartition(".")[2]
        level = name.count(".") == 2 and last.isdecimal()
        if level or last in ("conv_in", "conv_out", "mid_block") or name.endswith(("attentions.0", "samplers.0")):
            yield name, module


def kernels(way: Callable[[], object], most: int = 14) -> dict[str, float]:
    """Milliseconds of each kernel by its name, the longest first, and their sum."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        way()
        torch.cuda.synchronize()
    totals = {event.key: event.self_device_time_total / 1e3 for event in profile.key_averages()}
    longest = sorted(totals, key=lambda name: -totals[name])[:most]
    return {name[:90]: round(totals[name], 1) for name in longest} | {"all": round(sum(totals.values()), 1)}


def check() -> dict[str, Any]:
    """Whether the kernels compute what torch does, and how far half precision lies from float32, on small clips."""
    torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(0)
    pixels = torch.rand(9, 64, 96, 3) * 2 - 1
    latents = torch.randn(3, 8, 12, 16)
    host = synthetic_vae(torch.device("cpu"), torch.float32, TINY)
    weights = {name: tensor.to(_GPU) for name, tensor in host.state_dict().items()}
    device = type(host).of(weights, TINY)
    cut = Slices(1, 3)
    found = {
        "float32_gpu_less_cpu_encode": _apart(encode(device, pixels.to(_GPU), cut), encode(host, pixels)),
        "float32_gpu_less_cpu_decode": _apart(decode(device, latents.to(_GPU), cut), decode(host, latents)),
    }
    full = synthetic_vae(_GPU, torch.float32)
    half = type(full).of(full.state_dict(), full.config, torch.bfloat16)
    larger = torch.rand(*_CHECKED, 3, device=_GPU) * 2 - 1
    exact, rough = encode(full, larger), encode(half, larger)
    found["bfloat16_less_float32_encode"] = _apart(rough, exact)
    latents = exact[..., :16].contiguous()
    exact, rough = decode(full, latents), decode(half, latents)
    found["bfloat16_less_float32_decode"] = _apart(rough, exact)
    found["cut_less_whole_decode"] = _apart(decode(half, latents, Slices(1, 2)), rough)
    return found


def _apart(ours: Tensor, theirs: Tensor) -> dict[str, float]:
    error = (ours.double().cpu() - theirs.double().cpu()).abs()
    spread = theirs.double().std().item()
    return {
        "max": error.max().item(),
        "mean": error.mean().item(),
        "of_spread": (error.square().mean().sqrt() / spread).item(),
    }


@torch.inference_mode()
def probes(runs: int) -> dict[str, Any]:
    """What single operations reach at 1280x720."""
    found: dict[str, Any] = {}
    for channels, out, height, width in (
        (128, 128, 720, 1280), (256, 128, 720, 1280), (256, 256, 360, 640), (512, 512, 180, 320), (512, 512, 90, 160),
    ):  # fmt: skip
        weight = _random(out, channels, 3, 3, 3).contiguous(memory_format=torch.channels_last_3d)
        for frames in (1, 2, 4):
            x = _random(frames + 2, height, width, channels)
            took = timed(partial(convolve, x, weight), runs)
            flop = 2 * 27 * channels * out * frames * height * width
            found[f"conv {channels}->{out} {frames}x{height}x{width}"] = _rate(took, flop)
    for channels, times, height, width in ((256, 1, 360, 640), (512, 2, 180, 320), (512, 2, 90, 160)):
        found |= _upsampling(channels, times, height, width, runs)
    for channels, height, width in ((128, 720, 1280), (256, 360, 640), (512, 180, 320)):
        found |= _norms(channels, height, width, runs)
    x, y = (_random(4, 720, 1280, 128) for _ in range(2))
    found["copy"] = _pace(timed(lambda: y.copy_(x), runs), 2 * x.nbytes)
    return found | _attention(runs)


def _upsampling(channels: int, times: int, height: int, width: int, runs: int) -> dict[str, Any]:
    taps = 3 if times == 1 else 2
    weight = _random(times * 4 * channels, channels, taps, 2, 2).contiguous(memory_format=torch.channels_last_3d)
    found: dict[str, Any] = {}
    for frames in (1, 2, 4):
        x = _random(frames + taps - 1, height, width, channels)
        took = timed(partial(convolve, x, weight), runs)
        flop = 2 * weight.numel() * frames * height * width
        found[f"upsampling conv {channels} {frames}x{height}x{width}"] = _rate(took, flop)
    phases, placed = (
        _random(1, height + 1, width + 1, 4 * times * channels),
        _random(times, 2 * height, 2 * width, channels),
    )
    bias = torch.zeros(times, 2, 2, 2, 2, channels, device=_GPU)
    took = timed(partial(interleave, phases, bias, placed), runs)
    return found | {f"interleave {channels} {times}x{2 * height}x{2 * width}": _pace(took, 2 * placed.nbytes)}


def _norms(channels: int, height: int, width: int, runs: int) -> dict[str, Any]:
    x, y = (_random(4, height, width, channels) for _ in range(2))
    norm = torch.nn.GroupNorm(32, channels, eps=1e-6, device=_GPU)
    shift = torch.zeros(channels, device=_GPU)
    given = group_norm.statistics(x, norm, shift)
    size = f"{channels} 4x{height}x{width}"
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "statistics": (lambda: group_norm.statistics(x, norm, shift), 1),
        "add": (lambda: group_norm.add(x, shift, norm, y, out=y), 3),
        "normalise": (lambda: group_norm.normalise(x, given, norm, out=y, shift=shift), 2),
    }
    return {f"{name} {size}": _pace(timed(way, runs), passes * x.nbytes) for name, (way, passes) in ways.items()}


def _attention(runs: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    backends = torch.nn.attention.SDPBackend
    for positions in (90 * 160, 134 * 240):
        query, key, value = (_random(1, 1, positions, 512) for _ in range(3))
        flop = 4 * positions**2 * 512
        way = partial(functional.scaled_dot_product_attention, query, key, value)
        for backend in (backends.EFFICIENT_ATTENTION, backends.CUDNN_ATTENTION, backends.FLASH_ATTENTION):
            with contextlib.suppress(RuntimeError), torch.nn.attention.sdpa_kernel(backend):
                found[f"attention {positions} {backend.name.lower()}"] = _rate(timed(way, runs), flop)
        way = partial(wide_attention.attend, query[0, 0], key[0, 0], value[0, 0])
        found[f"attention {positions} products"] = _rate(timed(way, runs), flop)
    return found


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, device=_GPU, dtype=torch.bfloat16)


def _rate(milliseconds: float, flop: float) -> dict[str, float]:
    return {"ms": round(milliseconds, 3), "tflops": round(flop / milliseconds * 1e3 / _TERA, 1)}


def _pace(milliseconds: float, moved: int) -> dict[str, float]:
    return {"ms": round(milliseconds, 3), "tb_per_s": round(moved / milliseconds * 1e3 / _TERA, 2)}


def machine() -> dict[str, Any]:
    """What this ran on."""
    import triton

    return {
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "cudnn": cudnn(),
        "triton": triton.__version__,
        "gpu": torch.cuda.get_device_name(),
        "allocator": os.environ.get("PYTORCH_CUDA_ALLOC_CONF", ""),
        "heuristics": os.environ.get("TORCH_CUDNN_USE_HEURISTIC_MODE_B", ""),
    }


def clips(sizes: Sequence[str], frames: int, cuts: Sequence[str], runs: int) -> dict[str, Any]:
    """Every size with every cut; one that does not fit says so."""
    vae = synthetic_vae(_GPU, torch.bfloat16)
    torch.cuda.empty_cache()
    found: dict[str, Any] = {"weights_gb": round(torch.cuda.memory_allocated() / 1e9, 2)}
    for size in sizes:
        width, height = map(int, size.split("x"))
        for cut in cuts:
            latents, at_once = map(int, cut.split("x"))
            name = f"{size}, {frames} frames, cut {cut}"
            try:
                found[name] = clip(vae, width, height, frames, Slices(latents, at_once), runs)
            except torch.OutOfMemoryError as error:
                found[name] = {"out_of_memory": str(error).partition(". ")[0]}
            print(name, json.dumps(found[name]), file=sys.stderr, flush=True)
            torch.cuda.empty_cache()
    return found


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=["1280x720", "1920x1072"])
    parser.add_argument("--frames", type=int, default=21)
    parser.add_argument("--cuts", nargs="+", default=["1x4", "1x2", "1x1"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--parts", nargs="+", default=["check", "probes", "clips"], choices=["check", "probes", "clips"]
    )
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "check": check,
        "probes": partial(probes, options.runs),
        "clips": partial(clips, options.sizes, options.frames, options.cuts, options.runs),
    }
    found: dict[str, Any] = {"benchmark": "seedvr2_vae", "machine": machine()}
    for part in options.parts:
        found[part] = parts[part]()
        print(part, "done", file=sys.stderr, flush=True)
    report(found, options.output)


if __name__ == "__main__":
    main()
