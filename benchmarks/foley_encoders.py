"""What surrounds Foley's denoiser on a GPU: encoders and decoder by precision and by how much they take at once.

    python benchmarks/foley_encoders.py [--tiny] [--runs 5] [--output FILE]

A clip of 8 s, random weights of the published sizes. Each case says how long it takes and how far it is from float32
without its shortcuts (tf32): root mean square of the difference over that of what is exact. Beside them are the fused
Snake against torch's operations, Synchformer's patches as a product against the convolution that they are published as,
and pictures on their way to the device from pageable and from pinned memory. Memory grows, and cuDNN chooses by its
heuristics, as in the product. Prints one JSON.
"""

from __future__ import annotations

import growing_memory  # noqa: F401 - acts by being imported, before torch is

# isort: split

import argparse
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from foley_clip import clock, watched
from greenroom.models.borrowed import filled, shapes_in_file, without_memory
from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.dac.pieces import decode
from greenroom.models.foley.dac.synthetic import TINY as TINY_DAC
from greenroom.models.foley.dac.synthetic import synthetic_dac_vae
from greenroom.models.foley.parts import Sizes
from greenroom.models.foley.parts_synthetic import tiny_sizes
from greenroom.models.foley.synchformer.synthetic import synthetic_synchformer
from greenroom.models.foley.towers.encoders import see_pictures
from greenroom.models.foley.towers.siglip2 import SiglipPictures, vision_tower
from greenroom.models.foley.watching.lengths import SEGMENT, SEGMENT_STEP
from greenroom.models.foley.watching.preprocess import normalised
from greenroom.nn.snake import EPS, snake
from greenroom.weights.synthesise import synthesise_on
from machine import machine
from report import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

_SECONDS, _LATENTS = 8, 400
_PICTURES_AT_ONCE = (8, 16, 32, 64)
_SEGMENTS_AT_ONCE = (6, 12, 24, 48)
_PIECES = (125, 250, 500)


class Cases:
    """Times and distances of ways to do one thing, by their names."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._exact: Tensor | None = None
        self.found: dict[str, dict[str, Any]] = {}

    def add(self, name: str, work: Callable[[], Tensor]) -> None:
        """Do it, once to warm up; the first case is what the others are compared with."""
        made = work()
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated() if torch.cuda.is_available() else 0
        times = []
        for _ in range(self._runs):
            began = clock()
            work()
            times.append(clock() - began)
        self._exact = made.double() if self._exact is None else self._exact
        off = (made.double() - self._exact).square().mean().sqrt() / self._exact.square().mean().sqrt()
        self.found[name] = {"ms": round(1000 * min(times), 3), "off": float(f"{float(off):.3g}")}
        if torch.cuda.is_available():
            self.found[name]["peak_mb"] = round((torch.cuda.max_memory_allocated() - before) / 1e6, 1)


@contextmanager
def tf32(*, on: bool) -> Iterator[None]:
    """With tensor cores' shortened float32, or without."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = on
    yield
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


def decoding(device: torch.device, config: DacConfig, runs: int) -> dict[str, dict[str, Any]]:
    """The sound of the clip's latents."""
    vae, cases = synthetic_dac_vae(device, config), Cases(runs)
    latents = torch.randn(1, config.latent, _LATENTS, device=device)
    with tf32(on=False):
        cases.add("float32", lambda: decode(vae, latents))
    with tf32(on=True):
        for piece in _PIECES:
            cases.add(f"tf32, {piece} latents at once", partial(decode, vae, latents, piece))
    return cases.found


def snakes(device: torch.device, runs: int) -> dict[str, dict[str, Any]]:
    """As large as the decoder's largest."""
    cases, x = Cases(runs), torch.randn(1, 64, _LATENTS * 960, device=device)
    alpha = torch.rand(1, 64, 1, device=device) + 0.2
    cases.add("torch", lambda: torch.addcmul(x, (alpha + EPS).reciprocal(), (alpha * x).sin_().square_()))
    cases.add("fused", lambda: snake(x, alpha))
    return cases.found


