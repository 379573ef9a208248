"""What half precision and weights in eight bits cost HunyuanVideo-Foley's sound.

    python benchmarks/foley_precision.py [--model hunyuanvideo-foley-xxl] [--seconds 8] [--steps 50] [--tiny]
                                         [--output FILE]

The same random weights of the published size in float32, bfloat16 and fp8: how far velocities are apart
(``mmdit.nearness``), how far latents are at the end of the schedule, and how far sounds are (``foley_sound.apart``).
Prints one JSON.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from foley_clip import NEGATIVE, PROMPT, asked, watched
from foley_sound import apart as sounds_apart
from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.engine import Engine, Sampling
from greenroom.models.foley.mmdit.nearness import apart
from greenroom.models.foley.mmdit.synthetic import synthetic_denoiser, tiny
from greenroom.models.foley.parts import Sizes
from greenroom.models.foley.parts_synthetic import synthetic_parts, tiny_sizes
from machine import machine
from report import report

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from greenroom.models.foley.mmdit.transformer import MMDiT
    from greenroom.models.foley.parts import Parts

_CASES: dict[str, dict[str, Any]] = {
    "bf16": {"dtype": torch.bfloat16, "precision": "bf16"},
    "fp8": {"dtype": torch.bfloat16, "precision": "fp8"},
}


def made(denoiser: MMDiT, beside: Parts, seconds: int, steps: int) -> tuple[Tensor, NDArray[Any]]:
    """The latents and the sound of a clip. beside: with the parts around the denoiser."""
    engine = Engine(replace(beside, denoiser=denoiser))
    seen, texts = engine.watch(watched(seconds)), engine.read(PROMPT, NEGATIVE)
    latents = engine.sample(seen, texts, Sampling(steps=steps))
    return latents.float().cpu(), engine.decode(latents, seen)[0].samples[0]


def relative(one: Tensor, exact: Tensor) -> float:
    """Root mean square of the difference, over that of what is exact."""
    return round(float((one - exact).square().mean().sqrt() / exact.square().mean().sqrt()), 5)


def compared(of: Callable[..., MMDiT], beside: Parts, seconds: int, steps: int) -> dict[str, dict[str, Any]]:
    """Each case with float32."""
    exact = of(torch.float32)
    latents, sound = made(exact, beside, seconds, steps)
    found: dict[str, dict[str, Any]] = {}
    for name, case in _CASES.items():
        network = of(case["dtype"], precision=case["precision"])
        velocity = round(apart(network, exact), 5)
        own, heard = made(network, beside, seconds, steps)
        found[name] = {"velocity": velocity, "latents": relative(own, latents), "sound": sounds_apart(sound, heard)}
        print(name, found[name], flush=True)
    return found


def main() -> None:
    """Compare, and print one JSON."""
    options = asked(__doc__, seconds=8)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    # float32 without its shortcuts.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    architecture = PUBLISHED[options.model]
    sizes = tiny_sizes(architecture) if options.tiny else Sizes(architecture)
    of = partial(synthetic_denoiser, sizes.denoiser, device, drawn=torch.bfloat16)
    beside = synthetic_parts(replace(sizes, denoiser=tiny(sizes.denoiser)), device)  # another denoiser takes its place
    report(
        {
            "benchmark": "foley precision",
            "machine": machine("torch", "transformers", "greenroom"),
            "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
            "model": sizes.denoiser.name,
            "seconds": options.seconds,
            "steps": options.steps,
            "cases": compared(of, beside, options.seconds, options.steps),
        },
        options.output,
    )


if __name__ == "__main__":
    main()
