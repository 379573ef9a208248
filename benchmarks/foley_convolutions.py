"""HunyuanVideo-Foley's convolutions along the sequence: cuDNN's against one matrix product of unfolded tokens.

    python benchmarks/foley_convolutions.py [--tiny] [--runs 12] [--output FILE]

Each convolution of 3 of a single block, for a clip of 8 s, four samples of it and the windows of a minute, in bfloat16;
weights follow each other so that no cache holds them. Times are of one call, at the least, on a GPU in a graph of many.
Errors are against float32: root mean square of the difference over that of what is exact. Prints one JSON.
"""

from __future__ import annotations

import argparse
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from foley_clip import timed
from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.mmdit.sequence_conv import convolved
from greenroom.nn.unfolding import unfolded
from machine import machine
from report import report

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

_WEIGHTS = 6
_KERNEL = 3
_SHAPES = {"8 s": (2, 400), "8 s, 4 samples": (8, 400), "60 s": (10, 640)}  # rows, tokens
_SMALLER = 16


def cudnn(x: Tensor, weight: Tensor) -> Tensor:
    """By the library's own kernels. weight: (outputs, inputs, kernel), channels innermost."""
    picture = x.transpose(1, 2).unsqueeze(2)
    made = functional.conv2d(picture, weight.unsqueeze(2), padding=(0, _KERNEL // 2))
    return made.squeeze(2).transpose(1, 2).contiguous()


def measured(x: Tensor, outputs: int, runs: int) -> dict[str, Any]:
    """Both ways, and what of the second is unfolding."""
    width = x.shape[-1]
    drawn = [0.02 * torch.randn(outputs, _KERNEL, width, device=x.device, dtype=x.dtype) for _ in range(_WEIGHTS)]
    weights = [weight.transpose(1, 2) for weight in drawn]
    exact = functional.conv1d(x.float().transpose(1, 2), weights[0].float(), padding=_KERNEL // 2).transpose(1, 2)
    ways: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"cudnn": cudnn, "product": partial(convolved, bias=None)}
    found: dict[str, Any] = {}
    for name, way in ways.items():
        off = (way(x, weights[0]).float() - exact).square().mean().sqrt() / exact.square().mean().sqrt()
        calls = map(partial(way, x), cycle(weights))
        found[name] = {"us": timed(calls.__next__, runs), "off": float(f"{float(off):.3g}")}
    found["unfolding_us"] = timed(lambda: unfolded(x, _KERNEL), runs)
    return found


@torch.inference_mode()
def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tiny", action="store_true", help="few tokens and channels, for a CPU")
    parser.add_argument("--runs", type=int, default=12)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(7)
    torch.backends.cudnn.allow_tf32 = False
    small = _SMALLER if options.tiny else 1
    of = PUBLISHED["hunyuanvideo-foley-xxl"]
    widths = {
        "gates": (of.width, 2 * of.gated),
        "behind gates": (of.gated, of.width),
        "attention": (of.width, of.width),
    }
    cases: dict[str, Any] = {}
    for clip, (rows, tokens) in _SHAPES.items():
        for layer, (inputs, outputs) in widths.items():
            x = torch.randn(rows, tokens // small, inputs // small, device=device, dtype=torch.bfloat16)
            cases[f"{clip}, {layer}"] = measured(x, outputs // small, options.runs)
    report(
        {
            "benchmark": "foley convolutions",
            "machine": machine("torch", "greenroom"),
            "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
            "tiny": options.tiny,
            "cases": cases,
        },
        options.output,
    )


if __name__ == "__main__":
    main()
