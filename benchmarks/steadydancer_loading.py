"""How long it takes from SteadyDancer's files in the page cache to a warm network, in a process of its own.

    python benchmarks/steadydancer_loading.py [--precision bf16] [--way widest|parked] [--rounds 2] [--size 832x480]
                                              [--frames 81] [--tiny] [--output FILE]

Writes 46 GB beside the machine's temporary files, and removes them: the denoiser in shards of bfloat16 with their
index, the text encoder, CLIP and the autoencoder as torch saves them, all random, of the published sizes and in their
types. They were just written, so they lie in the page cache where the host has room for them. Each round is a process:
its start and imports, loading, and the first pass of the network, which makes kernels. The tokenizer needs no file.
With --tiny networks are small ones, anywhere. Prints one JSON.
"""

from __future__ import annotations

import growing_memory  # noqa: F401 - acts by being imported, before torch is

# isort: split

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import save_file

from greenroom.models.arrivals import Arrivals
from greenroom.models.borrowed import without_memory
from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.conditions.sizes import Size
from greenroom.models.steadydancer.dancer.checkpoint import load_dancer, without_weights
from greenroom.models.steadydancer.dancer.precision import PRECISIONS, USUAL
from greenroom.models.steadydancer.engine import Engine, Sampling
from greenroom.models.steadydancer.parts import Parts, Sizes
from greenroom.models.steadydancer.parts_synthetic import tiny_sizes
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.towers import clip, umt5
from greenroom.models.steadydancer.towers.synthetic import spelled
from greenroom.models.steadydancer.vae.checkpoint import load_vae
from greenroom.models.steadydancer.vae.vae import WanVae
from greenroom.weights.fitting import shapes_of
from greenroom.weights.synthesise import synthesise_on
from machine import machine
from report import report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

    from greenroom.weights.synthesise import Shape

_MODEL = "steadydancer-14b"
_GIGA = 1e9
_SHARD = 5e9  # bytes
_ON_GPU = torch.cuda.is_available()
_DEVICE = torch.device("cuda:0" if _ON_GPU else "cpu")
_INDEX, _UMT5, _CLIP, _VAE = "diffusion_pytorch_model.safetensors.index.json", "umt5.pth", "clip.pth", "vae.pth"
_PROMPT, _NEGATIVE = "a woman in a red coat dances on a wet street at night", "blurred, distorted"


def drawn(shapes: Mapping[str, Shape], dtype: torch.dtype) -> Iterator[tuple[str, Tensor]]:
    """Random weights on the host, one after another."""
    for name, values in synthesise_on(_DEVICE, shapes, 0, dtype):
        yield name, values.cpu()


def written(folder: Path, sizes: Sizes) -> int:
    """Write all files. Gives their bytes."""
    shards: list[dict[str, Tensor]] = [{}]
    place: dict[str, str] = {}
    for name, values in drawn(shapes_of(without_weights(sizes.denoiser)), torch.bfloat16):
        if sum(own.nbytes for own in shards[-1].values()) > _SHARD:
            save_file(shards[-1], folder / f"shard-{len(shards):03}.safetensors")
            shards[-1].clear()
            shards.append({})
        shards[-1][name] = values
        place[name] = f"shard-{len(shards):03}.safetensors"
    save_file(shards[-1], folder / f"shard-{len(shards):03}.safetensors")
    (folder / _INDEX).write_text(json.dumps({"metadata": {}, "weight_map": place}))
    texts = umt5.names_in_file(without_memory(lambda: umt5.text_encoder(sizes.umt5)))
    torch.save(dict(drawn(texts, torch.bfloat16)), folder / _UMT5)
    pictures = clip.names_in_file(without_memory(lambda: clip.vision_tower(sizes.clip)))
    torch.save(dict(drawn(pictures, torch.float16)), folder / _CLIP)
    with torch.device("meta"):
        shapes = shapes_of(WanVae(sizes.vae))
    torch.save(dict(drawn(shapes, torch.float32)), folder / _VAE)
    return sum(file.stat().st_size for file in folder.iterdir())


