"""Whether SeedVR2 gives the same frames in another process, and how far another way through it is from that.

    python benchmarks/seedvr2_repeat.py [--size 1280x720x21] [--output FILE]

A clip (``seedvr2_picture``) is restored in processes of their own, in bfloat16, with random weights of the published
size that carry a picture: two go the same way, and a third one has other cuts and parks its weights. Prints one JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.draws import Seeded
from greenroom.models.seedvr2.engine import Engine, Shot
from greenroom.models.seedvr2.frames.framing import Framing
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt, synthetic_transformer
from greenroom.models.seedvr2.nadit.work import Work
from greenroom.models.seedvr2.planning.way import Way
from greenroom.models.seedvr2.vae.config import VAEConfig
from greenroom.models.seedvr2.vae.vae import VideoVAE
from greenroom.nn.slices import Slices
from machine import machine
from report import report
from seedvr2_picture import carrying, clip, random_state

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GPU = torch.device("cuda")
_SEED = 7
_WAYS = {
    "first": Way(Slices(4, 16), Slices(1, 4)),
    "again": Way(Slices(4, 16), Slices(1, 4)),
    "another way": Way(Slices(1, 4), Slices(1, 1), Work(5000), parked=True),
}


def restored(size: str, way: Way) -> NDArray[np.uint8]:
    """The frames of the clip."""
    torch.cuda.set_device(0)
    width, height, frames = map(int, size.split("x"))
    architecture = PUBLISHED["seedvr2-3b"]
    transformer = synthetic_transformer(architecture, _GPU, torch.bfloat16, seed=_SEED)
    vae = VideoVAE.of(carrying(random_state(_GPU), VAEConfig()), dtype=torch.bfloat16)
    engine = Engine(transformer, vae, synthetic_prompt(architecture))
    source = clip(frames, height // 2, width // 2)
    shot = Shot(frames, Framing.whole(Size(height, width)), Seeded(_SEED))
    return np.stack(list(engine.restore(lambda start, stop: source[start:stop], shot, way)))


def main() -> None:
    """Restore in processes, compare, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", default="1280x720x21")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--way", choices=list(_WAYS), help="what a process of its own does")
    parser.add_argument("--frames", type=Path, help="where it leaves its frames")
    options = parser.parse_args()
    if options.way:
        np.save(options.frames, restored(options.size, _WAYS[options.way]))
        return
    made: dict[str, NDArray[np.uint8]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in _WAYS:
            file = Path(folder) / f"{len(made)}.npy"
            own = [sys.executable, __file__, "--size", options.size, "--way", name, "--frames", str(file)]
            subprocess.run(own, check=True)
            made[name] = np.load(file)
    difference = np.abs(made["another way"].astype(int) - made["first"])
    squared = float((difference**2).mean())
    found: dict[str, Any] = {
        "benchmark": "seedvr2 repeat",
        "machine": machine("torch", "greenroom"),
        "device": torch.cuda.get_device_name(),
        "size": options.size,
        "sha256": {name: hashlib.sha256(frames.tobytes()).hexdigest() for name, frames in made.items()},
        "spread": round(float(made["first"].std()), 2),
        "another_way": {
            "largest_of_255": int(difference.max()),
            "equal_share": round(float((difference == 0).mean()), 4),
            "psnr": round(float(10 * np.log10(255**2 / squared)), 1) if squared else None,
        },
    }
    report(found, options.output)


if __name__ == "__main__":
    main()