def seeing(device: torch.device, sizes: Sizes, pictures: Tensor, runs: int) -> dict[str, dict[str, Any]]:
    """What SigLIP 2 sees."""
    cases = Cases(runs)

    def tower(dtype: torch.dtype) -> SiglipPictures:
        network = without_memory(lambda: vision_tower(sizes.siglip2))
        return SiglipPictures(filled(network, dict(synthesise_on(device, shapes_in_file(network), 0))).to(dtype))

    with tf32(on=False):
        encoder = tower(torch.float32)
        cases.add("float32", partial(see_pictures, pictures, encoder))
    for dtype in (torch.float16, torch.bfloat16):
        encoder = tower(dtype)
        for count in _PICTURES_AT_ONCE:
            name = f"{dtype}, {count} at once".removeprefix("torch.")
            cases.add(name, partial(see_pictures, pictures, encoder, at_once=count))
    return cases.found


def syncing(device: torch.device, sizes: Sizes, frames: Tensor, runs: int) -> dict[str, dict[str, Any]]:
    """What Synchformer sees."""
    cases = Cases(runs)
    with tf32(on=False):
        encoder = synthetic_synchformer(device, torch.float32, sizes.synchformer)
        cases.add("float32", lambda: encoder.features(frames))
    encoder = encoder.to(torch.float16)  # the same weights: drawn in another type they would be others
    for count in _SEGMENTS_AT_ONCE:
        cases.add(f"float16, {count} at once", partial(encoder.features, frames, at_once=count))
    return cases.found


def patches(device: torch.device, sizes: Sizes, frames: Tensor, runs: int) -> dict[str, dict[str, Any]]:
    """What Synchformer's blocks are given of the clip's segments."""
    cases, dtype = Cases(runs), torch.float16 if device.type == "cuda" else torch.float32
    network = synthetic_synchformer(device, torch.float32, replace(sizes.synchformer, depth=0)).to(dtype)
    shown = frames.to(dtype).unfold(0, SEGMENT, SEGMENT_STEP).movedim(-1, 1).contiguous()
    weight, bias = (network.patch_embed_3d.get_parameter(f"proj.{name}") for name in ("weight", "bias"))
    stand = (network.pos_embed[:, None, 1:] + network.temp_embed[:, :, None]).flatten(1, 2)

    def convolved() -> Tensor:
        seen = functional.conv3d(shown.transpose(1, 2), weight, bias, stride=weight.shape[2:])
        return seen.flatten(2).transpose(1, 2) + stand

    cases.add("convolution", convolved)
    cases.add("product", lambda: network.tokens(shown)[:, 1:])
    return cases.found


def copies(device: torch.device, pictures: Tensor, runs: int) -> dict[str, dict[str, Any]]:
    """Pictures on their way to the device."""
    cases, host = Cases(runs), pictures.cpu()
    cases.add("pageable", lambda: host.to(device))
    if device.type == "cuda":
        waiting = host.pin_memory()
        cases.add("pinned", lambda: waiting.to(device, non_blocking=True))
    return cases.found


@torch.inference_mode()
def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tiny", action="store_true", help="small networks of the same kind, for a CPU")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    architecture = PUBLISHED["hunyuanvideo-foley-xxl"]
    sizes = tiny_sizes(architecture) if options.tiny else Sizes(architecture)
    [clip] = watched(_SECONDS)
    pictures, frames = clip.pictures.to(device), normalised(clip.frames.to(device))
    runs = options.runs
    report(
        {
            "benchmark": "foley encoders",
            "machine": machine("torch", "transformers", "greenroom"),
            "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
            "tiny": options.tiny,
            "decoding": decoding(device, TINY_DAC if options.tiny else DacConfig(), runs),
            "snake": snakes(device, runs),
            "siglip2": seeing(device, sizes, pictures, runs),
            "patches": patches(device, sizes, frames, runs),
            "synchformer": syncing(device, sizes, frames, runs),
            "copies": copies(device, pictures, runs),
        },
        options.output,
    )


if __name__ == "__main__":
    main()