def loaded(options: argparse.Namespace, sizes: Sizes) -> dict[str, Any]:
    """What a worker does, part by part, and its first pass."""
    found: dict[str, Any] = {"start_and_imports_s": round(time.monotonic() - options.begun, 2)}
    way = Way(parked=True, resident=0) if options.way == "parked" else Way()
    folder, arrivals = options.load, Arrivals(parked=way.parked)
    if _ON_GPU:
        torch.zeros(1, device=_DEVICE)
    last = [time.monotonic()]

    def said(name: str) -> None:
        if _ON_GPU:
            torch.cuda.synchronize()
        now = time.monotonic()
        found[f"{name}_s"] = round(now - last[0], 2)
        last[0] = now

    texts = umt5.load_umt5(folder / _UMT5, spelled, device=_DEVICE, options=sizes.umt5, resident=way.reading)
    arrivals.take("umt5", texts.table)
    said("umt5")
    pictures = clip.load_clip(folder / _CLIP, device=_DEVICE, options=sizes.clip)
    arrivals.take("clip", pictures.network)
    said("clip")
    vae = load_vae(folder / _VAE, _DEVICE, config=sizes.vae)
    arrivals.take("vae", vae)
    said("vae")
    denoiser = load_dancer(
        folder / _INDEX,
        sizes.denoiser,
        device=_DEVICE,
        precision=options.precision,
        resident=way.resident,
        apart=way.hears_from_host,
    )
    said("denoiser")
    engine = Engine(Parts(denoiser, vae, texts, pictures, arrivals.parkings), way)
    said("engine")
    found["loaded_s"] = round(last[0] - options.begun, 2)
    if _ON_GPU:
        found["loading_allocated_gb"] = round(torch.cuda.max_memory_allocated() / _GIGA, 2)
        found["loading_reserved_gb"] = round(torch.cuda.max_memory_reserved() / _GIGA, 2)
    width, height = map(int, options.size.split("x"))
    size, shape = Size(height, width), (height, width)
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (*shape, 3), np.uint8)
    poses = [*random.integers(0, 256, (options.frames, *shape, 3), np.uint8)]
    given = engine.read(_PROMPT, _NEGATIVE), engine.picture(picture, size, options.frames)
    posed = engine.poses(poses, shape, size)
    said("encoding")
    engine.sample(*given, posed, posed, Sampling(steps=1))
    said("one_step")
    found["warm_s"] = round(time.monotonic() - options.begun, 2)
    return found


def main() -> None:
    """Write files, load them in other processes, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", default=USUAL, choices=PRECISIONS)
    parser.add_argument("--way", default="widest", choices=("widest", "parked"))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--size", default="832x480")
    parser.add_argument("--frames", type=int, default=81)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)  # a round: of which folder, and since when
    parser.add_argument("--begun", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    sizes = tiny_sizes(PUBLISHED[_MODEL]) if options.tiny else Sizes(PUBLISHED[_MODEL])
    if options.load:
        print(json.dumps(loaded(options, sizes)))
        return
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        size = written(Path(folder), sizes)
        wrote = round(time.perf_counter() - began, 1)
        print(f"{size / _GIGA:.1f} GB written in {wrote} s", file=sys.stderr, flush=True)
        if _ON_GPU:
            torch.cuda.empty_cache()
        for _ in range(options.rounds):
            command = [sys.executable, *sys.argv, "--load", folder, "--begun", str(time.monotonic())]
            rounds.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
            print(rounds[-1], file=sys.stderr, flush=True)
    beside = ("output", "load", "begun")
    found = {
        "benchmark": "steadydancer loading",
        "machine": machine("torch", "greenroom"),
        "device": torch.cuda.get_device_name() if _ON_GPU else "cpu",
        "options": {name: str(value) for name, value in vars(options).items() if name not in beside},
        "files_gb": round(size / _GIGA, 2),
        "rounds": rounds,
    }
    report(found, options.output)


if __name__ == "__main__":
    main()
