"""What half precision and smaller weights cost SeedVR2 in colour and in detail.

    python benchmarks/seedvr2_precision.py [--size 1280x720x21] [--output FILE]

Both networks have the published sizes and random weights; ``seedvr2_picture`` says what clip is restored and how a
picture stays one. Two cases: "random" are the weights as they are drawn; in "picture" the autoencoder carries the
picture, and a quarter of the way from the clip's own latent to what the transformer makes is gone. Everything runs on
the GPU: float32 without its shortcuts (tf32) is what bfloat16 and float16 are compared with, and bfloat16 what weights
in fp8, Q8_0 and Q4_K are, which stay small. Figures are decibels: of the largest difference that there can be (2) over
the root mean square of the difference, and, as "over_spread", of the spread of what is compared with. They are given
for the whole, for the low band that the wavelet colours come from, and for what is left. Prints one JSON.
"""

from __future__ import annotations

import argparse
import copy
import gc
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from greenroom.errors import GreenroomError
from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.colours.colour import wavelet
from greenroom.models.seedvr2.colours.methods import METHODS
from greenroom.models.seedvr2.draws import Seeded
from greenroom.models.seedvr2.engine import NO_COLOUR, Engine, Shot
from greenroom.models.seedvr2.frames.framing import Framing
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt, synthetic_transformer
from greenroom.models.seedvr2.planning.way import Way
from greenroom.models.seedvr2.vae.config import VAEConfig
from greenroom.models.seedvr2.vae.vae import VideoVAE
from greenroom.nn.slices import Slices
from machine import machine
from report import report
from seedvr2_files import read_again
from seedvr2_picture import carrying, clip, random_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from greenroom.models.seedvr2.nadit.transformer import NaDiT

_GPU = torch.device("cuda")
_MODEL = "seedvr2-3b"
_SEED = 7
_WAY = Way(Slices(1, 4), Slices(1, 2))
_TOGETHER = 4  # frames whose colours are matched together
_WHITE, _PEAK = 255.0, 2.0
_SHARES = {"random": 1.0, "picture": 0.25}
_SMALL = ("fp8", "q8_0", "q4_k")


class Case:
    """A clip and an autoencoder's weights: what comes out of any transformer and precision."""

    def __init__(self, name: str, size: str) -> None:
        width, height, frames = map(int, size.split("x"))
        self.share = _SHARES[name]
        drawn = random_state(_GPU)
        self.state = carrying(drawn, VAEConfig()) if name == "picture" else drawn
        self.source = clip(frames, height // 2, width // 2)
        self.shot = Shot(frames, Framing.whole(Size(height, width)), Seeded(_SEED), colour=NO_COLOUR)
        frames_of_it = torch.from_numpy(self.source).to(_GPU)
        self.style = torch.cat([self.shot.framing.source(frame, _WHITE) for frame in torch.split(frames_of_it, 1)])

    @torch.inference_mode()
    def restored(self, network: NaDiT, dtype: torch.dtype) -> Tensor:
        """The frames before their colours are brought back: float32 (frames, 3, height, width)."""
        vae = VideoVAE.of({name: tensor.clone() for name, tensor in self.state.items()}, dtype=dtype)
        engine = Engine(network, vae, synthetic_prompt(network.architecture))
        span = 0, len(self.source)

        def read(start: int, stop: int) -> Any:
            return self.source[start:stop]

        latent = engine.encode(read, self.shot, _WAY, span)
        latent = torch.lerp(latent, engine.sample(latent, self.shot, _WAY), self.share)
        made = torch.cat(list(engine.decode(latent, read, self.shot, _WAY, span)))
        return made.permute(0, 3, 1, 2)

    def compared(self, found: Tensor, wanted: Tensor) -> dict[str, Any]:
        """By the method that brings colours back."""
        style = self.style.permute(0, 3, 1, 2)
        result = {NO_COLOUR: bands(found, wanted)}
        for name, method in METHODS.items():
            ours, theirs = (coloured(method, frames, style) for frames in (found, wanted))
            result[name] = bands(ours, theirs)
        return result


def coloured(method: Any, frames: Tensor, style: Tensor) -> Tensor:
    """A few frames at a time, as the engine does it."""
    parts = [
        method(some, own).clamp(-1, 1) for some, own in zip(torch.split(frames, 4), torch.split(style, 4), strict=True)
    ]
    return torch.cat(parts)


def bands(found: Tensor, wanted: Tensor) -> dict[str, float]:
    """Decibels, of the whole, of the low band and of the rest."""
    sums = dict.fromkeys(("all", "low", "high"), 0.0)
    for ours, theirs in zip(torch.split(found, 1), torch.split(wanted, 1), strict=True):
        difference = ours - theirs
        low = difference - wavelet(difference, torch.zeros_like(difference))
        for name, values in (("all", difference), ("low", low), ("high", difference - low)):
            sums[name] += float(values.square().sum())
    decibels = {name: to_decibels(_PEAK**2, total / wanted.numel()) for name, total in sums.items()}
    return {**decibels, "over_spread": to_decibels(float(wanted.var()), sums["all"] / wanted.numel())}


def to_decibels(signal: float, noise: float) -> float:
    """Of squares."""
    return round(10 * math.log10(signal / noise), 1) if noise else math.inf


def free() -> None:
    """Give back what the last networks held."""
    gc.collect()
    torch.cuda.empty_cache()


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", default="1280x720x21")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    torch.cuda.set_device(0)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    architecture = PUBLISHED[_MODEL]
    cases = {name: Case(name, options.size) for name in _SHARES}
    found: dict[str, Any] = {
        "benchmark": "seedvr2 precision",
        "machine": machine("torch", "greenroom"),
        "device": torch.cuda.get_device_name(),
        "size": options.size,
        "cases": {name: {} for name in cases},
    }

    def add(label: str, network: NaDiT, dtype: torch.dtype, beside: Mapping[str, Tensor]) -> dict[str, Tensor]:
        made = {}
        for name, case in cases.items():
            made[name] = case.restored(network, dtype)
            free()
            if beside:
                found["cases"][name][label] = case.compared(made[name], beside[name])
            print(label, name, made[name].std().item(), found["cases"][name].get(label), flush=True)
        return made

    exact = synthetic_transformer(architecture, _GPU, torch.float32, seed=_SEED)
    wanted = add("float32", exact, torch.float32, {})
    half = copy.deepcopy(exact).bfloat16()
    bfloat = add("bfloat16 to float32", half, torch.bfloat16, wanted)
    for kind in _SMALL:
        network = read_again(half, kind, _GPU)
        add(f"{kind} to bfloat16", network, torch.bfloat16, bfloat)
        del network
        free()
    del half
    try:
        add("float16 to float32", exact.half(), torch.float16, wanted)
    except GreenroomError as error:
        found["float16"] = error.message
    report(found, options.output)


if __name__ == "__main__":
    main()
