"""How long one prediction of SteadyDancer's denoiser takes on a GPU, part by part, and whether the GPU is right.

    python benchmarks/steadydancer_forward.py [--precision bf16|fp8|fp8-products] [--layers 40] [--size 832x480]
                                              [--frames 81] [--tokens N] [--at-once N] [--runs 3] [--output FILE]

Weights are random, of the published size; --layers makes a network of fewer blocks for a quick look, and what 40 would
take is told from it. --tokens takes as many latent frames as make about so many tokens. Figures are medians of CUDA
events behind a run that warms up. Parts are those of one block, each measured alone; some are there in two ways, so
that the choice between them can be looked at. ``off`` is how far a small network is from the same on the CPU. Prints
one JSON.
"""

from __future__ import annotations

import growing_memory  # noqa: F401 - acts by being imported, before torch is

# isort: split

import argparse
import os
import statistics
import time
from collections import Counter, defaultdict
from dataclasses import replace
from functools import partial
from heapq import nlargest
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from greenroom.models.steadydancer.architecture import MASK, NORM_EPS, PATCH, PUBLISHED, STRIDE, Architecture
from greenroom.models.steadydancer.dancer.block import Context, Said
from greenroom.models.steadydancer.dancer.checkpoint import filled, without_weights
from greenroom.models.steadydancer.dancer.fixed import Conditions, block_terms, fix, tokens_of, velocity
from greenroom.models.steadydancer.dancer.precision import PRECISIONS, USUAL
from greenroom.models.steadydancer.dancer.synthetic import synthetic_dancer, tiny
from greenroom.models.steadydancer.sampling.guidance import Pass
from greenroom.nn.attention import attend, fastest_kernels
from greenroom.nn.fp8_linear import Fp8Linear, Rows, rows_of
from greenroom.nn.gelu import linear_gelu
from greenroom.nn.long_stream import LongStream
from greenroom.nn.wide_heads import norm_turn
from machine import cudnn, machine
from report import report
from seedvr2_vae import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Set

    from torch import Tensor

    from greenroom.models.steadydancer.dancer.fixed import Fixed
    from greenroom.models.steadydancer.dancer.rotary import Grid
    from greenroom.models.steadydancer.dancer.transformer import Dancer

_GPU = torch.device("cuda")
_PUBLISHED = PUBLISHED["steadydancer-14b"]
_GIGA, _TERA = 1e9, 1e12
_TIME = 637
_NAME, _NAMED = 90, 24  # letters of a kernel's name, and kernels that are named
_WORDS = 60


def conditions_of(architecture: Architecture, frames: int, height: int, width: int, device: torch.device) -> Conditions:
    """Random ones, of latents of such a size."""
    random = torch.Generator(device).manual_seed(0)
    normal = partial(torch.randn, generator=random, device=device)
    latent, seen = architecture.latent, (architecture.image_tokens, architecture.image_in)
    words = min(_WORDS, architecture.text_tokens)
    return Conditions(
        text=normal(words, architecture.text_in),
        negative=normal(words, architecture.text_in),
        image=normal(*seen),
        pose_image=normal(*seen),
        y=normal(MASK + latent, frames, height, width),
        ref_x=normal(latent, 1, height, width),
        ref_c=normal(latent, 1, height, width),
        pose=normal(latent, frames, height, width),
        negative_pose=normal(latent, frames, height, width),
    )


def milliseconds(work: Callable[[], object], runs: int) -> list[float]:
    """Of each run, by the GPU's own clock."""
    found = []
    for _ in range(runs):
        begin, end = event(), event()
        begin.record()
        work()
        end.record()
        end.synchronize()
        found.append(begin.elapsed_time(end))
    return found


def timed(work: Callable[[], object], runs: int = 3) -> float:
    """The median, behind a run that warms up."""
    work()
    return round(statistics.median(milliseconds(work, runs)), 3)


