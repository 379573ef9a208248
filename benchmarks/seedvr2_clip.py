"""How long a clip takes SeedVR2 from pixels to pixels on a GPU, and how much memory beside what.

    python benchmarks/seedvr2_clip.py [--sizes 1280x720x21,1920x1072x21] [--cuts 1x2,1x1] [--lent 0,7] [--runs 3]
        [--output FILE]

The 3B and its autoencoder with random weights of the published size, in bfloat16: encode, one step of the transformer,
decode; pixels are on the device before and dropped as they come. Lent are so many gigabytes of the transformer's
weights: given back while frames are decoded, and copied from pinned memory afterwards, which is in the time. Times are
of CUDA events around the whole, medians after warm-up; memory is torch's. Prints one JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.nadit.sampling import Sampler
from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt, synthetic_transformer
from greenroom.models.seedvr2.vae.streaming import decoding, encoding
from greenroom.models.seedvr2.vae.synthetic import synthetic_vae
from greenroom.models.seedvr2.vae.vae import posterior
from greenroom.nn.slices import Slices
from machine import cudnn, machine
from report import report
from seedvr2_vae import event

if TYPE_CHECKING:
    from torch import Tensor, nn

    from greenroom.models.seedvr2.vae.vae import VideoVAE

_GPU = torch.device("cuda")
_GIGA = 1e9
_ENVIRONMENT = ("PYTORCH_CUDA_ALLOC_CONF", "TORCH_CUDNN_USE_HEURISTIC_MODE_B")
_STAGES = ("encode", "transformer", "decode", "weights back")


class Lent:
    """Weights whose room is given back for a while. Nothing changes them, so that their copy on the host stays right.

    gigabytes: of the network's weights, as many whole tensors as are no more than that and one.
    """

    def __init__(self, network: nn.Module, gigabytes: float) -> None:
        self._held: list[tuple[Tensor, Tensor]] = []
        taken = 0
        for weight in network.parameters():
            if taken >= gigabytes * _GIGA:
                break
            taken += weight.nbytes
            self._held.append((weight, weight.data.cpu().pin_memory()))

    def give(self) -> None:
        """Let their room be used."""
        for weight, _ in self._held:
            weight.data = weight.data.new_empty(0)
        if self._held:
            torch.cuda.empty_cache()  # pieces of the size of weights are of no use to frames

    def take(self) -> None:
        """Have them again."""
        for weight, copy in self._held:
            weight.data = copy.to(_GPU, non_blocking=True)


def clip(vae: VideoVAE, sampler: Sampler, lent: Lent, pixels: Tensor, cut: Slices) -> list[torch.cuda.Event]:
    """One clip through all; the moments between its stages."""
    moments = [event() for _ in range(len(_STAGES) + 1)]
    moments[0].record()
    latent = posterior(torch.cat(list(encoding(vae, [pixels], cut))), vae.config).float()
    moments[1].record()
    restored = sampler.restore(latent, torch.randn_like(latent))
    moments[2].record()
    lent.give()
    for frames in decoding(vae, restored / vae.config.scale, cut):
        del frames
    moments[3].record()
    lent.take()
    moments[4].record()
    torch.cuda.synchronize()
    return moments


def measured(vae: VideoVAE, sampler: Sampler, lent: Lent, size: str, cut: Slices, runs: int) -> dict[str, Any]:
    """A clip's times and the most memory that it takes, weights and all."""
    width, height, frames = map(int, size.split("x"))
    pixels = torch.rand(frames, height, width, 3, device=_GPU, dtype=torch.bfloat16) * 2 - 1
    began = time.perf_counter()
    clip(vae, sampler, lent, pixels, cut)
    first = time.perf_counter() - began
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    took = [clip(vae, sampler, lent, pixels, cut) for _ in range(runs)]
    parts = [[begun.elapsed_time(ended) for begun, ended in pairwise(run)] for run in took]
    whole = statistics.median(sum(run) for run in parts)
    return {
        "first_s": round(first, 2),
        "ms": round(whole, 1),
        "frames_per_s": round(frames / whole * 1e3, 2),
        "stages_ms": {name: round(statistics.median(column), 1) for name, *column in zip(_STAGES, *parts, strict=True)},
        "peak_allocated_gb": round(torch.cuda.max_memory_allocated() / _GIGA, 2),
        "peak_reserved_gb": round(torch.cuda.max_memory_reserved() / _GIGA, 2),
    }


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1280x720x21,1920x1072x21", help="width x height x frames, by commas")
    parser.add_argument("--cuts", default="1x2,1x1", help="latent frames x frames at once, by commas")
    parser.add_argument("--lent", default="0,7", help="gigabytes of the transformer's weights, by commas")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    architecture = PUBLISHED["seedvr2-3b"]
    network = synthetic_transformer(architecture, _GPU, torch.bfloat16)
    vae = synthetic_vae(_GPU, torch.bfloat16)
    torch.cuda.empty_cache()
    sampler = Sampler(network, synthetic_prompt(architecture))
    found: dict[str, Any] = {
        "benchmark": "seedvr2 clip",
        "machine": machine("torch", "triton"),
        "gpu": torch.cuda.get_device_name(),
        "cudnn": cudnn(),
        "environment": {name: os.environ.get(name, "") for name in _ENVIRONMENT},
        "weights_gb": round(torch.cuda.memory_allocated() / _GIGA, 2),
    }
    for gigabytes in map(float, options.lent.split(",")):
        lent = Lent(network, gigabytes)
        for size in options.sizes.split(","):
            for cut in options.cuts.split(","):
                latents, frames = map(int, cut.split("x"))
                name = f"{size}, cut {cut}, {gigabytes:g} GB lent"
                found[name] = measured(vae, sampler, lent, size, Slices(latents, frames), options.runs)
                print(name, json.dumps(found[name]), flush=True)
    report(found, options.output)


if __name__ == "__main__":
    main()
