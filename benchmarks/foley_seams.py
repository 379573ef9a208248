"""Whether a long sound of HunyuanVideo-Foley changes where its windows meet.

    python benchmarks/foley_seams.py [--model hunyuanvideo-foley-xxl] [--seconds 120] [--steps 50] [--tiny]
                                     [--output FILE]

The same features make the sound twice: in windows that are blended in each step, and in windows that are each made
alone and put one behind the other, where seams are to be found if the measure can find any. Of each join it is said
what share of all other places of its length change as much, in latents and in the sound's short spectra
(``foley_sound.shares``): 0.5 in the mean where there is nothing to be found, near 0 where there are seams. Weights are
random. Prints one JSON.
"""

from __future__ import annotations

import statistics
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch

from foley_clip import NEGATIVE, PROMPT, asked, watched
from foley_sound import in_latents, in_sound
from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.engine import Engine, Sampling, Seen
from greenroom.models.foley.mmdit.windows import OVERLAP, windows
from greenroom.models.foley.parts import Sizes
from greenroom.models.foley.parts_synthetic import synthetic_parts, tiny_sizes
from machine import machine
from report import report

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.foley.towers.encoders import Texts


def one_by_one(engine: Engine, seen: Seen, texts: Texts, sampling: Sampling) -> Tensor:
    """Latents of windows that know nothing of each other, each cut in the middle of what it shares."""
    parts: list[Tensor] = []
    found = windows(seen.latents)
    for window in found:
        own = Seen(seen.visual[window.pictures(len(seen.visual))], seen.sync[window.sync], window.length, window.length)
        made = engine.sample(own, texts, sampling)
        half = OVERLAP // 2
        first = 0 if window is found[0] else half
        last = window.length if window is found[-1] else window.length - half
        parts.append(made[:, :, first:last])
    return torch.cat(parts, dim=2)[:, :, : seen.latents]


def found_in(engine: Engine, seen: Seen, latents: Tensor, joins: list[tuple[int, int]]) -> dict[str, Any]:
    """The shares of all joins, which are in latents."""
    hop = seen.samples / seen.latents
    sound = engine.decode(latents, seen)[0].samples[0]
    places = [(round(first * hop), round(last * hop)) for first, last in joins]
    found = {"latents": in_latents(latents[0].cpu().numpy(), joins), "sound": in_sound(sound, places)}
    means = {f"{name}_mean": round(statistics.mean(shares), 3) for name, shares in found.items()}
    return {**found, **means}


def main() -> None:
    """Make the sound both ways, compare, and print one JSON."""
    options = asked(__doc__, seconds=120)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    architecture = PUBLISHED[options.model]
    engine = Engine(synthetic_parts(tiny_sizes(architecture) if options.tiny else Sizes(architecture), device))
    seen, texts = engine.watch(watched(options.seconds)), engine.read(PROMPT, NEGATIVE)
    sampling = Sampling(steps=options.steps)
    found = windows(seen.latents)
    shared = [(later.start, before.stop) for before, later in pairwise(found)]
    cuts = [((first + last) // 2, (first + last) // 2) for first, last in shared]
    made = engine.sample(seen, texts, sampling)
    alone = one_by_one(engine, seen, texts, sampling)
    report(
        {
            "benchmark": "foley seams",
            "machine": machine("torch", "greenroom"),
            "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
            "model": architecture.name,
            "tiny": options.tiny,
            "seconds": options.seconds,
            "steps": options.steps,
            "blended": found_in(engine, seen, made, shared),
            "one by one": found_in(engine, seen, alone, cuts),
        },
        options.output,
    )


if __name__ == "__main__":
    main()