@torch.inference_mode()
def parts_of(network: Dancer, fixed: Fixed, latents: Tensor) -> dict[str, float]:
    """Milliseconds of each part of the first block."""
    attention, poses, heads = network.layers[0].self_attn, fixed.poses[0], network.architecture.heads
    _, others = network.timed(_TIME)
    terms = block_terms(fixed.modulation[0] + others.float(), fixed.listening[0])
    small = isinstance(attention.o, Fp8Linear)
    found = {
        "time": timed(lambda: network.timed(_TIME)),
        "align": timed(lambda: network.condition_embedding_align(poses, latents)),
        "tokens": timed(lambda: tokens_of(network, fixed, latents, poses)),
    }
    stream = LongStream(tokens_of(network, fixed, latents, poses))
    normed = stream.normed(terms.look, NORM_EPS, small=small)
    given = normed.dequantised(network.dtype) if isinstance(normed, Rows) else normed
    branch = torch.zeros_like(given)

    def settled() -> None:
        stream.plus(branch, terms.look.gate)
        stream.normed(terms.look, NORM_EPS, small=small)

    found["gated_residual_and_norm"] = timed(settled)
    found["queries_keys_values"] = timed(lambda: attention.heads_of(normed, fixed.tables))
    wide = torch.randn(len(given), 3 * given.shape[1], device=_GPU, dtype=network.dtype)
    query, key, value = wide.chunk(3, dim=-1)
    turned = partial(norm_turn, query, attention.norm_q.weight, NORM_EPS, heads, fixed.tables)
    found["norm_and_turn_of_one"] = timed(turned)
    found |= attention_of(heads, query, key, value)
    found["output"] = timed(lambda: attention.o(given))
    if small:
        found["rounding_to_rows"] = timed(lambda: rows_of(given))
    return found | listening_of(network, fixed.heard[0][0], normed) | mlp_of(network, normed, given)


def attention_of(heads: int, *parts: Tensor) -> dict[str, float]:
    """Self-attention, as it lies in a block and with each of the three in one piece, by two kernels."""
    query, key, value = (part.view(len(part), heads, -1).transpose(0, 1)[None] for part in parts)
    dense = query.contiguous(), key.contiguous(), value.contiguous()
    with fastest_kernels():
        found = {
            "attention": timed(lambda: attend(query, key, value)),
            "attention_of_dense_heads": timed(lambda: attend(*dense)),
        }
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION):
        found["attention_by_flash"] = timed(lambda: attend(query, key, value))
    return found


def listening_of(network: Dancer, said: Said | Context, normed: Tensor | Rows) -> dict[str, float]:
    """Cross-attention."""
    block = network.layers[0]
    kept = said if isinstance(said, Said) else block.cross_attn.said(said)
    query = block.cross_attn.queries(normed)
    with fastest_kernels():
        return {
            "cross_queries": timed(lambda: block.cross_attn.queries(normed)),
            "cross_text": timed(lambda: attend(query, kept.text_key, kept.text_value)),
            "cross_image": timed(lambda: attend(query, kept.image_key, kept.image_value)),
            "cross_all": timed(lambda: block.listen(normed, kept)),
        }


def mlp_of(network: Dancer, normed: Tensor | Rows, given: Tensor) -> dict[str, float]:
    """The MLP, and its first layer with the GELU as a pass of its own."""
    block = network.layers[0]
    first, found = block.ffn[0], {"mlp": timed(lambda: block.thought(normed))}
    if isinstance(first, torch.nn.Linear):
        made = linear_gelu(first, given)
        found["mlp_first_and_gelu"] = timed(lambda: linear_gelu(first, given))
        found["mlp_first_alone"] = timed(lambda: first(given))
        found["gelu_alone"] = timed(lambda: torch.ops.aten.gelu_(made, approximate="tanh"))
    return found


def longest(work: Callable[[], object]) -> dict[str, tuple[int, float]]:
    """Kernels that take longest: how often they ran, and milliseconds of all together."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        work()
        torch.cuda.synchronize()
    calls, took = Counter[str](), defaultdict[str, float](float)
    for row in profile.key_averages():
        if row.device_type.name == "CUDA":
            calls[row.key[:_NAME]] += row.count
            took[row.key[:_NAME]] += row.self_device_time_total / 1000
    return {name: (calls[name], round(ms, 2)) for name, ms in nlargest(_NAMED, took.items(), itemgetter(1))}


def off(precision: str) -> dict[str, float]:
    """How far the GPU's answer is from the CPU's in float32, relative, of a small network with the same weights."""
    architecture = replace(tiny(_PUBLISHED), heads=5, head_dim=128, hidden=1024, text_tokens=40)
    shape = (5, 16, 18)
    given = conditions_of(architecture, *shape, torch.device("cpu"))
    latents = torch.randn(architecture.latent, *shape, generator=torch.Generator().manual_seed(1))
    state = synthetic_dancer(architecture, torch.device("cpu"), torch.float32, drawn=torch.bfloat16).state_dict()
    found = {}
    for name, dtype, own in (("float32", torch.float32, USUAL), (f"bfloat16 {precision}", torch.bfloat16, precision)):
        answers = []
        for device, kind in ((torch.device("cpu"), torch.float32), (_GPU, dtype)):

            def read(
                names: Iterable[str], dtype: torch.dtype, _: Set[str], device: torch.device = device
            ) -> dict[str, Tensor]:
                return {name: state[name].to(device, dtype, copy=True) for name in names}

            network = filled(without_weights(architecture), read, kind, precision=own)
            made = velocity(network, fix(network, given), latents, _TIME, Pass.UNCONDITIONAL)
            answers.append(made.cpu())
        wanted, made = answers
        found[name] = float((made - wanted).norm() / wanted.norm())
    return found


def arithmetic(architecture: Architecture, grid: Grid) -> tuple[float, float]:
    """TFLOP of a forward in linear layers, and in attention of both kinds."""
    tokens, width = grid.tokens, architecture.width
    keys = tokens + architecture.text_tokens + architecture.image_tokens
    linear = 2.0 * tokens * width * (6 * width + 2 * architecture.hidden)
    return architecture.layers * linear / _TERA, architecture.layers * 4.0 * tokens * keys * width / _TERA


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """One network, asked as a job asks it."""
    architecture = replace(_PUBLISHED, layers=options.layers)
    width, height = (side // STRIDE[1] for side in map(int, options.size.split("x")))
    frames = (options.frames - 1) // STRIDE[0] + 1
    if options.tokens:
        frames = max(1, round(options.tokens * PATCH[1] * PATCH[2] / height / width) - 2)
    begun = time.perf_counter()
    network = synthetic_dancer(architecture, _GPU, torch.bfloat16, precision=options.precision)
    torch.cuda.synchronize()
    found: dict[str, Any] = {"made_s": round(time.perf_counter() - begun, 2)}
    weights = torch.cuda.memory_allocated()
    given = conditions_of(architecture, frames, height, width, _GPU)
    begun = time.perf_counter()
    fixed = fix(network, given)
    torch.cuda.synchronize()
    found["fixed_s"] = round(time.perf_counter() - begun, 2)
    kept = torch.cuda.memory_allocated() - weights
    latents = torch.randn(architecture.latent, frames, height, width, device=_GPU)
    work = partial(velocity, network, fixed, latents, _TIME, Pass.CONDITIONAL, at_once=options.at_once)
    begun = time.perf_counter()
    work()
    torch.cuda.synchronize()
    found["first_s"] = round(time.perf_counter() - begun, 2)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    each = milliseconds(work, options.runs)
    peak = torch.cuda.max_memory_allocated()
    ms = statistics.median(each)
    parts = parts_of(network, fixed, latents)
    ahead = parts["tokens"] + parts["time"]
    linear, attention = arithmetic(architecture, fixed.grid)
    return found | {
        "tokens": fixed.grid.tokens,
        "forward_ms": round(ms, 1),
        "forward_ms_each": [round(own, 1) for own in each],
        "of_all_layers_ms": round(ahead + (ms - ahead) * _PUBLISHED.layers / architecture.layers, 1),
        "tflop_linear_attention": (round(linear, 1), round(attention, 1)),
        "tflop_a_second": round((linear + attention) / ms * 1000, 1),
        "weights_gb": round(weights / _GIGA, 2),
        "kept_of_a_job_gb": round(kept / _GIGA, 2),
        "beside_them_at_most_gb": round((peak - before) / _GIGA, 2),
        "parts_of_a_block_ms": parts,
        "kernels_count_and_ms": longest(work),
    }


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--precision", default=USUAL, choices=PRECISIONS)
    parser.add_argument("--layers", type=int, default=_PUBLISHED.layers)
    parser.add_argument("--size", default="832x480", help="width x height, in pixels")
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--tokens", type=int, help="about so many, in place of --frames")
    parser.add_argument("--at-once", type=int, default=0, help="tokens that go through the MLP together; 0 for all")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.cuda.set_device(0)
    report(
        {
            "benchmark": "steadydancer forward",
            "machine": machine("torch", "triton", "greenroom"),
            "device": torch.cuda.get_device_name(),
            "cuda": torch.version.cuda,
            "cudnn": cudnn(),
            "allocation": os.environ.get("PYTORCH_CUDA_ALLOC_CONF", ""),
            "options": {name: str(value) for name, value in vars(options).items() if name != "output"},
            "off": off(options.precision),
            **measured(options),
        },
        options.output,
    )


if __name__ == "__main__":
    main()
